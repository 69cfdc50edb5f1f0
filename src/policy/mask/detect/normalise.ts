/**
 * A copy of a text in which look-alikes and escapes are spelled plainly, with the place of each character in the
 * original. Detectors run on the copy too, so that `ｂob＠x.com`, `bob%40x.com`, `4111<zero width>1111...` and
 * `bob\u0040x.com` are found and masked where they stand.
 */

export interface Normalised {
  readonly text: string;
  /** Original offset at which character i of `text` begins; one more entry holds the original's length. */
  readonly at: Int32Array;
}

/** Characters that are worth the copy; plain accented text has none. */
/** A character class from ranges, kept apart because several of them are combining characters. */
const oneOf = (ranges: readonly string[]): string => `[${ranges.join('')}]`;
const INVISIBLES = ['\\u00ad', '\\u034f', '\\u061c', '\\u115f', '\\u1160', '\\u180e', '\\u200b-\\u200f', '\\u202a-\\u202e', '\\u2060-\\u206f', '\\u3164', '\\ufe00-\\ufe0f', '\\ufeff', '\\uffa0'];
const SUSPICIOUS = new RegExp(
  oneOf([
    ...INVISIBLES,
    '\\u00a0', '\\u00b2', '\\u00b3', '\\u00b9', '\\u0660-\\u0669', '\\u06f0-\\u06f9', '\\u07c0-\\u07c9', '\\u0966-\\u096f', '\\u09e6-\\u09ef', '\\u0a66-\\u0a6f', '\\u0ae6-\\u0aef', '\\u0b66-\\u0b6f', '\\u0be6-\\u0bef', '\\u0c66-\\u0c6f', '\\u0ce6-\\u0cef', '\\u0d66-\\u0d6f', '\\u0e50-\\u0e59', '\\u0ed0-\\u0ed9', '\\u0f20-\\u0f29', '\\u1040-\\u1049', '\\u17e0-\\u17e9', '\\u1810-\\u1819', '\\u2000-\\u2015', '\\u2024', '\\u202a-\\u202f', '\\u205f-\\u206f', '\\u2070-\\u2089', '\\u2212', '\\u2460-\\u2468', '\\u24b6-\\u24e9', '\\u3000', '\\ufe52', '\\ufe58', '\\ufe63', '\\ufe6b', '\\uff01-\\uff5e', '\\u{1d400}-\\u{1d7ff}',
  ]),
  'u',
);
const ESCAPED = /%[0-9a-f]{2}|\\u[0-9a-f{]|\\x[0-9a-f]{2}|&(?:#|commat;|period;|nbsp;|plus;|lowbar;|colon;)/i;
const ESCAPE_AT = /(?:%([0-9a-f]{2})|\\+u(?:\{([0-9a-f]{1,6})\}|([0-9a-f]{4}))|\\+x([0-9a-f]{2})|&#x([0-9a-f]{1,6});?|&#([0-9]{1,7});?|&(commat|period|nbsp|plus|lowbar|colon);)/iy;
const INVISIBLE = new RegExp(`^${oneOf(INVISIBLES)}$`);
const SPACE = /^[\u00a0\u2000-\u200a\u202f\u205f\u3000]$/;
const DASH = /^[\u2010-\u2015\u2212\ufe58\ufe63]$/;
const NAMED: Readonly<Record<string, string>> = { commat: '@', period: '.', nbsp: ' ', plus: '+', lowbar: '_', colon: ':' };

/** @returns undefined when the text holds nothing to normalise. */
export function normalise(text: string): Normalised | undefined {
  let current: Normalised | undefined;
  // Twice-encoded text (`%2540`) needs a second round; deeper nesting is not looked for.
  for (let round = 0; round < 3; round++) {
    const source = current?.text ?? text;
    if (!SUSPICIOUS.test(source) && !ESCAPED.test(source)) break;
    const next = once(source);
    if (next.text === source) break;
    current = current === undefined ? next : { text: next.text, at: compose(current.at, next.at) };
  }
  return current;
}

function compose(outer: Int32Array, inner: Int32Array): Int32Array {
  return inner.map((i) => outer[i] ?? outer.at(-1) ?? 0);
}

function once(text: string): Normalised {
  const at = new Int32Array(text.length + 1);
  let out = '';
  let i = 0;
  const put = (s: string): void => {
    for (const unit of s.split('')) {
      at[out.length] = i;
      out += unit;
    }
  };
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === 0x25 || code === 0x5c || code === 0x26) {
      const [plain, length] = unescape(text, i);
      put(plain);
      i += length;
    } else if (code < 0x80) {
      at[out.length] = i++;
      out += text.charAt(i - 1);
    } else {
      const point = String.fromCodePoint(text.codePointAt(i) ?? code);
      put(plainOf(point));
      i += point.length;
    }
  }
  at[out.length] = text.length;
  return { text: out, at: at.slice(0, out.length + 1) };
}

function unescape(text: string, i: number): readonly [string, number] {
  ESCAPE_AT.lastIndex = i;
  const m = ESCAPE_AT.exec(text);
  if (m === null) return [text.charAt(i), 1];
  const named = m[7];
  if (named !== undefined) return [NAMED[named.toLowerCase()] ?? '', m[0].length];
  const hex = m[1] ?? m[2] ?? m[3] ?? m[4] ?? m[5];
  const code = hex === undefined ? Number(m[6]) : parseInt(hex, 16);
  // Bytes above 0x7f of a percent escape are parts of UTF-8 sequences: left as they are.
  if (code > 0x10ffff || code < 0x20 || (m[1] !== undefined && code > 0x7f)) return [text.charAt(i), 1];
  return [String.fromCodePoint(code), m[0].length];
}

function plainOf(point: string): string {
  if (INVISIBLE.test(point)) return '';
  if (SPACE.test(point)) return ' ';
  if (DASH.test(point)) return '-';
  if (!SUSPICIOUS.test(point)) return point;
  const compatible = point.normalize('NFKC');
  if (/^[\x20-\x7e]$/.test(compatible)) return compatible;
  return digitOf(point) ?? point;
}

/** Decimal digits of other scripts: each block of ten starts at its zero (Unicode general category Nd). */
function digitOf(point: string): string | undefined {
  if (!/^\p{Nd}$/u.test(point)) return undefined;
  const code = point.codePointAt(0) ?? 0;
  const zero = [0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0, 0x1810].find((z) => code >= z && code < z + 10);
  return zero === undefined ? undefined : String(code - zero);
}
