/** Columns that text takes on a terminal. Only where lines wrap depends on it: terminals differ over some of it. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** East Asian wide and full-width, and what is drawn as a picture (Unicode UAX 11). */
const WIDE = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
/** Forms of the wide scripts that are half as wide. */
const NARROW = /^[\uff61-\uffdc]/;
const CONTROL = /^[\p{Cc}\u2028\u2029]/u;
const INVISIBLE = /^[\p{M}\p{Cf}]/u;

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
  if (INVISIBLE.test(character)) return 0;
  return (WIDE.test(character) && !NARROW.test(character)) || character.includes('\ufe0f') ? 2 : 1;
}

/** Where the cursor is after `shown`, from the left edge on; lines wrap at `cols`. The column is `cols` after the last one was written. */
export function place(shown: readonly string[], cols: number): { readonly row: number; readonly col: number } {
  let row = 0;
  let col = 0;
  for (const character of shown) {
    // A control character is shown as two that may wrap apart.
    const parts = character.length > 1 && character.startsWith('^') ? Array.from(character) : [character];
    for (const part of parts) {
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
