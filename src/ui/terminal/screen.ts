/**
 * The screen of a terminal at a moment: xterm.js without a window, written to at once and painted by `terminal-view.tsx`.
 * Only tame text (`tame.ts`) may be written to it. The library's synchronous entry is not in its public interface
 * (6.0.0 is pinned; a test holds it).
 */
import { SerializeAddon } from '@xterm/addon-serialize';
import headless from '@xterm/headless';
import type { IBufferCell, Terminal } from '@xterm/headless';
import { BugError } from '../../base/errors.ts';
import { boundedSize } from './shown.ts';

const ESC = '\u001b';
/** How the add-on goes to the alternate screen. */
const TO_ALTERNATE = `${ESC}[?1049h`;

/** All that a screen is: what restores it, and the size that it is restored at. */
export interface ScreenState {
  readonly cols: number;
  readonly rows: number;
  readonly text: string;
}

/** Cells of a row that look alike. Colours: undefined is the terminal's own, a number one of 256, a text `#rrggbb`. */
export interface Run {
  readonly text: string;
  readonly fg: number | string | undefined;
  readonly bg: number | string | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly strike: boolean;
  readonly inverse: boolean;
  readonly hidden: boolean;
  /** Cells that it takes; more than its characters where these are wide. */
  readonly width: number;
  readonly cursor: boolean;
}

interface Core {
  writeSync(data: string): void;
}

type Side = 'normal' | 'alternate';

export class ReplayScreen {
  readonly #terminal: Terminal;
  readonly #core: Core;
  readonly #serialize = new SerializeAddon();
  #region: Partial<Record<Side, readonly [number, number]>> = {};
  #saved: Partial<Record<Side, readonly [number, number]>> = {};
  #cursorShown = true;

  /** @param above rows above the screen that are remembered */
  constructor(cols: number, rows: number, above = 0) {
    this.#terminal = new headless.Terminal({ ...boundedSize(cols, rows), allowProposedApi: true, scrollback: above, logLevel: 'off' });
    this.#core = coreOf(this.#terminal);
    // The add-on is typed for terminals with a window; it needs none.
    this.#serialize.activate(this.#terminal as unknown as Parameters<SerializeAddon['activate']>[0]);
    this.#watch();
  }

  get cols(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  /** Rows that have gone over the top since they were last forgotten. */
  get above(): number {
    return this.#terminal.buffer.active.baseY;
  }

  get isAlternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate';
  }

  get cursorRow(): number {
    return this.#terminal.buffer.active.cursorY;
  }

  /** The last column has been written, and nothing says yet whether the line goes on: no state tells that. */
  get wraps(): boolean {
    return this.#terminal.buffer.active.cursorX >= this.#terminal.cols;
  }

  write(tame: string): void {
    this.#core.writeSync(tame);
  }

  resize(cols: number, rows: number): void {
    const to = boundedSize(cols, rows);
    if (to.cols === this.cols && to.rows === this.rows) return;
    this.#terminal.resize(to.cols, to.rows);
    this.#region = {};
  }

  forgetAbove(): void {
    if (this.above > 0) this.write(`${ESC}[3J`);
  }

  /** Text of a row, counted from the first that is remembered, and whether it goes on from the row before. */
  row(y: number): { readonly text: string; readonly goesOn: boolean } {
    const line = this.#terminal.buffer.active.getLine(y);
    return { text: line?.translateToString(true) ?? '', goesOn: line?.isWrapped === true };
  }

