/**
 * The lines of a terminal by the rows that they take: the cursor may come back to one and complete a value. Rows have
 * numbers that lines keep when the whole screen moves up; which of them is the screen's first is known only after a program
 * has addressed one.
 */
import { bounds } from './bounds.ts';
import { Line } from './line.ts';

const LF = 0x0a;
const CR = 0x0d;

export interface RowsOptions {
  /** Of the terminal; 0 where it is not known, or where there is none. */
  readonly cols: number;
  readonly rows: number;
  /** A line is left: what it holds is decided. */
  readonly left: (line: Line, around: Around) => void;
  /** Offset before which everything is shown. */
  readonly shown: () => number;
}

/** What stands in the rows before and after a line, where its text goes on there. */
export interface Around {
  readonly before: string;
  readonly after: string;
}

const ALONE: Around = { before: '', after: '' };
interface Kept {
  readonly line: Line;
  /** Its first row. */
  readonly top: number;
}

/** Plain lines that were not read, each with its line end. */
interface Passed {
  readonly bytes: Uint8Array;
  readonly top: number;
  /** The row after the last. */
  readonly end: number;
}

interface Saved extends Kept {
  readonly at: ReturnType<Line['save']>;
  readonly column: number;
  /** Row of the screen, counted from 0, where it was known. */
  readonly row: number | undefined;
  /** What rows were counted from. */
  readonly count: number;
}

export class Rows {
  readonly #o: RowsOptions;
  #cols: number;
  #rows: number;
  #line: Line;
  #top = 0;
  readonly #kept = new Map<number, Kept>();
  /** None that is kept is below this row. */
  #lowest = -Infinity;
  #passed: Passed[] = [];
  /** Rows that line ends have led down since rows are counted, without a move up. */
  #fed = 0;
  /** The cursor has been in all rows from the first of these to the last. */
  #been = { from: 0, to: 0 };
  /** The screen's first row, where it is known. */
  #screen: number | undefined;
  /** Rows of the screen that scroll, counted from 0, where not all do. */
  #region: { readonly from: number; readonly to: number } | undefined;
  #saved: Saved | undefined;
  #count = 0;

  constructor(options: RowsOptions, column = 0) {
    this.#o = options;
    this.#cols = options.cols;
    this.#rows = options.rows;
    this.#line = new Line(options.cols, column);
  }

  get line(): Line {
    return this.#line;
  }

