/**
 * Draws a prompt and the line behind it. The cursor is brought to its place by writing what stands before it once more:
 * terminals differ over the width of some characters, and each knows its own.
 */
import { place, visible } from './width.ts';

const ESC = '\u001b';
const CLEAR_BELOW = `${ESC}[J`;

export class LineView {
  #cols: number;
  /** Rows of the cursor below the prompt's first. */
  #row = 0;
  #prompt: readonly string[] = [];
  #style: readonly [string, string] = ['', ''];

  constructor(cols: number) {
    this.#cols = cols;
  }

  /** @param style escape sequences around the prompt */
  prompt(text: string, style: readonly [string, string]): void {
    this.#prompt = Array.from(text);
    this.#style = style;
  }

  /** The prompt stands where the cursor is: at the left edge. */
  fresh(): void {
    this.#row = 0;
  }

  resize(cols: number): void {
    this.#cols = cols;
  }

  draw(before: readonly string[], after: readonly string[]): string {
    const shownBefore = before.map(visible);
    const head = [...this.#prompt, ...shownBefore];
    const all = [...head, ...after.map(visible)];
    const top = this.#up();
    let out = top + this.#text(shownBefore) + all.slice(head.length).join('') + this.#wrap(all) + CLEAR_BELOW;
    if (after.length > 0) {
      this.#row = this.#rowOf(all);
      out += this.#up() + this.#text(shownBefore) + this.#wrap(head);
    }
    this.#row = this.#rowOf(head);
    return out;
  }

  /** What was added at the end only, or undefined where the line has to be drawn anew. */
  append(before: readonly string[], added: string): string | undefined {
    const shown = [...this.#prompt, ...before.map(visible)];
    const { row, col } = place(shown, this.#cols);
    return row === this.#row && col < this.#cols && /^[ -~]*$/.test(added) ? added : undefined;
  }

  /** Behind the end of the line. */
  finish(before: readonly string[], after: readonly string[]): string {
    const out = after.length > 0 ? this.draw([...before, ...after], []) : '';
    this.#row = 0;
    return `${out}\r\n`;
  }

  #text(shownBefore: readonly string[]): string {
    return `${this.#style[0]}${this.#prompt.join('')}${this.#style[1]}${shownBefore.join('')}`;
  }

  #up(): string {
    return `\r${this.#row > 0 ? `${ESC}[${this.#row}A` : ''}`;
  }

  /** After the last column the cursor is taken to the next row, so that all terminals agree where it is. */
  #wrap(shown: readonly string[]): string {
    return place(shown, this.#cols).col === this.#cols ? ' \r' : '';
  }

  #rowOf(shown: readonly string[]): number {
    const { row, col } = place(shown, this.#cols);
    return col === this.#cols ? row + 1 : row;
  }
}