  /** @param charset what `Tame.charset` says */
  state(charset: string): ScreenState {
    const { cols, rows } = this;
    const { buffer, modes } = this.#terminal;
    const { originMode, wraparoundMode, insertMode } = modes;
    const place = (x: number, y: number): string => `${ESC}[${y + 1};${Math.min(x, cols - 1) + 1}H`;
    // Regions and saved places move the cursor, so its own place comes after them.
    const held = (side: Side): string => {
      const [region, saved] = [this.#region[side], this.#saved[side]];
      return `${region === undefined ? '' : `${ESC}[${region[0]};${region[1]}r`}${saved === undefined ? '' : `${place(...saved)}${ESC}7`}`;
    };
    const cells = this.#serialize.serialize({ scrollback: 0, excludeModes: true });
    const { type, cursorX, cursorY } = buffer.active;
    const all = [
      // The other screen's own are given before it is left.
      type === 'normal' ? cells : cells.replace(TO_ALTERNATE, () => `${held('normal')}${place(buffer.normal.cursorX, buffer.normal.cursorY)}${ESC}[?47h`),
      `${ESC}[?6l${held(type)}`,
      originMode ? `${ESC}[?6h${place(cursorX, cursorY - ((this.#region[type]?.[0] ?? 1) - 1))}` : place(cursorX, cursorY),
      insertMode ? `${ESC}[4h` : '',
      wraparoundMode ? '' : `${ESC}[?7l`,
      this.#cursorShown ? '' : `${ESC}[?25l`,
      charset,
    ];
    return { cols, rows, text: all.join('') };
  }

  restore({ cols, rows, text }: ScreenState): void {
    this.#terminal.reset();
    this.#region = {};
    this.#saved = {};
    this.#cursorShown = true;
    this.resize(cols, rows);
    this.write(text);
  }

  /** What a row of the screen looks like, from its left end. */
  runs(row: number): Run[] {
    const buffer = this.#terminal.buffer.active;
    const line = buffer.getLine(buffer.baseY + row);
    const cursorX = this.#cursorShown && row === buffer.cursorY ? Math.min(buffer.cursorX, this.cols - 1) : -1;
    const runs: Run[] = [];
    const cell = buffer.getNullCell();
    for (let x = 0; line !== undefined && x < Math.min(line.length, this.cols); x++) {
      const at = line.getCell(x, cell);
      if (at === undefined || at.getWidth() === 0) continue;
      addCell(runs, at, x === cursorX);
    }
    return runs;
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  /** What the library's own state does not tell outside: noted on the way in, never handled in its place. */
  #watch(): void {
    const { parser } = this.#terminal;
    const side = (): Side => this.#terminal.buffer.active.type;
    const saves = (): boolean => {
      const { cursorX, cursorY } = this.#terminal.buffer.active;
      this.#saved[side()] = [cursorX, cursorY];
      return false;
    };
    const resets = (): boolean => {
      this.#region = {};
      this.#saved = {};
      this.#cursorShown = true;
      return false;
    };
    parser.registerEscHandler({ final: '7' }, saves);
    parser.registerCsiHandler({ final: 's' }, saves);
    parser.registerEscHandler({ final: 'c' }, resets);
    parser.registerCsiHandler({ intermediates: '!', final: 'p' }, resets);
    parser.registerCsiHandler({ final: 'r' }, ([top = 0, bottom = 0]) => {
      const from = Math.max(1, Number(top));
      const to = Number(bottom) === 0 || Number(bottom) > this.rows ? this.rows : Number(bottom);
      if (to > from) this.#region[side()] = [from, to];
      return false;
    });
    for (const final of ['h', 'l']) {
      parser.registerCsiHandler({ prefix: '?', final }, (params) => {
        for (const p of params) {
          if (p === 25) this.#cursorShown = final === 'h';
          if ((p === 1048 || p === 1049) && final === 'h') saves();
          // The other screen is new each time.
          if ((p === 47 || p === 1047 || p === 1049) && (final === 'h') === (side() === 'normal')) {
            delete this.#region.alternate;
            delete this.#saved.alternate;
          }
        }
        return false;
      });
    }
  }
}

function addCell(runs: Run[], cell: IBufferCell, cursor: boolean): void {
  const chars = cell.isInvisible() !== 0 ? ' ' : cell.getChars() || ' ';
  const run: Run = {
    text: chars,
    fg: cell.isFgDefault() ? undefined : cell.isFgRGB() ? rgb(cell.getFgColor()) : cell.getFgColor(),
    bg: cell.isBgDefault() ? undefined : cell.isBgRGB() ? rgb(cell.getBgColor()) : cell.getBgColor(),
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    italic: cell.isItalic() !== 0,
    underline: cell.isUnderline() !== 0,
    strike: cell.isStrikethrough() !== 0,
    inverse: cell.isInverse() !== 0,
    hidden: cell.isInvisible() !== 0,
    width: cell.getWidth(),
    cursor,
  };
  const last = runs.at(-1);
  // Wide characters stand alone, so that each can be given its two cells.
  if (last !== undefined && run.width === 1 && last.width === last.text.length && alike(last, run)) runs[runs.length - 1] = { ...last, text: last.text + chars, width: last.width + 1 };
  else runs.push(run);
}

const alike = (a: Run, b: Run): boolean =>
  a.fg === b.fg && a.bg === b.bg && a.bold === b.bold && a.dim === b.dim && a.italic === b.italic && a.underline === b.underline && a.strike === b.strike && a.inverse === b.inverse && a.hidden === b.hidden && a.cursor === b.cursor && b.text.length === 1;

const rgb = (colour: number): string => `#${colour.toString(16).padStart(6, '0')}`;

/** @throws BugError when the library is another than the one that is pinned */
function coreOf(terminal: Terminal): Core {
  const core: unknown = Reflect.get(terminal, '_core');
  if (typeof core !== 'object' || core === null || !('writeSync' in core) || typeof core.writeSync !== 'function') throw new BugError('this version of @xterm/headless has no synchronous entry');
  return core as Core;
}
