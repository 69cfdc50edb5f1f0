/** C2SP signed-note, tlog-checkpoint and tlog-cosignature: text forms and verification. Signing is in sign.ts. */
import { concatBytes, equalBytes, fromBase64, toBase64, toHex, utf8 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { pureSha256, type Sha256 } from './merkle.ts';
import { webCrypto, type CryptoPort } from './verify-crypto.ts';
import type { PublicKeyRef } from './types.ts';

export interface Checkpoint {
  /** Schema-less URL naming the log: `<store>/<device>/<session>`. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** Ends with a line feed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Signature types of C2SP signed-note that are used here. */
export const noteKeyTypes = { ed25519: 1, cosignature: 4 } as const;

const noteMaxChars = 16 * 1024;
const maxSignatures = 16;

const bad = (what: string): MalformedError => new MalformedError('malformed.value', what);

/** Key names are not empty and hold neither Unicode spaces nor plus. */
export const isNoteName = (name: string): boolean => name.length > 0 && name.length <= 255 && !/[\s+\p{Cc}\p{Surrogate}]/u.test(name);

/** The first 4 bytes of SHA-256(name || LF || type || public key). */
export function noteKeyId(name: string, type: number, publicKey: Uint8Array, sha256: Sha256 = pureSha256): Uint8Array {
  return sha256(concatBytes([utf8(name), Uint8Array.of(0x0a, type), publicKey])).slice(0, 4);
}

export function formatCheckpoint(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;
}

/** @throws MalformedError unless the text is exactly origin, size and root (no extension lines). */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, sizeText, rootText, rest, ...more] = text.split('\n');
  if (origin === undefined || sizeText === undefined || rootText === undefined || rest !== '' || more.length > 0) throw bad('a checkpoint is three lines');
  if (!isNoteName(origin)) throw bad('checkpoint origin is not a log name');
  const size = Number(sizeText);
  if (!Number.isSafeInteger(size) || size < 0 || String(size) !== sizeText) throw bad('checkpoint size is not a plain number');
  const root = fromBase64(rootText);
  if (root.length !== 32) throw bad('checkpoint root is not 32 bytes');
  return { origin, size, root };
}

export function formatNote(note: SignedNote): string {
  const lines = note.signatures.map((s) => formatSignatureLine(s));
  return `${note.text}\n${lines.join('')}`;
}

/** `\u2014 <name> base64(key id || signature)` and a line feed. */
export const formatSignatureLine = (s: NoteSignature): string => `\u2014 ${s.name} ${toBase64(concatBytes([s.keyId, s.signature]))}\n`;

/** @throws MalformedError for anything that is not a well-formed signed note. */
export function parseNote(text: string): SignedNote {
  if (text.length > noteMaxChars) throw new MalformedError('malformed.length', 'signed note is too long');
  for (const c of text) if (c < ' ' && c !== '\n') throw bad('signed note holds a control character');
  const split = text.lastIndexOf('\n\n');
  if (split < 0 || !text.endsWith('\n')) throw bad('signed note has no signature block');
  const lines = text.slice(split + 2, -1).split('\n');
  if (lines.length > maxSignatures) throw bad('signed note has too many signatures');
  return { text: text.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

/** One signature line without its line feed. */
export function parseSignatureLine(line: string): NoteSignature {
  const [dash, name, encoded, ...rest] = line.split(' ');
  if (dash !== '\u2014' || name === undefined || encoded === undefined || rest.length > 0 || !isNoteName(name)) throw bad('not a note signature line');
  const bytes = fromBase64(encoded);
  if (bytes.length < 5) throw bad('note signature is too short');
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** What a witness signs: a timestamped header before the note's text (C2SP tlog-cosignature). */
export const cosignatureMessage = (noteText: string, timeSec: number): Uint8Array => utf8(`cosignature/v1\ntime ${timeSec}\n${noteText}`);

export interface NoteKey {
  readonly name: string;
  /** Raw 32 bytes, Ed25519. */
  readonly publicKey: Uint8Array;
}

/** A verifier key (C2SP signed-note, "Verifier keys"): `<name>+<key id in hex>+<base64 of type byte and key>`. */
export const formatVkey = (key: NoteKey, type: number, sha256: Sha256 = pureSha256): string =>
  `${key.name}+${toHex(noteKeyId(key.name, type, key.publicKey, sha256))}+${toBase64(concatBytes([Uint8Array.of(type), key.publicKey]))}`;

/** @throws MalformedError for another type than `type`, a wrong key id, or anything that is not a verifier key. */
export function parseVkey(text: string, type: number): NoteKey {
  const [name = '', id = '', ...rest] = text.split('+');
  const bytes = fromBase64(rest.join('+'));
  if (!isNoteName(name) || bytes.length !== 33) throw bad('not a verifier key: it is `name+id+key` with an Ed25519 key');
  if (bytes[0] !== type) throw bad(`the verifier key of ${name} has type ${bytes[0]}, not ${type}`);
  const key = { name, publicKey: bytes.slice(1) };
  if (toHex(noteKeyId(name, type, key.publicKey)) !== id) throw bad(`the verifier key of ${name} does not have its own id`);
  return key;
}

const asRef = (key: NoteKey): PublicKeyRef => ({ keyId: key.name, alg: 'Ed25519', publicKey: key.publicKey });

/** True when the note has exactly one line of this name and key id, and its signature is good. */
export async function verifyNote(note: SignedNote, key: NoteKey, crypto: CryptoPort = webCrypto): Promise<boolean> {
  const line = theLine(note, key, noteKeyTypes.ed25519, crypto);
  return line !== undefined && line.signature.length === 64 && crypto.verify(asRef(key), utf8(note.text), line.signature);
}

export type CosignatureResult = { readonly state: 'absent' } | { readonly state: 'bad' } | { readonly state: 'good'; readonly timeMs: number };

/** Looks for this witness's cosignature. `bad` means a line claims to be the witness's and is not. */
export async function verifyCosignature(note: SignedNote, witness: NoteKey, crypto: CryptoPort = webCrypto): Promise<CosignatureResult> {
  const id = noteKeyId(witness.name, noteKeyTypes.cosignature, witness.publicKey, crypto.sha256);
  const lines = note.signatures.filter((s) => s.name === witness.name && equalBytes(s.keyId, id));
  const line = lines[0];
  if (line === undefined) return { state: 'absent' };
  if (lines.length > 1 || line.signature.length !== 72) return { state: 'bad' };
  const timeSec = Number(new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0));
  if (!Number.isSafeInteger(timeSec * 1000)) return { state: 'bad' };
  const good = await crypto.verify(asRef(witness), cosignatureMessage(note.text, timeSec), line.signature.slice(8));
  return good ? { state: 'good', timeMs: timeSec * 1000 } : { state: 'bad' };
}

function theLine(note: SignedNote, key: NoteKey, type: number, crypto: CryptoPort): NoteSignature | undefined {
  const id = noteKeyId(key.name, type, key.publicKey, crypto.sha256);
  const lines = note.signatures.filter((s) => s.name === key.name && equalBytes(s.keyId, id));
  return lines.length === 1 ? lines[0] : undefined;
}
