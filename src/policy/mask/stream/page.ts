/**
 * Where the characters of a terminal's output come to stand: the moves of ECMA-48 and of xterm, the modes that change what
 * a character or a move does, and the two screens.
 */
import { bounds } from './bounds.ts';
import { charWidth } from './char-width.ts';
import type { Line } from './line.ts';
import { Rows, type RowsOptions } from './rows.ts';
import { TabStops } from './tab-stops.ts';

/** Modes of ECMA-48 and, with a question mark, of DEC and xterm. */
const INSERT = 4;
const LINE_FEED = 20;
const COLUMNS = 3;
const ORIGIN = 6;
const WRAP = 7;
const SAVE = 1048;
const ALTERNATE: readonly number[] = [47, 1047, 1049];
const SAVING_ALTERNATE = 1049;

export class Page {
  #cols: number;
  readonly #main: Rows;
  #alternate: Rows | undefined;
  #rows: Rows;
  readonly #tabs = new TabStops();
  #inserts = false;
  #wraps = true;
  #origin = false;
  #newLine = false;
  #last = 0;

  constructor(options: RowsOptions) {
    this.#cols = options.cols;
    this.#main = this.#rows = new Rows(options);
  }

  get line(): Line {
    return this.#rows.line;
  }

  /** Nothing but the next bytes matters for what they show. */
  get fresh(): boolean {
    return this.#rows.fresh;
  }

  /** Whole lines have passed that are not looked at again. */
  passed(rows: number): void {
    this.#rows.passed(rows);
  }

  resize(cols: number, rows: number): void {
    this.#cols = cols;
    this.#tabs.reset();
    this.#main.resize(cols, rows);
    this.#alternate?.resize(cols, rows);
  }

  close(): void {
    this.#rows.close();
  }

  put(code: number, start: number, end: number): void {
    if (this.line.left) this.#rows.arrive();
    if (this.#inserts || !this.#wraps) {
      const width = charWidth(code);
      if (!this.#wraps) this.line.stopAtEdge(width);
      if (this.#inserts && width > 0) this.line.putIn(width);
    }
    this.line.put(code, start, end);
    this.#last = code;
  }

  control(code: number, start: number): void {
    switch (code) {
      case 0x08:
        this.line.move(-1);
        return;
      case 0x09:
        if (this.line.left) this.#rows.arrive();
        this.line.tab(start, this.#tabs.after(this.line.at, this.#cols));
        return;
      case 0x0a:
      case 0x0b:
      case 0x0c:
        this.#rows.feed(this.#cols > 0 && !this.#newLine ? this.line.at : 0);
        return;
      case 0x0d:
        this.line.column(0);
        return;
      case 0x00:
      case 0x07:
      case 0x7f:
        return;
      default:
        // Not seen on a terminal; records of data files are told apart by such.
        this.line.part();
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
        this.#rows.address(n - 1, Math.min(second || 1, bounds.lineCells) - 1, this.#origin);
        return;
      case 'd':
        this.#rows.address(n - 1, this.line.at, this.#origin);
        return;
      case 'r':
        if (second !== 0 && second <= n) return;
        this.#rows.address(0, 0, false);
        this.#rows.scrolls(n - 1, (second || Infinity) - 1);
        this.#rows.address(0, 0, this.#origin);
        return;
      case 's':
        this.#rows.save();
        return;
      case 'u':
        this.#rows.restore();
        return;
      case 'h':
      case 'l':
        for (const mode of params.split(';').map(Number)) {
          if (mode === INSERT) this.#inserts = name === 'h';
          else if (mode === LINE_FEED) this.#newLine = name === 'h';
        }
        return;
      case 'g':
        if (first === 0) this.#tabs.remove(this.line.at, this.#cols);
        else if (first === 3) this.#tabs.removeAll();
        return;
      default:
        this.#move(name, n);
        this.#edit(name, first, n);
    }
  }

  escape(final: number): void {
    switch (String.fromCharCode(final)) {
      case 'D':
        this.#rows.index(1);
        return;
      case 'M':
        this.#rows.index(-1);
        return;
      case 'E':
        this.line.column(0);
        this.#rows.index(1);
        return;
      case 'H':
        this.#tabs.add(this.line.at, this.#cols);
        return;
      case '7':
        this.#rows.save();
        return;
      case '8':
        this.#rows.restore();
        return;
      case 'c':
        this.#show(false);
        this.#rows.close();
        this.#rows.scrolls(0, Infinity);
        this.#tabs.reset();
        this.#reset();
        return;
    }
  }

  #reset(): void {
    this.#inserts = this.#origin = this.#newLine = false;
    this.#wraps = true;
  }

  /** With a prefix or an intermediate. Most of them move nothing. */
  #special(name: string, params: string): void {
    if ((name === 'h' || name === 'l') && params.startsWith('?')) {
      for (const mode of params.slice(1).split(';').map(Number)) this.#mode(mode, name === 'h');
    } else if ((name === 'J' || name === 'K') && params.startsWith('?')) this.#edit(name, Number(params.slice(1)) || 0, 1);
    else if (((name === '@' || name === 'A') && params.endsWith(' ')) || ((name === '}' || name === '~') && params.endsWith("'"))) this.#rows.close(this.line.at);
    else if (name === 'p' && params === '!') {
      this.#reset();
      this.#rows.scrolls(0, Infinity);
    }
  }

  #mode(mode: number, on: boolean): void {
    if (mode === COLUMNS) this.#rows.close();
    else if (mode === WRAP) this.#wraps = on;
    else if (mode === ORIGIN) {
      this.#origin = on;
      this.#rows.address(0, 0, on);
    } else if (mode === SAVE) {
      if (on) this.#rows.save();
      else this.#rows.restore();
    } else if (ALTERNATE.includes(mode)) {
      if (on && mode === SAVING_ALTERNATE && this.#alternate === undefined) this.#rows.save();
      this.#show(on);
      if (!on && mode === SAVING_ALTERNATE) this.#rows.restore();
    }
  }

  /** The other screen; it is empty each time. */
  #show(alternate: boolean): void {
    const other = this.#alternate;
    if (alternate === (other !== undefined)) return;
    this.#rows.suspend();
    if (other === undefined) this.#rows = this.#alternate = this.#main.beside();
    else {
      this.#rows = this.#main;
      this.#alternate = undefined;
      this.#main.resume();
      this.#main.follow(other);
    }
  }

  #move(name: string, n: number): void {
    const line = this.line;
    switch (name) {
      case 'A':
      case 'B':
      case 'e':
        this.#rows.vertical(name === 'A' ? -n : n);
        return;
      case 'E':
      case 'F':
        line.column(0);
        this.#rows.vertical(name === 'E' ? n : -n);
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
      case 'Z':
        for (let i = 0; i < Math.min(n, this.#cols); i++) line.column(name === 'I' ? this.#tabs.after(line.at, this.#cols) : this.#tabs.before(line.at));
        return;
    }
  }

  #edit(name: string, first: number, n: number): void {
    switch (name) {
      case 'K':
        if (first === 0 || first === 1 || first === 2) this.line.eraseInRow(first);
        return;
      case 'J':
        if (first === 0 || first === 1 || first === 2) this.#rows.erase(first);
        return;
      case 'S':
      case 'T':
        this.#rows.scroll(name === 'S' ? n : -n);
        return;
      case 'L':
      case 'M':
        this.#rows.insert(name === 'L' ? n : -n);
        return;
      case 'P':
        this.line.takeOut(n);
        return;
      case '@':
        this.line.putIn(n);
        return;
      case 'X':
        this.line.blank(n);
        return;
    }
  }
}
