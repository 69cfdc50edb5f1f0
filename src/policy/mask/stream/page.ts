/**
 * Where the characters of a terminal's output come to stand: the moves of ECMA-48 and of xterm, the modes that change what
 * a character or a move does, and the two screens.
 */
import { bounds } from './bounds.ts';
import { charWidth } from './char-width.ts';
import type { Line } from './line.ts';
import { Rows, type Around, type RowsOptions } from './rows.ts';
import { TabStops } from './tab-stops.ts';

/** Modes of ECMA-48 and, with a question mark, of DEC and xterm. */
const INSERT = 4;
const LINE_FEED = 20;
const COLUMNS = 3;
const ORIGIN = 6;
const WRAP = 7;
const REVERSE_WRAP = 45;
const SAVE = 1048;
const ALTERNATE: readonly number[] = [47, 1047, 1049];
const SAVING_ALTERNATE = 1049;

export interface PageOptions extends RowsOptions {
  /** Characters of values that the cursor's row shows in clear though none of them is new. */
  readonly exposed: (line: Line, around: Around) => ReadonlySet<number>;
}

const STAR = 0x2a;
const ESC = '\u001b';
/** A terminal gives up the sequence that this stands in. */
const CANCEL = '\u0018';
/** Shifts: which of the four designated sets is used. */
const SO = 0x0e;
const SI = 0x0f;
/** What DEC's special graphics show for `_` and what follows it in ASCII. */
const DRAWN = Array.from('\u00a0♦▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·', (c) => c.charCodeAt(0));
const FIRST_DRAWN = 0x5f;
const SET_NAMES = '()*+';
const NONE: ReadonlySet<number> = new Set();

export class Page {
  readonly #o: PageOptions;
  #cols: number;
  readonly #main: Rows;
  #alternate: Rows | undefined;
  #rows: Rows;
  readonly #tabs = new TabStops();
  #inserts = false;
  #wraps = true;
  #origin = false;
  #newLine = false;
  /** The character that was put before whatever comes: it can be repeated. */
  #last = 0;
  #reverseWraps = false;
  /** The sets G0 to G3 by their final bytes, which of them is used, and which for the next character alone. */
  #sets = ['B', 'B', 'B', 'B'];
  #shift = 0;
  #single = -1;
  #draws = false;
  #savedSets: readonly [readonly string[], number] = [['B', 'B', 'B', 'B'], 0];
  #height: number;

  constructor(options: PageOptions) {
    this.#o = options;
    this.#height = options.rows;
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

  /** What stands in the rows beside the line that is written. */
  get around(): Around {
    return this.#rows.around;
  }

  /** Rows that may be on the screen. */
  get height(): number {
    return this.#height || bounds.someRows;
  }

  /** Whole plain lines have passed. @see Rows.passed */
  passed(rows: number, last: Uint8Array, lastRows: number): void {
    this.#rows.passed(rows, last, lastRows);
  }

  resize(cols: number, rows: number): void {
    this.#cols = cols;
    this.#height = rows;
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
    this.line.put(code, start, end, this.#draws ? this.#drawn(code) : code);
    this.#last = code >= 0x300 && charWidth(code) === 0 ? 0 : code;
  }

  /** What is shown for a character while a set is not ASCII. */
  #drawn(code: number): number {
    const set = this.#sets[this.#single < 0 ? this.#shift : this.#single];
    if (this.#single >= 0) this.#use(this.#shift);
    return set === '0' ? (DRAWN[code - FIRST_DRAWN] ?? code) : code;
  }

  #use(shift: number, single = -1): void {
    this.#shift = shift;
    this.#single = single;
    this.#draws = single >= 0 || this.#sets[shift] === '0';
  }

  /** A character set. @returns what stands in place of the sequence's last byte, where it may not pass as it is */
  designate(intermediate: number, final: number): string | undefined {
    this.#last = 0;
    const slot = SET_NAMES.indexOf(String.fromCharCode(intermediate));
    if (slot >= 0) {
      this.#sets[slot] = String.fromCharCode(final);
      this.#use(this.#shift);
    }
    // DEC's screen of `E` (DECALN) moves the cursor, and where to differs.
    return intermediate === 0x23 && final === 0x38 && this.#cols > 0 ? CANCEL : undefined;
  }

  /** A control string came in between. */
  interrupted(): void {
    this.#last = 0;
  }

  #clear(): void {
    this.#rows.scrolls(0, Infinity);
    this.#rows.address(0, 0, false);
    this.#rows.erase(2);
  }

