/**
 * DataRow, the message that results are made of, without an object per row or cell.
 *
 *     Int16 n | n * (Int32 length or -1 for NULL | bytes)
 */
import { MalformedError } from '../../base/errors.ts';
import { HEADER_BYTES, backendType } from './protocol.ts';
import { frame, writeValue } from './writer.ts';

/** `start` counts from the first byte of the body; `length` is -1 for NULL. */
export type CellVisitor = (index: number, start: number, length: number) => void;

/**
 * Visits the cells of a row in order and returns their number.
 * @throws MalformedError for lengths and counts that the body does not hold; cells before the fault have been visited.
 */
export function forEachCell(body: Buffer, visit: CellVisitor): number {
  return walk(body, 0, body.length, visit);
}

/** Checks a row that is to be forwarded as it is, and returns the number of its cells. @throws MalformedError */
export function checkDataRow(body: Buffer): number {
  return checkDataRowIn(body, 0, body.length);
}

/** As `forEachCell`, for a body that lies at `start` to `end` of a larger buffer, such as `scan` gives; cells count from 0 of `source`. */
export function forEachCellIn(source: Buffer, start: number, end: number, visit: CellVisitor): number {
  return walk(source, start, end, visit);
}

/**
 * As `checkDataRow`, for a body that lies at `start` to `end` of a larger buffer: the path of rows that nobody touches,
 * 40 ns for five cells.
 */
export function checkDataRowIn(source: Buffer, start: number, end: number): number {
  let at = start + 2;
  if (at > end) throw new MalformedError('malformed.truncated', 'row without a column count', HEADER_BYTES);
  const n = ((source[start] ?? 0) << 8) | (source[start + 1] ?? 0);
  for (let i = 0; i < n; i++) {
    if (end - at < 4) throw truncated(i, at - start);
    const length = ((source[at] ?? 0) << 24) | ((source[at + 1] ?? 0) << 16) | ((source[at + 2] ?? 0) << 8) | (source[at + 3] ?? 0);
    at += 4;
    if (length > 0) {
      if (length > end - at) throw truncated(i, at - start);
      at += length;
    } else if (length < -1) throw new MalformedError('malformed.length', `cell ${i} has length ${length}`, HEADER_BYTES + at - 4 - start);
  }
  if (at !== end) throw new MalformedError('malformed.trailing', `${end - at} bytes after the last cell`, HEADER_BYTES + at - start);
  return n;
}

function walk(source: Buffer, from: number, end: number, visit: CellVisitor): number {
  if (end - from < 2) throw new MalformedError('malformed.truncated', 'row without a column count', HEADER_BYTES);
  const n = source.readUInt16BE(from);
  let at = from + 2;
  for (let i = 0; i < n; i++) {
    if (end - at < 4) throw truncated(i, at - from);
    const length = source.readInt32BE(at);
    at += 4;
    if (length < 0) {
      if (length !== -1) throw new MalformedError('malformed.length', `cell ${i} has length ${length}`, HEADER_BYTES + at - 4 - from);
    } else if (length > end - at) {
      throw truncated(i, at - from);
    }
    visit(i, at, length);
    if (length > 0) at += length;
  }
  if (at !== end) throw new MalformedError('malformed.trailing', `${end - at} bytes after the last cell`, HEADER_BYTES + at - from);
  return n;
}

const truncated = (cell: number, offset: number): MalformedError =>
  new MalformedError('malformed.truncated', `cell ${cell} goes beyond the end of the row`, HEADER_BYTES + offset);

/** The cells as views. @throws MalformedError */
export function decodeDataRow(body: Buffer): (Buffer | null)[] {
  const cells: (Buffer | null)[] = [];
  forEachCell(body, (_, start, length) => {
    cells.push(length < 0 ? null : body.subarray(start, start + length));
  });
  return cells;
}

/** Null is SQL NULL. */
export const encodeDataRow = (cells: readonly (Uint8Array | null)[]): Buffer =>
  frame(backendType.DataRow, (w) => {
    w.u16(cells.length);
    for (const cell of cells) writeValue(w, cell);
  });