  /** Nothing but the next bytes matters for what they show. */
  get fresh(): boolean {
    if (!this.#line.empty || this.#line.at !== 0 || this.#line.left) return false;
    if (this.#screen !== undefined && (this.#region !== undefined || this.#rows === 0 || this.#top !== this.#screen + this.#rows - 1)) return false;
    if (this.#lowest < this.#top) return true;
    this.#lowest = -Infinity;
    for (const row of this.#kept.keys()) if (row > this.#lowest) this.#lowest = row;
    return this.#lowest < this.#top;
  }

  /** What stands beside the line that is written. */
  get around(): Around {
    return this.#around(this.#line, this.#top);
  }

  #around(line: Line, top: number): Around {
    const before = this.#kept.get(top - 1)?.line;
    const after = line.full ? this.#kept.get(top + line.rows)?.line : undefined;
    const joins = before !== undefined && before !== line && before.full;
    if (!joins && (after === undefined || after === line)) return ALONE;
    return { before: joins ? before.allCells().text.slice(-bounds.aroundChars) : '', after: after === undefined || after === line ? '' : after.allCells().text.slice(0, bounds.aroundChars) };
  }

  get #row(): number {
    this.#settle();
    return this.#top + this.#line.row;
  }

  /**
   * Whole plain lines have passed. They are read only when the cursor comes back to one.
   * @param rows how many they took @param last the last of them, as many as the screen has rows @param lastRows how many those took
   */
  passed(rows: number, last: Uint8Array, lastRows: number): void {
    this.#top += rows;
    if (this.#screen !== undefined) this.#screen += rows;
    this.#passed.push({ bytes: last, top: this.#top - lastRows, end: this.#top });
    while ((this.#passed[0]?.end ?? Infinity) <= this.#top - (this.#rows || bounds.someRows)) this.#passed.shift();
    this.#down(rows);
  }

  /** After as many line ends as it has rows, a cursor stands in the last row of the screen, wherever it began. */
  #down(rows: number): void {
    this.#fed = Math.min(this.#fed + rows, bounds.lineCells);
    const row = this.#row;
    if (row > this.#been.to) this.#been.to = row;
    if (this.#screen === undefined && this.#region === undefined && this.#rows > 0 && this.#fed >= this.#rows - 1) this.#screen = row - this.#rows + 1;
  }

  /** What is known to stand in a row. */
  #keptAt(row: number): Kept | undefined {
    if (row < (this.#passed.at(-1)?.end ?? -Infinity)) this.#recall();
    return this.#kept.get(row);
  }

  /** Reads the plain lines that have passed. */
  #recall(): void {
    const [passed, shown] = [this.#passed, this.#o.shown()];
    this.#passed = [];
    for (const { bytes, top: first } of passed) {
      let top = first;
      for (let at = 0; at < bytes.length; ) {
        const line = new Line(this.#cols);
        for (; at < bytes.length && bytes[at] !== LF; at++) if (bytes[at] !== CR) line.put(bytes[at] ?? 0, 0, 0);
        at++;
        line.release(shown);
        if (!line.empty) this.#keep({ line, top });
        top += line.rows;
      }
    }
  }

  /** Another terminal of the same size, with the cursor in the same place. */
  beside(): Rows {
    const other = new Rows({ ...this.#o, cols: this.#cols, rows: this.#rows }, this.#line.at);
    other.#top = this.#row;
    other.#screen = this.#screen;
    return other;
  }

  /** What is shown is another screen for a while. */
  suspend(): void {
    this.#leave();
  }

  resume(): void {
    this.#line.release(this.#o.shown());
  }

  /** To where the cursor is on another screen. */
  follow(other: Rows): void {
    this.#fed = 0;
    const [row, column] = [other.#row, other.#line.at];
    if (this.#screen !== undefined && other.#screen !== undefined) this.#goTo(this.#screen + row - other.#screen, column);
    else if (this.#screen === undefined && other.#screen === undefined) this.#goTo(row, column);
    else this.close(column);
  }

  /** Rows that are cut or joined anew by another width are not known any more. Another height moves the screen over them. */
  resize(cols: number, rows: number): void {
    this.#recall();
    const lines = new Set([this.#line, ...[...this.#kept.values()].map((k) => k.line)]);
    const same = cols === this.#cols;
    const before = [...lines].every((line) => line.rows === 1);
    for (const line of lines) line.cols = cols;
    if (rows !== this.#rows) {
      this.#screen = undefined;
      this.#fed = 0;
    }
    this.#cols = cols;
    this.#rows = rows;
    this.#region = undefined;
    if (!same && !(before && [...lines].every((line) => line.rows === 1))) this.forget();
  }

  /** The line is over; the next begins in a column of a row that is not known. */
  close(column = 0): void {
    this.#leave();
    this.forget();
    this.#line = new Line(this.#cols, column);
  }

  /** Rows are not where they were. */
  forget(): void {
    this.#screen = undefined;
    this.#kept.clear();
    this.#passed = [];
    this.#fed = 0;
    const row = this.#top + this.#line.row;
    this.#been = { from: row, to: row };
    this.#count++;
  }

  /** The place that a cursor was kept in is the first again. */
  forgetSaved(): void {
    this.#saved = undefined;
  }

  /** Something is written or erased where the moves have led. */
  arrive(): void {
    if (!this.#line.left) return;
    const to = this.#row;
    // Where the screen ends is not known: a move may have had no effect.
    if ((this.#screen === undefined || this.#rows === 0) && this.#keptAt(to) === undefined && (to < this.#been.from || to > this.#been.to) && this.#line.stayed()) return;
    this.#goTo(to, this.#line.at);
  }

  /** To a row of the screen, counted from 0. @param within the region that scrolls */
  address(row: number, column: number, within: boolean): void {
    const region = within ? this.#region : undefined;
    const last = region?.to ?? (this.#rows > 0 ? this.#rows - 1 : Infinity);
    const to = Math.min(row + (region?.from ?? 0), last);
    if (this.#screen === undefined) {
      this.#leave();
      this.forget();
      this.#screen = 0;
      this.#open(to, column);
    } else {
      this.#settle();
      this.#goTo(this.#screen + to, column);
    }
  }

  /** Only these rows scroll, counted from 0, both included. */
  scrolls(from: number, to: number): void {
    if (this.#rows > 0 && to >= this.#rows) to = this.#rows - 1;
    this.#region = from === 0 && to === this.#rows - 1 ? undefined : { from, to };
  }

  /** So many rows down; up where it is negative. Stops at the edges of the screen and of the region that scrolls. */
  vertical(n: number): void {
    const from = this.#row;
    if (n < 0) this.#fed = 0;
    this.#line.vertical(this.#within(from, from + n) - from);
  }

  /** First and last row of what scrolls; without end where the screen is not known. */
  #scrolling(screen: number | undefined): { readonly first: number; readonly last: number } {
    if (screen === undefined) return { first: -Infinity, last: Infinity };
    return { first: screen + (this.#region?.from ?? 0), last: screen + (this.#region?.to ?? this.#rows - 1) };
  }

  #within(from: number, to: number): number {
    const screen = this.#screen;
    if (screen === undefined) return to;
    const { first, last } = this.#scrolling(screen);
    if (to < from) return Math.min(from, Math.max(to, from >= first ? first : screen));
    return this.#rows === 0 ? to : Math.max(from, Math.min(to, from <= last ? last : screen + this.#rows - 1));
  }

  /** A line end. @param column where the next line begins */
  feed(column: number): void {
    if (this.#line.feed()) {
      this.#settle();
      return;
    }
    if (this.#cols === 0 || (this.#screen !== undefined && this.#rows === 0)) this.close(column);
    else if (this.#screen === undefined) {
      this.#goTo(this.#row + 1, column);
      this.#down(1);
    } else {
      this.index(1);
      this.#goTo(this.#row, column);
    }
  }

  /** One row down (1) or up (-1); at the edge of what scrolls, that moves instead. */
  index(by: 1 | -1): void {
    const at = this.#row;
    const screen = this.#screen;
    if (screen === undefined || this.#rows === 0) {
      this.vertical(by);
      return;
    }
    const { first, last } = this.#scrolling(screen);
    if (at !== (by === 1 ? last : first)) this.vertical(by);
    else if (by === 1 && this.#region === undefined) {
      this.#screen = screen + 1;
      this.#line.vertical(1);
    } else this.#shift(first, last, -by);
  }

  /** What scrolls moves up by so many rows, or down where it is negative. The cursor stays. */
  scroll(n: number): void {
    const screen = this.#screen;
    if (this.#rows === 0) this.#line.vertical(n);
    else {
      const { first, last } = this.#scrolling(screen);
      this.#shift(first, last, -n);
    }
  }

  /** Rows are put in before the cursor's, or taken out where it is negative. */
  insert(n: number): void {
    const at = this.#row;
    const { first, last } = this.#scrolling(this.#screen);
    if (this.#rows === 0) {
      this.forget();
      this.#line.eraseAll();
    } else if (at < first || at > last) return;
    else this.#shift(at, last, n);
    this.#line.column(0);
  }

  /** Clears what is below (0), above (1), or all (2); the cursor stays. */
  erase(kind: 0 | 1 | 2): void {
    this.arrive();
    const at = this.#row;
    if (kind !== 0) this.#passed = [];
    for (const row of [...this.#kept.keys()]) if (kind === 2 || (kind === 0 ? row > at : row < at)) this.#kept.delete(row);
    if (kind === 0) this.#line.eraseToEnd();
    else if (kind === 1) this.#line.eraseToCursor();
    else this.#line.eraseAll();
  }

  save(): void {
    const row = this.#row;
    this.#saved = { line: this.#line, at: this.#line.save(), top: this.#top, column: this.#line.at, row: this.#screen === undefined ? undefined : row - this.#screen, count: this.#count };
  }

  /** Back to where the cursor was, whatever came in between. */
  restore(): void {
    const saved = this.#saved;
    this.#fed = 0;
    if (saved === undefined) {
      this.address(0, 0, false);
      return;
    }
    if (saved.row !== undefined && this.#screen !== undefined && saved.line !== this.#line) {
      this.#settle();
      this.#goTo(this.#screen + saved.row, saved.column);
      return;
    }
    if (saved.line !== this.#line) {
      this.#leave();
      this.#line = saved.line;
      this.#line.release(this.#o.shown());
      this.#top = saved.top;
      if (saved.count !== this.#count) this.forget();
    }
    this.#line.restore(saved.at);
  }

  /** A line that has wrapped in the last row has moved the screen. */
  #settle(): void {
    if (this.#screen === undefined || this.#rows === 0) return;
    const over = this.#top + this.#line.rows - (this.#screen + (this.#region === undefined ? this.#rows : this.#region.to + 1));
    if (over <= 0 || this.#line.rows === 1) return;
    if (this.#region === undefined) this.#screen += over;
    else this.forget();
  }

  #goTo(row: number, column: number): void {
    if (this.#line.place(row - this.#top, column)) return;
    this.#leave();
    this.#open(row, column);
  }

  #open(row: number, column: number): void {
    const known = this.#keptAt(row);
    if (known !== undefined && known.line !== this.#line && known.line.place(row - known.top, column)) {
      this.#line = known.line;
      this.#top = known.top;
      this.#line.release(this.#o.shown());
    } else {
      this.#line = new Line(this.#cols, column);
      this.#top = row;
    }
  }

  #leave(): void {
    this.#settle();
    const line = this.#line;
    this.#o.left(line, this.#around(line, this.#top));
    if (line.empty || (this.#cols === 0 && this.#screen === undefined)) return;
    this.#keep({ line, top: this.#top });
  }

  #keep(kept: Kept): void {
    for (let y = 0; y < kept.line.rows; y++) {
      this.#kept.delete(kept.top + y);
      this.#kept.set(kept.top + y, kept);
    }
    this.#lowest = Math.max(this.#lowest, kept.top + kept.line.rows - 1);
    for (const row of this.#kept.keys()) {
      if (this.#kept.size <= bounds.keptRows) break;
      this.#kept.delete(row);
    }
  }

  /** Lines between two rows, both included, move down by so many rows; what leaves is gone. The cursor stays. */
  #shift(from: number, to: number, by: number): void {
    this.#recall();
    const [at, column] = [this.#row, this.#line.at];
    this.#leave();
    const moved = new Set([...this.#kept].filter(([row]) => row >= from && row <= to).map(([, kept]) => kept));
    for (const [row, kept] of [...this.#kept]) if (moved.has(kept)) this.#kept.delete(row);
    for (const { line, top } of moved) {
      const last = line.rows - 1;
      if (top >= from && top + last <= to && top + by >= from && top + by + last <= to) this.#keep({ line, top: top + by });
    }
    this.#line = new Line(this.#cols, column);
    this.#open(at, column);
  }
}
