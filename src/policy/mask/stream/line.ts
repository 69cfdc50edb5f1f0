/**
 * One line of a terminal as it comes: the characters in the order in which they were sent, and the cells that they
 * stand in after returns, backspaces, moves and wraps. Detectors look at both: a value that was overwritten was sent all
 * the same, and a value may stand in the cells that was never sent in one piece.
 */
import { bounds } from './bounds.ts';
import { charWidth } from './char-width.ts';

/** A text, and for each of its UTF-16 units which character of the line it is (-1: none). */
export interface View {
  readonly text: string;
  readonly chars: readonly number[];
  /** In the order in which it was sent, so that what stands between two of its characters belongs to it. */
  readonly inOrder: boolean;
}

export class Line {
  /** Code points, and where in the stream their bytes are. Same index, same character. */
  #codes: number[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  /** The character does not continue the one before: the cursor jumped, or a row was full. */
  #gaps: boolean[] = [];
  /** The cell that each character was written to. */
  #at: number[] = [];
  /** Characters in whose place something else stands on the screen. */
  readonly #hidden = new Set<number>();
  /** Code point and character number in each cell; a cell is counted over all rows of the line. */
  #cellCode: number[] = [];
  #cellChar: number[] = [];
  /** Number of the first character that is still kept. */
  #first = 0;
  #cursor = 0;
  /** The cell after the last character. */
  #lastEnd = 0;
  #jumped = false;
  #stray = false;
  #gap = false;
  /** Cells that are not remembered any more, before the first that is. */
  #forgotten = 0;
  /** The cursor is in this row of the terminal, counted from the line's first; undefined: in the line. */
  #row: number | undefined;
  #fresh = 0;
  #cols: number;

  /** @param cols width of the terminal; 0 where there is none @param column where the line begins */
  constructor(cols: number, column = 0) {
    this.#cols = cols;
    this.#cursor = Math.min(column, cols > 0 ? cols - 1 : bounds.lineCells - 1);
    this.#lastEnd = this.#cursor;
  }

  /** Column of the cursor. */
  get at(): number {
    return this.#cursor - this.#rowStart();
  }

  get empty(): boolean {
    return this.#codes.length === 0;
  }

  /** The cursor stands where the last character ended, so that the next one continues it. */
  get open(): boolean {
    return this.#codes.length > 0 && this.#cursor === this.#lastEnd && this.#row === undefined;
  }

  /** Rows of the terminal that it takes. */
  get rows(): number {
    return this.#cols === 0 ? 1 : Math.max(1, Math.ceil(this.#cellCode.length / this.#cols));
  }

  /** It has bytes that are no UTF-8. */
  get stray(): boolean {
    return this.#stray;
  }

  /** Its last row is written to the last column: what stands at the beginning of the next may continue it. */
  get full(): boolean {
    const cells = this.#cellCode.length;
    return this.#cols > 0 && cells > 0 && cells % this.#cols === 0 && this.#cellCode[cells - 1] !== 0x20;
  }

  /** The row that the cursor is in, counted from the line's first: the line's own, or another. */
  get row(): number {
    return this.#row ?? (this.#cols === 0 ? 0 : this.#rowStart() / this.#cols);
  }

  /** The cursor has left the line. */
  get left(): boolean {
    return this.#row !== undefined;
  }

  set cols(cols: number) {
    this.#cols = cols;
  }

