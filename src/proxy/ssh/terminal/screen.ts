/**
 * What a client's terminal shows, from the bytes that it was sent: xterm.js without a window. The library parses later by
 * itself; the moment matters here, so its synchronous entry is used, which is not in its public interface (6.0.0 is
 * pinned, `screen.test.ts` holds it).
 */
import headless from '@xterm/headless';
import type { IBuffer, IBufferCell, IBufferLine, Terminal } from '@xterm/headless';
import { BugError } from '../../../base/errors.ts';
import { widths } from './widths.ts';

/** Rows above the screen that are remembered, so that a long command line can be read whole. */
const SCROLLBACK_ROWS = 200;
const MAX_COLS = 1000;
const MAX_ROWS = 500;
/** Bytes that may wait to be parsed. */
const WAITING_BYTES = 256 * 1024;

/** Text over several rows that belong together. */
export interface ScreenText {
  readonly text: string;
  /** For each UTF-16 unit: column and row (counted from the top of what is remembered) of its cell. */
  readonly cells: readonly { readonly x: number; readonly y: number; readonly width: number; readonly dim: boolean }[];
}

interface Core {
  writeSync(data: Uint8Array): void;
  /** The active one. */
  readonly buffer: { readonly scrollTop: number; readonly scrollBottom: number };
}

export class Screen {
  readonly #terminal: Terminal;
  readonly #core: Core;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #alternate = false;

  /** Sizes of 0 are sizes that are not known: 80 by 24. */
  constructor(cols: number, rows: number) {
    this.#terminal = new headless.Terminal({ ...sizes(cols, rows), allowProposedApi: true, scrollback: SCROLLBACK_ROWS, logLevel: 'off' });
    this.#terminal.unicode.register(widths);
    this.#terminal.unicode.activeVersion = widths.version;
    this.#core = coreOf(this.#terminal);
  }

  get cols(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  feed(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > WAITING_BYTES) this.sync();
  }

  /** Takes in what was fed. Everything below answers for that. */
  sync(): void {
    if (this.#waitingBytes === 0) return;
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#core.writeSync(lastRows(bytes, this.rows));
    this.#alternate = this.#terminal.buffer.active.type === 'alternate';
  }

  resize(cols: number, rows: number): void {
    this.sync();
    const to = sizes(cols, rows);
    this.#terminal.resize(to.cols, to.rows);
  }

  get #buffer(): IBuffer {
    this.sync();
    return this.#terminal.buffer.active;
  }

  /** Column and row, counted as in `ScreenText`. The column is `cols` after the last one was written. */
  get cursor(): { readonly x: number; readonly y: number } {
    const buffer = this.#buffer;
    return { x: buffer.cursorX, y: buffer.baseY + buffer.cursorY };
  }

  /** Row of the screen's first line. */
  get top(): number {
    return this.#buffer.baseY;
  }

  /** A full-screen program has the terminal. */
  get alternate(): boolean {
    this.sync();
    return this.#alternate;
  }

  get modes(): Terminal['modes'] {
    this.sync();
    return this.#terminal.modes;
  }

  /** Part of the screen scrolls by itself (DECSTBM): the cursor does not leave it by moves that count rows. */
  get hasMargins(): boolean {
    this.sync();
    const { scrollTop, scrollBottom } = this.#core.buffer;
    return scrollTop !== 0 || scrollBottom !== this.rows - 1;
  }

  /** A place that stays with its row while the screen scrolls. Gone when the row is. */
  mark(): { readonly row: () => number | undefined } {
    const marker = this.alternate ? undefined : this.#terminal.registerMarker(0);
    return { row: () => (marker === undefined || marker.isDisposed || marker.line < 0 ? undefined : marker.line) };
  }

  /** Row of the first of the rows that wrap into each other and hold `row`. */
  firstRow(row: number): number {
    let y = row;
    while (y > 0 && this.#buffer.getLine(y)?.isWrapped === true) y--;
    return y;
  }

  /** Row of the last of them. */
  lastRow(row: number): number {
    let y = row;
    while (this.#buffer.getLine(y + 1)?.isWrapped === true) y++;
    return y;
  }

  /** Row after the last one that is remembered. */
  get end(): number {
    return this.#buffer.length;
  }

  /** The text of rows `from` to `to`, both included, without a break between them. */
  text(from: number, to: number): ScreenText {
    const buffer = this.#buffer;
    const cell = buffer.getNullCell();
    const cells: { x: number; y: number; width: number; dim: boolean }[] = [];
    let text = '';
    for (let y = from; y <= to; y++) {
      const line = buffer.getLine(y);
      for (let x = 0; line !== undefined && x < Math.min(line.length, this.cols); x++) {
        const at = cellAt(line, x, cell);
        if (at === undefined) continue;
        text += at.text;
        for (let i = 0; i < at.text.length; i++) cells.push({ x, y, width: at.width, dim: at.dim });
      }
    }
    return { text, cells };
  }
}

function cellAt(line: IBufferLine, x: number, reuse: IBufferCell): { text: string; width: number; dim: boolean } | undefined {
  const cell = line.getCell(x, reuse);
  const width = cell?.getWidth() ?? 1;
  // The second half of a wide character.
  if (cell === undefined || width === 0) return undefined;
  const chars = cell.getChars();
  return { text: chars === '' ? ' ' : chars, width, dim: cell.isDim() !== 0 || (cell.isFgPalette() && cell.getFgColor() === 8) };
}

const sizes = (cols: number, rows: number): { cols: number; rows: number } => ({
  cols: cols < 1 ? 80 : Math.min(Math.max(cols, 2), MAX_COLS),
  rows: rows < 1 ? 24 : Math.min(rows, MAX_ROWS),
});

/** @throws BugError when the library is another than the one that is pinned */
function coreOf(terminal: Terminal): Core {
  const core: unknown = Reflect.get(terminal, '_core');
  if (typeof core !== 'object' || core === null || !('writeSync' in core) || typeof core.writeSync !== 'function' || !('buffer' in core)) throw new BugError('this version of @xterm/headless has no synchronous entry');
  return core as Core;
}

/**
 * Output that only scrolls by need not be drawn: the rows at its end are what is seen. Anything but text, line ends and
 * colours is kept, since its effect may stay.
 */
function lastRows(bytes: Buffer, rows: number): Buffer {
  if (bytes.length < 16 * 1024) return bytes;
  let from = bytes.length;
  for (let n = 0; n <= rows + 1; n++) {
    from = bytes.lastIndexOf(0x0a, from - 1);
    if (from <= 0) return bytes;
  }
  const gone = bytes.subarray(0, from);
  for (let at = gone.indexOf(0x1b); at >= 0; at = gone.indexOf(0x1b, at + 1)) {
    if (!/^\[[0-9;:]*[mK]/.test(gone.toString('latin1', at + 1, at + 64))) return bytes;
  }
  return bytes.subarray(from);
}