  control(code: number, start: number): void {
    this.#last = 0;
    switch (code) {
      case 0x08:
        if (this.#reverseWraps && this.#cols > 0 && this.line.at === 0 && this.line.row > 0 && !this.line.left) this.line.place(this.line.row - 1, this.#cols - 1);
        else this.line.move(-1);
        return;
      case 0x09:
        this.#rows.arrive();
        // In the last column it moves nothing.
        if (this.#cols > 0 && this.line.at >= this.#cols - 1) return;
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
      case SO:
      case SI:
        this.#use(code === SO ? 1 : 0);
        this.line.part();
        return;
      default:
        // Not seen on a terminal; records of data files are told apart by such.
        this.line.part();
    }
  }

  /** @returns what stands in place of the sequence's last byte, where it may not pass as it is */
  csi(final: number, params: string, start: number, end: number): string | undefined {
    const name = String.fromCharCode(final);
    const last = this.#last;
    if (name !== 'b') this.#last = 0;
    // Terminals read such parameters in more ways than one; only colours have them.
    if (this.#cols > 0 && name !== 'm' && (params.length >= bounds.controlBytes || params.includes(':'))) return CANCEL;
    if (/^[<-?]|[ -/]/.test(params)) return this.#special(name, params);
    this.#plain(name, params, start, end);
    // Some repeat the last character whatever came after it, others do not.
    if (name === 'b' && last === 0 && this.#cols > 0) return CANCEL;
    return (name === 'P' || name === '@') && this.#cols > 0 ? this.#hidden(name) : undefined;
  }

  /** Cells of the row have moved together. @returns the last byte of what moved them, and stars over values that stand there now */
  #hidden(name: string): string | undefined {
    const chars = this.line.left ? NONE : this.#o.exposed(this.line, this.around);
    const columns = chars.size === 0 ? [] : this.line.writeOver(chars, STAR);
    if (columns.length === 0) return undefined;
    const stars = columns.map((column) => `${ESC}[${column + 1}G*`).join('');
    return `${name}${this.#inserts ? `${ESC}[4l` : ''}${stars}${this.#inserts ? `${ESC}[4h` : ''}${ESC}[${this.line.at + 1}G`;
  }

  #plain(name: string, params: string, start: number, end: number): void {
    const [first = 0, second = 0] = params.split(/[;:]/).map(Number);
    const n = Math.min(first || 1, bounds.lineCells);
    switch (name) {
      case 'b':
        for (let i = 0, last = this.#last; last !== 0 && i < Math.min(n, bounds.repeats); i++) this.put(last, start, end);
        this.#last = 0;
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
        this.#save();
        return;
      case 'u':
        this.#restore();
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

  /** @returns what stands in place of the sequence's last byte, where it may not pass as it is */
  escape(final: number): string | undefined {
    this.#last = 0;
    switch (String.fromCharCode(final)) {
      case 'D':
        this.#rows.index(1);
        return undefined;
      case 'M':
        this.#rows.index(-1);
        return undefined;
      case 'E':
        this.line.column(0);
        this.#rows.index(1);
        return undefined;
      case 'H':
        this.#tabs.add(this.line.at, this.#cols);
        return undefined;
      case '7':
        this.#save();
        return undefined;
      case '8':
        this.#restore();
        return undefined;
      case 'n':
      case 'o':
        this.#use(String.fromCharCode(final) === 'n' ? 2 : 3);
        return undefined;
      case 'N':
      case 'O':
        this.#use(this.#shift, String.fromCharCode(final) === 'N' ? 2 : 3);
        return undefined;
      case 'c':
        this.#show(false);
        this.#clear();
        this.#tabs.reset();
        this.#reset();
        return undefined;
      case '6':
      case '9':
        // Columns of all rows, the cursor, or nothing: terminals differ.
        return this.#cols > 0 ? CANCEL : undefined;
      default:
        return undefined;
    }
  }

  #save(): void {
    this.#rows.save();
    this.#savedSets = [this.#sets.slice(), this.#shift];
  }

  #restore(): void {
    this.#rows.restore();
    this.#sets = this.#savedSets[0].slice();
    this.#use(this.#savedSets[1]);
  }

  #reset(): void {
    this.#inserts = this.#origin = this.#newLine = this.#reverseWraps = false;
    this.#wraps = true;
    this.#rows.forgetSaved();
    this.#sets = ['B', 'B', 'B', 'B'];
    this.#use(0);
  }

  /** With a prefix or an intermediate. Most of them move nothing. @returns as `csi` */
  #special(name: string, params: string): string | undefined {
    if ((name === 'h' || name === 'l') && params.startsWith('?')) {
      for (const mode of params.slice(1).split(';').map(Number)) this.#mode(mode, name === 'h');
    } else if ((name === 'J' || name === 'K') && params.startsWith('?')) this.#edit(name, Number(params.slice(1)) || 0, 1);
    else if (name === 'p' && params === '!') {
      this.#reset();
      this.#rows.scrolls(0, Infinity);
    } else if (this.#cols > 0 && isRefused(name, params)) return CANCEL;
    return undefined;
  }

  #mode(mode: number, on: boolean): void {
    if (mode === COLUMNS) this.#rows.close();
    else if (mode === WRAP) this.#wraps = on;
    else if (mode === REVERSE_WRAP) this.#reverseWraps = on;
    else if (mode === ORIGIN) {
      this.#origin = on;
      this.#rows.address(0, 0, on);
    } else if (mode === SAVE) {
      if (on) this.#save();
      else this.#restore();
    } else if (ALTERNATE.includes(mode)) {
      if (on && mode === SAVING_ALTERNATE && this.#alternate === undefined) this.#save();
      this.#show(on);
      if (!on && mode === SAVING_ALTERNATE) this.#restore();
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
    if ('KP@X'.includes(name)) this.#rows.arrive();
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

/**
 * What moves columns of all rows at once (SL, SR, DECIC, DECDC), copies a rectangle (DECCRA) or fills one with a character
 * (DECFRA; tmux does it with blanks): terminals differ in them and programs do without, so they are not followed.
 */
function isRefused(name: string, params: string): boolean {
  switch (params.at(-1)) {
    case ' ':
      return name === '@' || name === 'A';
    case "'":
      return name === '}' || name === '~';
    case '$':
      return name === 'v' || (name === 'x' && Number.parseInt(params, 10) !== 0x20);
    default:
      return false;
  }
}