  /** The cells before the cursor. */
  upToCursor(view: View): View {
    const after = this.#cellCode.length - this.#cursor;
    if (after <= 0) return view;
    let units = 0;
    for (const code of this.#cellCode.slice(this.#cursor)) units += code === -1 ? 0 : code >= 0x10000 ? 2 : 1;
    return { ...view, text: view.text.slice(0, view.text.length - units), chars: view.chars.slice(0, view.chars.length - units) };
  }

  start(char: number): number {
    return this.#starts[char - this.#first] ?? 0;
  }

  end(char: number): number {
    return this.#ends[char - this.#first] ?? 0;
  }

  code(char: number): number {
    return this.#codes[char - this.#first] ?? 0x20;
  }

  /** @param shown what the terminal shows for it */
  put(code: number, start: number, end: number, shown: number = code): void {
    const width = charWidth(code);
    const gap = this.#gap || this.#cursor !== this.#lastEnd;
    if (gap) this.#jumped = true;
    this.#gap = false;
    if (this.#cursor >= bounds.lineCells) this.#forgetCells();
    if (code >= 0x80 || shown !== code || this.#cursor < this.#cellCode.length) this.#prepare(code, end - start, shown, width);
    const char = this.#first + this.#codes.length;
    this.#codes.push(code);
    this.#starts.push(start);
    this.#ends.push(end);
    this.#gaps.push(gap);
    this.#at.push(this.#forgotten + this.#cursor);
    for (let i = 0; i < width; i++) {
      while (this.#cellCode.length < this.#cursor) {
        this.#cellCode.push(0x20);
        this.#cellChar.push(-1);
      }
      this.#cellCode[this.#cursor] = i === 0 ? shown : -1;
      this.#cellChar[this.#cursor] = char;
      this.#cursor++;
    }
    this.#lastEnd = this.#cursor;
  }

  /** Before a character that is not just one more of ASCII at the end. */
  #prepare(code: number, bytes: number, shown: number, width: number): void {
    // A byte that is no UTF-8: some terminals show something for it, others nothing.
    if (code >= 0x80 && bytes === 1) this.#stray = true;
    if (shown !== code) this.#jumped = true;
    // A wide character does not fit into the last column, which stays as it is.
    if (width === 2 && this.#cols > 0 && this.#cursor % this.#cols === this.#cols - 1) this.#cursor++;
    if (width === 0) return;
    // Of a wide character that is written over by half, nothing stays.
    if (this.#cursor < this.#cellCode.length && this.#cellCode[this.#cursor] === -1) this.#clearHalf(this.#cursor - 1);
    if (this.#cursor + width < this.#cellCode.length && this.#cellCode[this.#cursor + width] === -1) this.#clearHalf(this.#cursor + width);
  }

  #clearHalf(cell: number): void {
    this.#cellCode[cell] = 0x20;
    this.#cellChar[cell] = -1;
    this.#jumped = true;
  }

  /** To the column of the next tab stop; the tab is a character of the text. What it passes over stays. */
  tab(start: number, to: number): void {
    const at = this.#cursor;
    const under = this.#cellCode[at];
    const [code, char] = [under, this.#cellChar[at] ?? -1];
    const row = this.#rowStart();
    this.put(0x20, start, start + 1);
    this.#codes[this.#codes.length - 1] = 0x09;
    if (code === undefined || code === 0x20) this.#cellCode[this.#cursor - 1] = 0x09;
    else {
      this.#cellCode[this.#cursor - 1] = code;
      this.#cellChar[this.#cursor - 1] = char;
    }
    this.#cursor = Math.max(this.#cursor, row + to);
    this.#lastEnd = this.#cursor;
  }

  /** Without wrapping, what comes after the last column is written to it. @param width of what comes */
  stopAtEdge(width: number): void {
    const end = this.#rowStart() + this.#cols;
    if (this.#cols > 0 && this.#cursor + width > end) this.#cursor = end - width;
  }

  /** Relative move within the row; what leaves the row stops at its edge. */
  move(columns: number): void {
    const row = this.#rowStart();
    const last = this.#cols > 0 ? row + this.#cols - 1 : bounds.lineCells - 1;
    // After the last column a cursor stands on it.
    const from = Math.min(this.#cursor, Math.max(last, row));
    this.#cursor = Math.min(last, Math.max(row, from + columns));
  }

  /** To a column of the row, counted from 0. */
  column(column: number): void {
    const row = this.#rowStart();
    this.#cursor = row + Math.min(column, this.#cols > 0 ? this.#cols - 1 : bounds.lineCells - 1);
  }

  /** @returns true when the next row continues this line, because this row is full. */
  feed(): boolean {
    if (this.#cols === 0 || this.empty || this.#lastEnd % this.#cols !== 0) return false;
    if (this.#cursor !== this.#lastEnd && this.#cursor !== this.#lastEnd - this.#cols) return false;
    this.#cursor = this.#lastEnd;
    this.#gap = true;
    return true;
  }

  /** To a row of the terminal, counted from the line's first. @returns false when the line has no such row, nor continues there */
  place(row: number, column: number): boolean {
    const inLine = row >= 0 && row < this.rows;
    // A row that is full goes on in the next.
    const next = this.#cols > 0 && row === this.rows && column === 0 && this.#lastEnd === row * this.#cols;
    if (!inLine && !next) return false;
    this.#row = undefined;
    this.#cursor = row * this.#cols + Math.min(column, this.#cols > 0 ? this.#cols - 1 : bounds.lineCells - 1);
    if (next) this.#gap = true;
    return true;
  }

  /** So many rows down; up where it is negative. The cursor may come back. */
  vertical(rows: number): void {
    const to = this.row + rows;
    if (!this.place(to, this.at)) this.#row = to;
  }

  /**
   * A character comes while the cursor is elsewhere, by moves that may have had no effect, at the screen's edge. If it
   * stands where the next character would, it is taken to have stayed. @returns false when it is elsewhere in any case
   */
  stayed(): boolean {
    if (this.#cursor !== this.#lastEnd) return false;
    this.#row = undefined;
    this.#gap = this.#jumped = true;
    return true;
  }

  /** What follows may belong to what is there, and may not. */
  part(): void {
    if (this.empty) return;
    this.#gap = this.#jumped = true;
  }

  /** The place of the cursor, for `restore`. */
  save(): { readonly cursor: number; readonly row: number | undefined } {
    return { cursor: this.#forgotten + this.#cursor, row: this.#row };
  }

  restore(saved: { readonly cursor: number; readonly row: number | undefined }): void {
    this.#cursor = Math.max(0, saved.cursor - this.#forgotten);
    this.#row = saved.row;
  }

  /** Clears the cells from the cursor on. */
  eraseToEnd(): void {
    this.#cellCode.length = Math.min(this.#cellCode.length, this.#cursor);
    this.#cellChar.length = this.#cellCode.length;
  }

  /** Clears the cells up to the cursor and under it. */
  eraseToCursor(): void {
    this.#blank(0, this.#cursor + 1);
  }

  /** Clears the row from the cursor on (0), up to it (1), or all of it (2); the cursor stays. */
  eraseInRow(kind: 0 | 1 | 2): void {
    const row = this.#rowStart();
    const end = this.#rowEnd();
    if (kind === 0 && end === this.#cellCode.length) this.eraseToEnd();
    else this.#blank(kind === 0 ? this.#cursor : row, kind === 1 ? Math.min(this.#cursor + 1, end) : end);
  }

  /** Clears all cells; the cursor stays. */
  eraseAll(): void {
    this.#blank(0, this.#cellCode.length);
  }

  #blank(from: number, to: number): void {
    this.#cellCode.fill(0x20, from, to);
    this.#cellChar.fill(-1, from, to);
    this.#gap = this.#jumped = true;
  }

  /** Blanks in place of the next cells. */
  blank(cells: number): void {
    const to = Math.min(this.#cursor + cells, this.#rowEnd());
    this.#cellCode.fill(0x20, this.#cursor, to);
    this.#cellChar.fill(-1, this.#cursor, to);
    this.#jumped = true;
  }

  /** Takes the next cells of the row out; the rest of the row moves. */
  takeOut(cells: number): void {
    const end = this.#rowEnd();
    const n = Math.min(cells, end - this.#cursor);
    if (n > 0) this.#move(this.#cursor, end - n, n);
  }

  /** Puts blanks in; the rest of the row moves, and what leaves it is gone. */
  putIn(cells: number): void {
    const end = this.#cols === 0 ? bounds.lineCells : this.#rowStart() + this.#cols;
    const n = Math.min(cells, end - this.#cursor);
    if (n <= 0 || this.#cursor >= this.#cellCode.length) return;
    while (this.#cellCode.length < end && this.#cols > 0) {
      this.#cellCode.push(0x20);
      this.#cellChar.push(-1);
    }
    this.#move(this.#cols === 0 ? this.#cellCode.length : end - n, this.#cursor, n);
  }

  /** A character is masked where it is shown. */
  hide(char: number): void {
    this.#hidden.add(char);
  }

  isHidden(char: number): boolean {
    return this.#hidden.has(char);
  }

  /** Which columns of the cursor's row some characters stand in; what is written over them is `code`. */
  writeOver(chars: ReadonlySet<number>, code: number): readonly number[] {
    const columns: number[] = [];
    const start = this.#rowStart();
    for (let cell = start; cell < this.#rowEnd(); cell++) {
      if (!chars.has(this.#cellChar[cell] ?? -1)) continue;
      columns.push(cell - start);
      this.#cellCode[cell] = code;
      this.#cellChar[cell] = -1;
    }
    return columns;
  }

  /** Cells out at one place, as many blanks in at another. */
  #move(out: number, into: number, n: number): void {
    for (const [list, blank] of [[this.#cellCode, 0x20], [this.#cellChar, -1]] as const) {
      list.splice(out, n);
      list.splice(into, 0, ...Array.from({ length: n }, () => blank));
    }
    this.#jumped = true;
  }

  /** New characters that this one was sent together with: one repeat sequence stands for many. */
  sentWith(char: number): number[] {
    const start = this.start(char);
    const all = [char];
    for (let c = char - 1; c >= this.#fresh && this.start(c) === start; c--) all.unshift(c);
    for (let c = char + 1; c < this.#first + this.#codes.length && this.start(c) === start; c++) all.push(c);
    return all;
  }

  /** New characters that were written over by the same ones, as printers made bold letters: `a`, backspace, `a`. */
  struckOver(chars: readonly number[]): number[] {
    if (!this.#jumped) return [];
    const over = new Map(chars.map((c) => [this.#at[c - this.#first] ?? -1, c]));
    const found: number[] = [];
    for (let c = this.#fresh; c < this.#first + this.#codes.length; c++) {
      const top = over.get(this.#at[c - this.#first] ?? -1);
      if (top !== undefined && top !== c && this.code(top) === this.code(c)) found.push(c);
    }
    return found;
  }

  /** Characters from number `char` on are new; earlier ones are kept as context only. */
  release(upTo: number): void {
    while (this.#fresh < this.#first + this.#codes.length && this.end(this.#fresh) <= upTo) this.#fresh++;
    const drop = this.#fresh - this.#first - bounds.contextChars;
    if (drop <= bounds.contextChars) return;
    for (const list of [this.#codes, this.#starts, this.#ends, this.#at]) list.splice(0, drop);
    this.#gaps.splice(0, drop);
    this.#first += drop;
    for (const char of this.#hidden) if (char < this.#first) this.#hidden.delete(char);
  }

  /** Number of the first character whose bytes are not released. */
  get firstFresh(): number {
    return this.#fresh;
  }

  /** The characters as they were sent; a jump of the cursor is a line break. What takes no column is not seen and left out. @param whole with bytes that are no UTF-8 */
  sent(whole = true): View {
    const from = Math.max(0, this.#fresh - this.#first - bounds.contextChars);
    const chars: number[] = [];
    let text = '';
    for (let i = from; i < this.#codes.length; i++) {
      const code = this.#codes[i] ?? 0;
      if (i > from && this.#gaps[i] === true) {
        text += '\n';
        chars.push(-1);
      }
      if ((charWidth(code) === 0 && code !== 0x09) || (!whole && code >= 0x80 && (this.#ends[i] ?? 0) - (this.#starts[i] ?? 0) === 1)) continue;
      text += code < 0x10000 ? String.fromCharCode(code) : String.fromCodePoint(code);
      chars.push(this.#first + i);
      if (code >= 0x10000) chars.push(this.#first + i);
    }
    return { text, chars, inOrder: true };
  }

  /** The cells, where they differ from what was sent. */
  cells(): View | undefined {
    return this.#jumped ? this.allCells() : undefined;
  }

  allCells(): View {
    return this.#view(0, this.#cellCode.length);
  }

  /** The cells of the cursor's row, and some before and after it. */
  rowCells(): View {
    const start = this.#rowStart();
    return this.#view(Math.max(0, start - bounds.aroundChars), Math.min(this.#cellCode.length, this.#rowEnd() + bounds.aroundChars));
  }

  #view(from: number, to: number): View {
    const chars: number[] = [];
    let text = '';
    for (let i = from; i < to; i++) {
      const code = this.#cellCode[i] ?? -1;
      if (code === -1) continue;
      text += code < 0x10000 ? String.fromCharCode(code) : String.fromCodePoint(code);
      const char = this.#cellChar[i] ?? -1;
      chars.push(char);
      if (code >= 0x10000) chars.push(char);
    }
    return { text, chars, inOrder: false };
  }

  /** The cell after the row's last one. */
  #rowEnd(): number {
    return this.#cols === 0 ? this.#cellCode.length : Math.min(this.#cellCode.length, this.#rowStart() + this.#cols);
  }

  #rowStart(): number {
    if (this.#cols === 0) return 0;
    // A cursor after the last column still is in that row.
    const pending = this.#cursor > 0 && this.#cursor === this.#lastEnd && this.#cursor % this.#cols === 0;
    return Math.floor((pending ? this.#cursor - 1 : this.#cursor) / this.#cols) * this.#cols;
  }

  #forgetCells(): void {
    const keep = this.#cols > 0 ? Math.ceil(bounds.contextChars / this.#cols) * this.#cols : bounds.contextChars;
    const drop = Math.floor((this.#cursor - keep) / (this.#cols || 1)) * (this.#cols || 1);
    this.#cellCode.splice(0, drop);
    this.#cellChar.splice(0, drop);
    this.#cursor -= drop;
    this.#lastEnd -= drop;
    this.#forgotten += drop;
  }
}
