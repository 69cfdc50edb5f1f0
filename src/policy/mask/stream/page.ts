/**
 * The line that is being written, and the rows of a full-screen program that were written before: the cursor may come
 * back to them and complete a value. Follows the moves of ECMA-48 and of xterm; where the row is not known, a line ends.
 */
import { bounds } from './bounds.ts';
import { Line } from './line.ts';

export interface PageOptions {
  /** Of the terminal; 0 where it is not known, or where there is none. */
  readonly cols: number;
  readonly rows: number;
  /** A line is left: what it holds is decided. */
  readonly left: (line: Line) => void;
  /** Offset before which everything is shown. */
  readonly shown: () => number;
}

interface Saved {
  readonly line: Line;
  readonly at: ReturnType<Line['save']>;
  readonly top: number | undefined;
}

export class Page {
  readonly #o: PageOptions;
  #cols: number;
  #rows: number;
  #line: Line;
  /** Row of the terminal in which the line begins, counted from 1, where it is known. */
  #top: number | undefined;
  /** Lines by the rows that they take. */
  readonly #kept = new Map<number, { readonly line: Line; readonly top: number }>();
  /** Only some rows scroll, or so it seems. */
  #region = false;
  #saved: Saved | undefined;
  #last = 0;

  constructor(options: PageOptions) {
    this.#o = options;
    this.#cols = options.cols;
    this.#rows = options.rows;
    this.#line = new Line(options.cols);
  }

  get line(): Line {
    return this.#line;
  }

  /** Nothing but the next bytes matters for what they show. */
  get fresh(): boolean {
    return this.#line.empty && this.#line.at === 0 && !this.#line.left && this.#top === undefined;
  }

  resize(cols: number, rows: number): void {
    this.#cols = this.#line.cols = cols;
    this.#rows = rows;
    this.#forget();
  }

  /** The line is over; the next begins in a column of a row that is not known. */
  close(column = 0): void {
    this.#leave();
    this.#forget();
    this.#line = new Line(this.#cols, column);
  }

