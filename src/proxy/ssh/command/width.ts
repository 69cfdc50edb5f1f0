/** Columns that text takes on a terminal. Only where lines wrap depends on it: terminals differ over some of it. */
import { charWidth } from '../../../policy/mask/stream/char-width.ts';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const CONTROL = /^[\p{Cc}\u2028\u2029]/u;

/** What a person takes for one character each. */
export const characters = (text: string): string[] => (/^[ -~]*$/.test(text) ? Array.from(text) : Array.from(graphemes.segment(text), (s) => s.segment));

/** How a character of a line is shown: control characters as `^X`, so that none of them acts on the terminal. */
export function visible(character: string): string {
  if (!CONTROL.test(character)) return character;
  return Array.from(character, (c) => {
    const code = c.codePointAt(0) ?? 0;
    if (code < 0x20) return `^${String.fromCharCode(code + 0x40)}`;
    return CONTROL.test(c) ? '^?' : c;
  }).join('');
}

/** Text without its power over the terminal. */
export const shownText = (text: string): string => characters(text).map(visible).join('');

/** @param character one of `characters`, as `visible` shows it */
export function width(character: string): number {
  if (/^[ -~]+$/.test(character)) return character.length;
  // Most terminals draw what is joined one beside the other.
  return Array.from(character, (c) => charWidth(c.codePointAt(0) ?? 0)).reduce((sum: number, w) => sum + w, 0);
}

/** Where the cursor is after `shown`, from the left edge on; lines wrap at `cols`. The column is `cols` after the last one was written. */
export function place(shown: readonly string[], cols: number): { readonly row: number; readonly col: number } {
  let row = 0;
  let col = 0;
  for (const character of shown) {
    // Several code points, as `^X` or joined pictures, may wrap apart.
    for (const part of Array.from(character)) {
      const w = width(part);
      if (col + w > cols) {
        row++;
        col = 0;
      }
      col += w;
    }
  }
  return { row, col };
}
