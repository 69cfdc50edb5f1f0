/** Taking content out of a recording's chunk: only the D lines go, everything that is signed stays (docs/formats/recording.md section 3). Pure. */
import { concatBytes, fromUtf8 } from '../base/encoding.ts';
import { LineSplitter } from './log-lines.ts';
import { parseDisclosure, parseRecord } from './record.ts';
import type { Sha256 } from './merkle.ts';
import type { RedactedItem } from './statements.ts';
import { fastHex } from './hex.ts';

/** A record's content by name, or all contents of the record. */
export interface Wanted {
  readonly n: number;
  readonly field?: string | undefined;
}

const LF = Uint8Array.of(0x0a);

/** What the headers of a chunk name for these wishes, as a redaction statement lists it. @throws MalformedError for a damaged chunk */
export function locateContents(chunk: Uint8Array, wanted: readonly Wanted[]): RedactedItem[] {
  const items: RedactedItem[] = [];
  for (const line of new LineSplitter().push(chunk)) {
    if (line[0] !== 0x52) continue;
    const header = parseRecord(fromUtf8(line.subarray(1)));
    const wishes = wanted.filter((w) => w.n === header.n);
    for (const [field, digest, len] of header.d) if (wishes.some((w) => w.field === undefined || w.field === field)) items.push({ n: header.n, field, digest, len });
  }
  return items;
}

/**
 * The chunk without these contents.
 * @returns undefined when none of them is in it
 */
export function withoutContents(chunk: Uint8Array, items: readonly RedactedItem[], sha256: Sha256): Uint8Array | undefined {
  const gone = new Set(items.map((i) => `${i.n} ${i.field} ${i.digest}`));
  const kept: Uint8Array[] = [];
  let removed = 0;
  for (const line of new LineSplitter().push(chunk)) {
    if (line[0] === 0x44) {
      const body = line.subarray(1);
      const d = parseDisclosure(fromUtf8(body));
      if (gone.has(`${d.n} ${d.field} ${fastHex(sha256(body))}`)) {
        removed++;
        continue;
      }
    }
    kept.push(line, LF);
  }
  return removed === 0 ? undefined : concatBytes(kept);
}
