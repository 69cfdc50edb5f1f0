/**
 * A mask that takes the columns of what it hides, so that full-screen programs keep their layout. It shows the value's
 * length, which a cell's mask does not: on a terminal the layout would show it anyway.
 */
import type { MaskSpec } from '../render.ts';

/** One character of a value. */
export interface ValueChar {
  readonly text: string;
  /** Columns it takes. */
  readonly width: number;
}

const MARK = '*';

/** @returns what stands for each character: ASCII of the same width; nothing for a character that takes no column */
export function fitMask(spec: MaskSpec, value: readonly ValueChar[]): readonly string[] {
  const text = value.map((c) => c.text).join('');
  const width = value.reduce((n, c) => n + c.width, 0);
  if (spec.kind === 'token') {
    const token = spec.tokens.token(Buffer.from(text, 'utf8')).toString('latin1');
    // A token that is cut would be no token: it is not recognised when it is sent back.
    return token.length <= width ? spread(token.padEnd(width, MARK), value) : stars(value);
  }
  if (spec.kind !== 'partial') return stars(value);
  const kept = keeps(spec, value, text);
  return value.map((c, i) => (kept.has(i) ? c.text : MARK.repeat(c.width)));
}

/** Nothing of the value: for the rest of one whose beginning was shown already. */
export const stars = (value: readonly ValueChar[]): readonly string[] => value.map((c) => MARK.repeat(c.width));

function spread(mask: string, value: readonly ValueChar[]): readonly string[] {
  let at = 0;
  return value.map((c) => {
    at += c.width;
    return mask.slice(at - c.width, at);
  });
}

/** Which characters stay, by the same rules as `partialMask`; separators of a number stay, too. */
function keeps(spec: MaskSpec, value: readonly ValueChar[], text: string): ReadonlySet<number> {
  const kept = new Set<number>();
  const keepLast = (n: number, pattern: RegExp): void => {
    for (let i = value.length - 1, left = n; i >= 0 && left > 0; i--) {
      if (!pattern.test(value[i]?.text ?? '')) continue;
      kept.add(i);
      left--;
    }
  };
  const separators = (): void => {
    for (const [i, c] of value.entries()) if (/^[ .()/-]$/.test(c.text)) kept.add(i);
  };
  const digits = text.replaceAll(/[^0-9]/g, '').length;
  switch (spec.shape) {
    case 'email': {
      const at = value.findLastIndex((c) => c.text === '@');
      const domain = value.slice(at + 1);
      if (at < 1 || !/^[A-Za-z0-9.-]{3,255}$/.test(domain.map((c) => c.text).join('')) || !/^[A-Za-z0-9._%+-]+$/.test(text.slice(0, text.lastIndexOf('@')))) break;
      if (at >= 3) kept.add(0);
      for (let i = at; i < value.length; i++) kept.add(i);
      break;
    }
    case 'card':
      if (digits >= 13) {
        keepLast(4, /^[0-9]$/);
        separators();
      }
      break;
    case 'iban':
      if (text.replaceAll(/[^A-Za-z0-9]/g, '').length >= 15) {
        kept.add(0).add(1);
        keepLast(4, /^[A-Za-z0-9]$/);
        separators();
      }
      break;
    case 'phone':
    case 'number':
      if (digits >= 9) {
        keepLast(2, /^[0-9]$/);
        separators();
      }
      break;
    case 'other':
      if (value.length >= 8 && /^[A-Za-z0-9]$/.test(value[0]?.text ?? '')) kept.add(0);
      break;
    case 'secret':
      break;
  }
  return kept;
}
