/**
 * Reads records with their content put back in place: for show, replay, search and simulation. It proves nothing:
 * verify first where proof matters. Pure.
 */
import { fromUtf8 } from '../base/encoding.ts';
import { fastHex as toHex } from './hex.ts';
import { MalformedError } from '../base/errors.ts';
import type { Json } from '../base/jcs.ts';
import { LineSplitter } from './log-lines.ts';
import { pureSha256, type Sha256 } from './merkle.ts';
import { parseCheckpoint, parseNote } from './note.ts';
import { parseCheckpointLine, parseDisclosure, parseRecord, type ClearValue } from './record.ts';

export interface ReadRecord {
  readonly n: number;
  readonly kind: string;
  /** Milliseconds since the epoch, by the device's clock. */
  readonly t: number;
  /** Nanoseconds since the session opened. */
  readonly m: number;
  readonly channel: number;
  readonly clear: Readonly<Record<string, ClearValue>>;
  readonly fields: Readonly<Record<string, Json>>;
  /** Names of fields whose content is gone. */
  readonly removed: readonly string[];
  /** Of log.ndjson, from 1. */
  readonly line: number;
}

export interface ReadCheckpoint {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

export type ReadItem = { readonly type: 'record'; readonly record: ReadRecord } | { readonly type: 'checkpoint'; readonly checkpoint: ReadCheckpoint };

/**
 * Yields records and checkpoints in order. Content is shown only where its digest is the one in the header.
 * @throws MalformedError at the first line that cannot be read; a torn last line ends the reading in silence
 */
export async function* readItems(log: AsyncIterable<Uint8Array>, sha256: Sha256 = pureSha256): AsyncGenerator<ReadItem> {
  const splitter = new LineSplitter();
  let pending = new Map<string, { value: Json; n: number }>();
  let number = 0;
  for await (const block of log) {
    for (const line of splitter.push(block)) {
      number++;
      const body = line.subarray(1);
      const text = fromUtf8(body);
      if (line[0] === 0x44) {
        const d = parseDisclosure(text);
        pending.set(toHex(sha256(body)), { value: d.value, n: d.n });
      } else if (line[0] === 0x43) {
        const checkpoint = parseCheckpoint(parseNote(parseCheckpointLine(text)).text);
        yield { type: 'checkpoint', checkpoint: { size: checkpoint.size, root: toHex(checkpoint.root) } };
      } else if (line[0] === 0x52) {
        yield { type: 'record', record: resolve(text, pending, number) };
        pending = new Map();
      } else throw new MalformedError('malformed.unknown_type', `line ${number} is none of D, R and C`);
    }
  }
}

/** As `readItems`, records only. */
export async function* readRecords(log: AsyncIterable<Uint8Array>, sha256: Sha256 = pureSha256): AsyncGenerator<ReadRecord> {
  for await (const item of readItems(log, sha256)) if (item.type === 'record') yield item.record;
}

function resolve(text: string, pending: ReadonlyMap<string, { value: Json; n: number }>, line: number): ReadRecord {
  const { n, k, t, m, ch, clear, d } = parseRecord(text);
  const fields: Record<string, Json> = {};
  const removed: string[] = [];
  for (const [field, digest] of d) {
    const found = pending.get(digest);
    if (found?.n === n) fields[field] = found.value;
    else removed.push(field);
  }
  return { n, kind: k, t, m, channel: ch, clear, fields, removed, line };
}
