/** C2SP tlog-proof: an inclusion proof with its signed checkpoint, as one text that verifies offline. Pure. */
import { fromBase64, toBase64 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { verifyInclusion } from './merkle.ts';
import { parseCheckpoint, parseNote, type Checkpoint, type SignedNote } from './note.ts';
import { checkpointTime, type TlogPolicy } from './tlog-policy.ts';
import { webCrypto, type CryptoPort } from './verify-crypto.ts';

const header = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^63 leaves needs no more. */
const maxHashes = 63;
const maxChars = 64 * 1024;

const bad = (what: string): MalformedError => new MalformedError('malformed.value', `tlog-proof: ${what}`);

export interface TlogProof {
  /** Opaque, not authenticated; nothing here goes by it. */
  readonly extra?: Uint8Array;
  readonly index: number;
  /** From the leaf's sibling up. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
}

export function formatTlogProof(p: TlogProof): string {
  const extra = p.extra === undefined ? '' : `extra ${toBase64(p.extra)}\n`;
  return `${header}\n${extra}index ${p.index}\n${p.hashes.map((h) => `${toBase64(h)}\n`).join('')}\n${p.checkpoint}`;
}

/** @throws MalformedError for every text that `formatTlogProof` would not make */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > maxChars) throw new MalformedError('malformed.length', 'tlog-proof is too long');
  const split = text.indexOf('\n\n');
  if (split < 0) throw bad('there is no checkpoint');
  const [first, ...lines] = text.slice(0, split).split('\n');
  if (first !== header) throw bad('it does not begin with its version');
  const extra = lines[0]?.startsWith('extra ') === true ? fromBase64(lines.shift()?.slice(6) ?? '') : undefined;
  const indexLine = lines.shift() ?? '';
  const index = Number(indexLine.slice(6));
  if (indexLine !== `index ${index}` || !Number.isSafeInteger(index) || index < 0) throw bad('its index is not a plain number');
  if (lines.length > maxHashes) throw bad('it has too many hashes');
  const hashes = lines.map((line) => fromBase64(line));
  if (hashes.some((h) => h.length !== 32)) throw bad('one of its hashes is not 32 bytes');
  const proof: TlogProof = { index, hashes, checkpoint: text.slice(split + 2), ...(extra === undefined ? {} : { extra }) };
  if (formatTlogProof(proof) !== text) throw bad('it is not in canonical form');
  return proof;
}

export interface ProvenEntry {
  readonly index: number;
  readonly note: SignedNote;
  readonly checkpoint: Checkpoint;
  /** When the policy's witnesses had seen the checkpoint; undefined where the policy asks for none. */
  readonly timeMs: number | undefined;
}

/**
 * Checks that a leaf is in a log that the policy knows, under a checkpoint with the policy's quorum.
 * @param leaf leaf hash of the entry
 * @throws MalformedError with the reason when the proof does not say so
 */
export async function verifyTlogProof(text: string, leaf: Uint8Array, policy: TlogPolicy, crypto: CryptoPort = webCrypto): Promise<ProvenEntry> {
  const proof = parseTlogProof(text);
  const note = parseNote(proof.checkpoint);
  const checkpoint = parseCheckpoint(note.text);
  const timeMs = await checkpointTime(note, checkpoint.origin, policy, crypto);
  const included = verifyInclusion({ leaf, index: proof.index, size: checkpoint.size, proof: proof.hashes, root: checkpoint.root }, crypto.sha256);
  if (!included) throw bad(`it does not prove this entry to be number ${proof.index} of the ${checkpoint.size} in ${checkpoint.origin}`);
  return { index: proof.index, note, checkpoint, timeMs };
}
