/**
 * Follows a log from one signed checkpoint to the next, reading every entry. What it has seen once it holds against
 * the log for ever: its range over the old entries must go on into the new root. Pure.
 */
import { fromHex, toHex } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import type { Alarm } from './monitor-sessions.ts';
import { CompactRange, leafHash } from './merkle.ts';
import { parseCheckpoint, parseNote } from './note.ts';
import { count, hex32, list, object, text } from './parse.ts';
import { checkpointTime, type TlogPolicy } from './tlog-policy.ts';
import type { CryptoPort } from './verify-crypto.ts';

export interface FollowState {
  readonly origin: string;
  readonly size: number;
  /** Hex, largest subtree first. */
  readonly range: readonly string[];
  /** The last good checkpoint, with its signatures: half of the proof if the log forks. */
  readonly checkpoint: string;
}

/** Where a monitor reads. */
export interface LogSource {
  checkpoint(): Promise<string>;
  /** Entries from `from` up to `to`, in order. */
  entries(from: number, to: number): AsyncIterable<Uint8Array>;
}

export interface Followed {
  readonly alarms: readonly Alarm[];
  /** Where the next look goes on; the old state when the new checkpoint is not to be believed. */
  readonly state: FollowState | undefined;
}

/**
 * Looks at the newest checkpoint and everything that is new under it.
 * @param state of the look before; undefined for the first
 * @param onEntry called for each new entry, in order, before it is known whether the checkpoint holds: undo nothing, but keep no state when an alarm comes back
 */
export async function followLog(source: LogSource, policy: TlogPolicy, state: FollowState | undefined, o: { readonly crypto: CryptoPort; readonly onEntry: (index: number, entry: Uint8Array) => void }): Promise<Followed> {
  const note = await source.checkpoint();
  const alarm = (code: Alarm['code'], message: string): Followed => ({ alarms: [{ code, key: note, message }], state });
  let origin, size, root;
  try {
    const parsed = parseNote(note);
    ({ origin, size, root } = parseCheckpoint(parsed.text));
    await checkpointTime(parsed, origin, policy, o.crypto);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return alarm('log_not_signed', `The checkpoint that the store serves is not good: ${error.message}.`);
  }
  if (state !== undefined && state.origin !== origin) return alarm('log_forked', `The log calls itself ${origin} now; it was ${state.origin} before.`);
  if (state !== undefined && size < state.size) return alarm('log_went_back', `The log has ${size} entries now; it had signed ${state.size} before.`);
  const range = new CompactRange(o.crypto.sha256, state?.size ?? 0, (state?.range ?? []).map(fromHex));
  try {
    for await (const entry of source.entries(range.size, size)) {
      o.onEntry(range.size, entry);
      range.append(leafHash(entry, o.crypto.sha256));
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return alarm('log_unreadable', `The log's entries cannot be read: ${error.message}.`);
  }
  if (range.size !== size) return alarm('log_unreadable', `The log has signed ${size} entries and serves ${range.size}.`);
  if (toHex(range.root()) !== toHex(root)) {
    const what = state === undefined || state.size === 0 ? 'The entries that the log serves are not those that it has signed.' : `The log of ${size} entries does not continue the one of ${state.size} entries that it signed before: its history was rewritten, or it serves other entries than it signed.`;
    return alarm('log_forked', `${what} Both checkpoints are kept; together they prove it.`);
  }
  return { alarms: [], state: { origin, size, range: range.hashes.map(toHex), checkpoint: note } };
}

/** @throws MalformedError */
export function parseFollowState(value: unknown): FollowState {
  const o = object(value, 'log', ['origin', 'size', 'range', 'checkpoint']);
  return { origin: text(o['origin'], 'log.origin', 255), size: count(o['size'], 'log.size'), range: list(o['range'], 'log.range', (v, w) => hex32(v, w), 64), checkpoint: text(o['checkpoint'], 'log.checkpoint', 64 * 1024) };
}
