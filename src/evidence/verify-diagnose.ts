/**
 * Names what happened to a log at the first line that does not fit. Detection needs one line; blame needs a look
 * ahead: the next record says whether the offender itself or the one before it was changed, and the next checkpoint
 * says whose session the lines are from.
 */
import { equalBytes } from '../base/encoding.ts';
import type { CompactRange } from './merkle.ts';
import type { Checkpoint } from './note.ts';
import type { RecordHeader } from './record.ts';
import type { Finding } from './verify-findings.ts';

/** The state of the log before the offending line, and the offender. */
export interface Suspicion {
  /** `record`: number or link does not fit. `root`: a signed checkpoint has another root. */
  readonly kind: 'record' | 'root';
  readonly line: number;
  /** Records that fitted so far. */
  readonly size: number;
  /** Size of the last good checkpoint. */
  readonly checkpointSize: number;
  /** Leaf hash of record size-1 (or the open's digest), hex. */
  readonly prev: string;
  readonly origin: string;
  /** The range before record size-1, for blaming it through the next checkpoint. */
  readonly rangeBefore: CompactRange | undefined;
  /** For `record`: the offender, its leaf, and whether the same leaf stands at its number already. */
  readonly offender?: { readonly record: RecordHeader; readonly leaf: Uint8Array; readonly repeats: boolean };
}

/** What follows the offending line, up to the next checkpoint. */
export interface LookAhead {
  readonly next?: { readonly record: RecordHeader; readonly leafHex: string };
  readonly checkpoint?: Checkpoint;
}

export function diagnose(s: Suspicion, ahead: LookAhead, hex: (bytes: Uint8Array) => string, unhex: (text: string) => Uint8Array): Finding {
  if (s.kind === 'root') return blameRoot(s, ahead);
  const { record, leaf, repeats } = s.offender ?? {};
  if (record === undefined || leaf === undefined) return { code: 'malformed', n: s.size, line: s.line, reason: 'a line does not fit' };
  const at = { line: s.line };
  if (ahead.checkpoint !== undefined && ahead.checkpoint.origin !== s.origin) {
    return { ...at, code: 'other_session', n: s.size, reason: `from record ${s.size} on the lines belong to ${ahead.checkpoint.origin}` };
  }
  if (record.n !== s.size) return blameNumber(s, record, repeats === true, ahead);
  if (s.size === 0) return { ...at, code: 'other_session', n: 0, reason: 'the first record does not belong to this open statement' };
  const previous: Finding = { ...at, code: 'altered', n: s.size - 1, reason: `record ${s.size - 1} is not the one that record ${s.size} was chained to` };
  const itself: Finding = { ...at, code: 'altered', n: s.size, reason: `record ${s.size} is not chained to the record before it` };
  // What a checkpoint covers has been proved already.
  if (s.size - 1 < s.checkpointSize) return itself;
  if (ahead.next?.record.n === s.size + 1) return ahead.next.record.p === hex(leaf) ? previous : itself;
  if (ahead.checkpoint?.size === s.size + 1 && s.rangeBefore !== undefined) {
    const range = s.rangeBefore.clone();
    range.append(unhex(record.p));
    range.append(leaf);
    return equalBytes(range.root(), ahead.checkpoint.root) ? previous : itself;
  }
  return previous;
}

function blameNumber(s: Suspicion, record: RecordHeader, repeats: boolean, ahead: LookAhead): Finding {
  const at = { line: s.line };
  if (repeats) return { ...at, code: 'duplicated', n: record.n, reason: `record ${record.n} appears twice` };
  if (record.p === s.prev) return { ...at, code: 'altered', n: s.size, reason: `record ${s.size} carries the number ${record.n}` };
  if (record.n < s.size) return { ...at, code: 'altered', n: s.size, reason: `a record numbered ${record.n} stands where record ${s.size} belongs` };
  if (ahead.next?.record.n === s.size) return { ...at, code: 'swapped', n: s.size, reason: `record ${record.n} stands before record ${s.size}` };
  const missing = record.n === s.size + 1 ? `record ${s.size} is` : `records ${s.size} to ${record.n - 1} are`;
  return { ...at, code: 'dropped', n: s.size, reason: `${missing} missing` };
}

function blameRoot(s: Suspicion, ahead: LookAhead): Finding {
  const at = { line: s.line };
  const last = s.size - 1;
  if (ahead.next !== undefined && ahead.next.record.p === s.prev && s.checkpointSize < last) {
    return { ...at, code: 'altered', n: s.checkpointSize, reason: `records ${s.checkpointSize} to ${last} are not those that the checkpoint signed` };
  }
  return { ...at, code: 'altered', n: last, reason: `record ${last} is not the one that the checkpoint signed` };
}
