/** How wide characters are on the terminals of today, where emoji take two columns; the library's own table is of 2010. */
import type { IUnicodeVersionProvider } from '@xterm/headless';
import { charWidth } from '../../../policy/mask/stream/char-width.ts';

/** A property value of the library: width in two bits, above one that joins the character to the one before. */
const property = (width: number, joins: boolean): number => (width << 1) | (joins ? 1 : 0);
const widthOf = (value: number): 0 | 1 | 2 => ((value >> 1) & 3) as 0 | 1 | 2;

export const widths: IUnicodeVersionProvider = {
  version: 'sallyport',
  wcwidth: charWidth,
  charProperties: (code, preceding) => {
    const width = charWidth(code);
    const before = widthOf(preceding);
    return width === 0 && preceding !== 0 && before > 0 ? property(before, true) : property(width, false);
  },
};
