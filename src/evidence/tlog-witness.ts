/** C2SP tlog-witness: the body of `add-checkpoint`, and what a witness must check before it cosigns. Pure. */
import { equalBytes, fromBase64, toBase64 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { verifyConsistency } from './merkle.ts';
import { parseCheckpoint, parseNote, verifyNote, type Checkpoint, type NoteKey } from './note.ts';
import type { CryptoPort } from './verify-crypto.ts';

const maxHashes = 63;
export const addCheckpointMaxBytes = 64 * 1024;

const bad = (what: string): MalformedError => new MalformedError('malformed.value', `add-checkpoint: ${what}`);

export interface AddCheckpoint {
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
}

export const formatAddCheckpoint = (a: AddCheckpoint): string => `old ${a.oldSize}\n${a.proof.map((h) => `${toBase64(h)}\n`).join('')}\n${a.checkpoint}`;

/** @throws MalformedError for every text that `formatAddCheckpoint` would not make */
export function parseAddCheckpoint(text: string): AddCheckpoint {
  if (text.length > addCheckpointMaxBytes) throw new MalformedError('malformed.length', 'add-checkpoint: the body is too long');
  const split = text.indexOf('\n\n');
  if (split < 0) throw bad('there is no checkpoint');
  const [first = '', ...lines] = text.slice(0, split).split('\n');
  const oldSize = Number(first.slice(4));
  if (first !== `old ${oldSize}` || !Number.isSafeInteger(oldSize) || oldSize < 0) throw bad('the old size is not a plain number');
  if (lines.length > maxHashes) throw bad('there are too many proof lines');
  const proof = lines.map((l) => fromBase64(l));
  if (proof.some((h) => h.length !== 32)) throw bad('a proof line is not 32 bytes');
  const parsed: AddCheckpoint = { oldSize, proof, checkpoint: text.slice(split + 2) };
  if (formatAddCheckpoint(parsed) !== text) throw bad('it is not in canonical form');
  return parsed;
}

/** The last checkpoint that a witness cosigned for a log. */
export interface WitnessedState {
  readonly size: number;
  readonly root: Uint8Array;
}

/** The answer to a submission, with the status codes of the specification. */
export type WitnessAnswer =
  | { readonly status: 200; readonly noteText: string; readonly checkpoint: Checkpoint }
  | { readonly status: 400 | 403 | 404 | 422; readonly reason: string }
  | { readonly status: 409; readonly size: number; readonly reason: string };

/**
 * Decides on a submission. The caller must make this and the keeping of the new state one atomic step.
 * @param stateOf what was cosigned for a log before; undefined before the first
 */
export async function judgeCheckpoint(text: string, logs: readonly NoteKey[], stateOf: (origin: string) => Promise<WitnessedState | undefined>, crypto: CryptoPort): Promise<WitnessAnswer> {
  let parsed: { a: AddCheckpoint; note: ReturnType<typeof parseNote>; checkpoint: Checkpoint };
  try {
    const a = parseAddCheckpoint(text);
    const note = parseNote(a.checkpoint);
    parsed = { a, note, checkpoint: parseCheckpoint(note.text) };
  } catch (error) {
    if (error instanceof MalformedError) return { status: 400, reason: error.message };
    throw error;
  }
  const { a, note, checkpoint } = parsed;
  const known = logs.filter((l) => l.name === checkpoint.origin);
  if (known.length === 0) return { status: 404, reason: 'this log is not known here' };
  let signed = false;
  for (const log of known) signed ||= await verifyNote(note, log, crypto);
  if (!signed) return { status: 403, reason: 'no known key of this log has signed the checkpoint' };
  if (a.oldSize > checkpoint.size) return { status: 400, reason: 'the old size is larger than the checkpoint' };
  const state = await stateOf(checkpoint.origin);
  const size = state?.size ?? 0;
  if (a.oldSize !== size) return { status: 409, size, reason: `the last checkpoint cosigned here has ${size} entries` };
  const oldRoot = state?.root ?? crypto.sha256(new Uint8Array(0));
  if (a.oldSize === checkpoint.size && !equalBytes(oldRoot, checkpoint.root)) return { status: 409, size, reason: 'the log has two roots for one size' };
  const consistent = verifyConsistency({ oldSize: size, newSize: checkpoint.size, oldRoot, newRoot: checkpoint.root, proof: a.proof }, crypto.sha256);
  if (!consistent) return { status: 422, reason: 'the checkpoint does not continue the one cosigned before' };
  return { status: 200, noteText: note.text, checkpoint };
}
