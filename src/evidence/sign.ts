/** Signing, for Node only: keys, DSSE statements, notes, cosignatures. Nothing that verifies may import this file. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { utf8 } from '../base/encoding.ts';
import { canonicalJson, type Json } from '../base/jcs.ts';
import { assert } from '../base/errors.ts';
import type { ApprovalDecision } from './approval.ts';
import { formatEnvelope, pae, payloadType, type StatementKind } from './dsse.ts';
import { nodeSha256, nodeSha256Hex } from './node-crypto.ts';
import { cosignatureMessage, formatCheckpoint, formatNote, formatSignatureLine, isNoteName, noteKeyId, noteKeyTypes, type Checkpoint } from './note.ts';
import type { ReceiptStatement, RedactionStatement } from './statements.ts';
import type { Signer } from './types.ts';

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Raw 32-byte public key of an Ed25519 key object. */
function rawEd25519(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32));
}

/** A signer over a raw 32-byte seed (RFC 8032) or a private Ed25519 key object. */
export function ed25519Signer(secret: Uint8Array | KeyObject): Signer {
  const key = secret instanceof Uint8Array ? privateFromSeed(secret) : secret;
  assert(key.type === 'private' && key.asymmetricKeyType === 'ed25519', 'an Ed25519 private key is needed');
  const publicKey = rawEd25519(key);
  return { keyId: nodeSha256Hex(publicKey), alg: 'Ed25519', publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) };
}

function privateFromSeed(seed: Uint8Array): KeyObject {
  assert(seed.length === 32, 'an Ed25519 seed has 32 bytes');
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
}

/** A signer over a private P-256 key. Signatures are the 64 bytes r || s. */
export function es256Signer(key: KeyObject): Signer {
  assert(key.type === 'private' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1', 'a P-256 private key is needed');
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }));
  return {
    keyId: nodeSha256Hex(publicKey),
    alg: 'ES256',
    publicKey,
    sign: (message) => new Uint8Array(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })),
  };
}

/** A new Ed25519 seed. The caller keeps it in a keychain or erases it. */
export const generateSeed = (): Uint8Array => new Uint8Array(randomBytes(32));

/** A new P-256 private key as PKCS#8 PEM. */
export const generateP256Pem = (): string => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

/** The DSSE envelope's text for payload bytes, signed by each of `signers`. */
export function signPayload(kind: StatementKind, payload: Uint8Array, signers: readonly Signer[]): string {
  assert(signers.length > 0, 'a statement needs a signer');
  const message = pae(payloadType(kind), payload);
  return formatEnvelope({ kind, payload, signatures: signers.map((s) => ({ keyId: s.keyId, signature: s.sign(message) })) });
}

/** The DSSE envelope's text for a statement. The payload is its canonical JSON. */
export function signStatement(kind: StatementKind, statement: Json, signer: Signer | readonly Signer[]): string {
  return signPayload(kind, utf8(canonicalJson(statement)), 'sign' in signer ? [signer] : signer);
}

/** The approver's signed answer to one request. */
export const signDecision = (decision: ApprovalDecision, signer: Signer): string => signStatement('approval-decision', { ...decision, approver: { ...decision.approver } }, signer);

/** The store's receipt for one chunk or for the end of a recording. */
export const signReceipt = (receipt: ReceiptStatement, signer: Signer): string => signStatement('receipt', { ...receipt }, signer);

/** A redaction statement by all who agreed to it. */
export const signRedaction = (redaction: RedactionStatement, signers: readonly Signer[]): string =>
  signStatement('redaction', { ...redaction, items: redaction.items.map((i) => ({ ...i })) }, signers);

/** A checkpoint signed by the log's own key; the key's name is the origin. */
export function signCheckpoint(checkpoint: Checkpoint, signer: Signer): string {
  assert(signer.alg === 'Ed25519' && isNoteName(checkpoint.origin), 'checkpoints are signed by an Ed25519 key under a log name');
  const text = formatCheckpoint(checkpoint);
  const keyId = noteKeyId(checkpoint.origin, noteKeyTypes.ed25519, signer.publicKey, nodeSha256);
  return formatNote({ text, signatures: [{ name: checkpoint.origin, keyId, signature: signer.sign(utf8(text)) }] });
}

/**
 * A witness's cosignature line (with its line feed) over a note's text.
 * @param noteText the note without signatures, ending with a line feed
 */
export function cosign(noteText: string, witness: { readonly name: string; readonly signer: Signer }, nowMs: number): string {
  assert(witness.signer.alg === 'Ed25519' && isNoteName(witness.name), 'a witness has an Ed25519 key and a name');
  const timeSec = Math.floor(nowMs / 1000);
  const stamped = new Uint8Array(72);
  new DataView(stamped.buffer).setBigUint64(0, BigInt(timeSec));
  stamped.set(witness.signer.sign(cosignatureMessage(noteText, timeSec)), 8);
  return formatSignatureLine({ name: witness.name, keyId: noteKeyId(witness.name, noteKeyTypes.cosignature, witness.signer.publicKey, nodeSha256), signature: stamped });
}
