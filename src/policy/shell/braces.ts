/** Brace expansion of one `{...}` that holds plain text only. */
import { shellLimits } from './limits.ts';

const PLAIN = /^[^'"\\$`*?[\]~\s]*$/;
const SEQUENCE = /^\{(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(\.\.-?\d+)?\}$/;

/** The alternatives in order; 'sequence' for `{1..9}`; undefined when it is not plain or has too many. */
export function expandBraces(text: string): readonly string[] | 'sequence' | undefined {
  if (SEQUENCE.test(text)) return 'sequence';
  if (!PLAIN.test(text)) return undefined;
  return alternatives(text, 0);
}

function alternatives(text: string, depth: number): string[] | undefined {
  if (depth > 8) return undefined;
  const out: string[] = [];
  for (const branch of branches(text)) {
    const inner = expandText(branch, depth + 1);
    if (inner === undefined) return undefined;
    out.push(...inner);
    if (out.length > shellLimits.braceWords) return undefined;
  }
  return out;
}

/** The parts between the commas of the outermost braces. */
function branches(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let from = 1;
  for (let i = 1; i < text.length - 1; i++) {
    const c = text[i];
    if (c === '{') depth++;
    else if (c === '}') depth--;
    else if (c === ',' && depth === 0) {
      out.push(text.slice(from, i));
      from = i + 1;
    }
  }
  out.push(text.slice(from, -1));
  return out;
}

/** Text that may have braces within. */
function expandText(text: string, depth: number): string[] | undefined {
  const open = text.indexOf('{');
  if (open < 0) return [text];
  let nested = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '{') nested++;
    else if (text[i] === '}' && --nested === 0) {
      const own = text.slice(open, i + 1);
      // `{x}` and sequences inside are rare enough to be left alone.
      if (branches(own).length < 2) return undefined;
      const middle = alternatives(own, depth);
      const tails = expandText(text.slice(i + 1), depth);
      if (middle === undefined || tails === undefined || middle.length * tails.length > shellLimits.braceWords) return undefined;
      return middle.flatMap((m) => tails.map((t) => text.slice(0, open) + m + t));
    }
  }
  return undefined;
}
