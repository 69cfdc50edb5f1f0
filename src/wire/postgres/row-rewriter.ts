/**
 * Rows of one result with some cells replaced. New rows are written one behind the other into blocks of memory, so that
 * a long result costs neither an object per cell nor an allocation per row.
 */
import { MalformedError } from '../../base/errors.ts';
import { backendType, HEADER_BYTES } from './protocol.ts';

/** The new bytes of the cell at `source[start, end)`; null makes it NULL, undefined leaves it. */
export type CellMask = (index: number, source: Buffer, start: number, end: number) => Uint8Array | null | undefined;

const BLOCK_BYTES = 64 * 1024;
/** Copied one by one: calling a copy costs more. */
const FEW_BYTES = 96;

export class RowRewriter {
  readonly #watched: Uint8Array;
  readonly #mask: CellMask;
  #block = Buffer.alloc(0);
  /** End of what has been written and handed out: never written again. */
  #used = 0;
  #at = 0;
  #rowStart = 0;
  /** Where the last rewritten row lies. Stays valid as long as it is referred to. */
  bytes: Buffer = this.#block;
  start = 0;
  end = 0;

  /** @param watched one byte for each column of the result, 1 where `mask` is asked about cells that are not NULL */
  constructor(watched: Uint8Array, mask: CellMask) {
    this.#watched = watched;
    this.#mask = mask;
  }

  /**
   * Checks one DataRow, `source[start, end)` with its header, to the last byte, and replaces what `mask` says.
   * @returns false when nothing was replaced: the row may go on as it is
   * @throws MalformedError for lengths that the row does not hold, and for another number of cells than described
   */
  rewrite(source: Buffer, start: number, end: number): boolean {
    const watched = this.#watched;
    let at = start + HEADER_BYTES + 2;
    if (at > end) throw new MalformedError('malformed.truncated', 'row without a column count', HEADER_BYTES);
    const n = ((source[at - 2] ?? 0) << 8) | (source[at - 1] ?? 0);
    if (n !== watched.length) throw new MalformedError('malformed.value', `a row of ${n} cells in a result of ${watched.length} columns`, HEADER_BYTES);
    let copied = start;
    let changed = false;
    for (let i = 0; i < n; i++) {
      if (end - at < 4) throw truncated(i, at - start);
      const length = ((source[at] ?? 0) << 24) | ((source[at + 1] ?? 0) << 16) | ((source[at + 2] ?? 0) << 8) | (source[at + 3] ?? 0);
      at += 4;
      if (length < 0) {
        if (length !== -1) throw new MalformedError('malformed.length', `cell ${i} has length ${length}`, at - 4 - start);
        continue;
      }
      if (length > end - at) throw truncated(i, at - start);
      if (watched[i] === 1) {
        const cell = this.#mask(i, source, at, at + length);
        if (cell !== undefined) {
          if (!changed) this.#begin();
          changed = true;
          // Cells that stay are copied in runs, lengths included.
          this.#copy(source, copied, at - 4);
          this.#cell(cell);
          copied = at + length;
        }
      }
      at += length;
    }
    if (at !== end) throw new MalformedError('malformed.trailing', `${end - at} bytes after the last cell`, at - start);
    if (!changed) return false;
    this.#copy(source, copied, end);
    this.#finish();
    return true;
  }

  #begin(): void {
    this.#rowStart = this.#used;
    this.#at = this.#used;
  }

  /** Room for so many more bytes of the row that is being written. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#block.length) return;
    const written = this.#at - this.#rowStart;
    const block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, 2 * (written + bytes)));
    this.#block.copy(block, 0, this.#rowStart, this.#at);
    this.#block = block;
    this.#used = 0;
    this.#rowStart = 0;
    this.#at = written;
  }

  #copy(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    const block = this.#block;
    let at = this.#at;
    if (to - from > FEW_BYTES) {
      block.set(source.subarray(from, to), at);
      at += to - from;
    } else for (let i = from; i < to; i++) block[at++] = source[i] ?? 0;
    this.#at = at;
  }

  #cell(cell: Uint8Array | null): void {
    this.#reserve(4);
    this.#at = this.#block.writeInt32BE(cell === null ? -1 : cell.length, this.#at);
    if (cell !== null) this.#copy(cell, 0, cell.length);
  }

  #finish(): void {
    this.#block[this.#rowStart] = backendType.DataRow;
    this.#block.writeInt32BE(this.#at - this.#rowStart - 1, this.#rowStart + 1);
    this.#used = this.#at;
    this.bytes = this.#block;
    this.start = this.#rowStart;
    this.end = this.#at;
  }
}

const truncated = (cell: number, offset: number): MalformedError => new MalformedError('malformed.truncated', `cell ${cell} goes beyond the end of the row`, offset);