  put(code: number, start: number, end: number): void {
    if (this.#line.left) this.#arrive();
    this.#line.put(code, start, end);
    this.#last = code;
  }

  control(code: number, start: number): void {
    switch (code) {
      case 0x08:
        this.#line.move(-1);
        return;
      case 0x09:
        this.#line.tab(start);
        return;
      case 0x0a:
      case 0x0b:
      case 0x0c:
        this.#feed();
        return;
      case 0x0d:
        this.#line.column(0);
        return;
      case 0x00:
      case 0x07:
      case 0x7f:
        return;
      default:
        // Not seen on a terminal; records of data files are told apart by such.
        this.#line.part();
    }
  }

  csi(final: number, params: string, start: number, end: number): void {
    const name = String.fromCharCode(final);
    if (/^[<-?]|[ -/]/.test(params)) {
      this.#special(name, params);
      return;
    }
    const [first = 0, second = 0] = params.split(/[;:]/).map(Number);
    const n = Math.min(first || 1, bounds.lineCells);
    switch (name) {
      case 'b':
        for (let i = 0; this.#last !== 0 && i < Math.min(n, bounds.repeats); i++) this.put(this.#last, start, end);
        return;
      case 'H':
      case 'f':
        this.#goTo(n, (second || 1) - 1);
        return;
      case 'd':
        this.#goTo(n, this.#line.at);
        return;
      case 'E':
      case 'F':
        this.#line.column(0);
        this.#line.vertical(name === 'E' ? n : -n);
        return;
      case 'r':
        // Sets which rows scroll, and moves nothing but the cursor: tmux does so in the middle of a row that it draws in pieces.
        this.#region = n > 1 || (second !== 0 && second < this.#rows);
        this.#goTo(1, 0);
        return;
      case 's':
        this.#save();
        return;
      case 'u':
        this.#restore();
        return;
      default:
        this.#inRow(name, first, n);
    }
  }

  escape(final: number): void {
    switch (String.fromCharCode(final)) {
      case 'D':
        this.#line.vertical(1);
        return;
      case 'M':
        this.#line.vertical(-1);
        return;
      case 'E':
        this.#line.column(0);
        this.#line.vertical(1);
        return;
      case '7':
        this.#save();
        return;
      case '8':
        this.#restore();
        return;
      case 'c':
        this.close();
        this.#region = false;
        return;
    }
  }

  /** With a prefix or an intermediate. Most of them move nothing. */
  #special(name: string, params: string): void {
    if ((name === 'h' || name === 'l') && /^\?(?:.*;)?(?:3|6|47|1047|1049)(?:;|$)/.test(params)) this.close();
    else if ((name === 'J' || name === 'K') && params.startsWith('?')) this.#inRow(name, Number(params.slice(1)) || 0, 1);
    else if ((name === '@' || name === 'A') && params.endsWith(' ')) this.close(this.#line.at);
  }

  #inRow(name: string, first: number, n: number): void {
    const line = this.#line;
    switch (name) {
      case 'A':
        line.vertical(-n);
        return;
      case 'B':
      case 'e':
        line.vertical(n);
        return;
      case 'S':
      case 'T':
        this.#scroll(name === 'S' ? n : -n);
        return;
      case 'C':
      case 'a':
        line.move(n);
        return;
      case 'D':
        line.move(-n);
        return;
      case 'G':
      case '`':
        line.column(n - 1);
        return;
      case 'I':
        line.column((Math.floor(line.at / 8) + n) * 8);
        return;
      case 'Z':
        line.column(Math.max(0, (Math.ceil(line.at / 8) - n) * 8));
        return;
      case 'K':
      case 'J':
        if (first === 0) line.eraseToEnd();
        else if (first < 3) line.eraseAll();
        if (name === 'J' && first < 3) this.#kept.clear();
        return;
      case 'L':
      case 'M':
        this.#kept.clear();
        line.column(0);
        line.eraseAll();
        return;
      case 'P':
        line.takeOut(n);
        return;
      case '@':
        line.putIn(n);
        return;
      case 'X':
        line.blank(n);
        return;
    }
  }

  /** What is on the screen moves up, the cursor stays. */
  #scroll(rows: number): void {
    this.#kept.clear();
    if (this.#top !== undefined) this.#top -= rows;
    this.#line.vertical(rows);
  }

  /** A character comes where the moves have led. */
  #arrive(): void {
    const column = this.#line.at;
    if (this.#top !== undefined && this.#rows > 0) {
      this.#goTo(Math.min(this.#rows, Math.max(1, this.#top + this.#line.row)), column);
      if (!this.#line.left) return;
    }
    if (!this.#line.stayed()) this.close(column);
  }

  #feed(): void {
    if (this.#line.feed()) {
      // At the last row the screen has moved.
      if (this.#top !== undefined && this.#top + this.#line.rows > this.#rows) this.#forget();
      return;
    }
    const column = this.#cols > 0 ? this.#line.at : 0;
    const next = this.#top === undefined || this.#region ? undefined : this.#top + this.#line.row + 1;
    if (next !== undefined && next <= this.#rows) this.#goTo(next, column);
    else this.close(column);
  }

  /** @param row from 1 @param column from 0 */
  #goTo(row: number, column: number): void {
    if (this.#top !== undefined && this.#line.place(row - this.#top, column)) return;
    this.#leave();
    const known = this.#kept.get(row);
    if (known === undefined || known.line === this.#line) {
      this.#line = new Line(this.#cols, column);
      this.#top = row;
      return;
    }
    this.#line = known.line;
    this.#top = known.top;
    this.#line.release(this.#o.shown());
    this.#line.place(row - known.top, column);
  }

  #leave(): void {
    const line = this.#line;
    this.#o.left(line);
    if (this.#top === undefined || line.empty) return;
    for (let y = 0; y < line.rows && this.#kept.size < bounds.keptRows; y++) this.#kept.set(this.#top + y, { line, top: this.#top });
  }

  /** Rows are not where they were. */
  #forget(): void {
    this.#top = undefined;
    this.#kept.clear();
  }

  #save(): void {
    this.#saved = { line: this.#line, at: this.#line.save(), top: this.#top };
  }

  /** Back to the line that was left, whatever came in between. */
  #restore(): void {
    const saved = this.#saved;
    if (saved === undefined) {
      this.close();
      return;
    }
    if (saved.line !== this.#line) {
      this.#leave();
      this.#line = saved.line;
      this.#line.release(this.#o.shown());
      this.#top = saved.top;
    }
    this.#line.restore(saved.at);
  }
}
