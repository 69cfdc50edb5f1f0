/** The part of a statement that a line has room for: the one with the first mark in it. Pure. */

export interface Excerpt {
  readonly text: string;
  readonly marks: readonly (readonly [number, number])[];
}

const LINE_CHARS = 260;
const LEAD_CHARS = 40;

/**
 * Collapses white space and cuts, keeping the marks where they belong.
 * @param marks `[from, to]` in UTF-16 units of `text`, in order
 */
export function cut(text: string, marks: readonly (readonly [number, number])[]): Excerpt {
  const first = marks[0]?.[0] ?? 0;
  const start = first > LINE_CHARS - LEAD_CHARS ? wordStart(text, first - LEAD_CHARS) : 0;
  let out = start > 0 ? '… ' : '';
  const at = new Map<number, number>();
  const wanted = new Set(marks.flat());
  let space = true;
  let i = start;
  for (; i < text.length && out.length < LINE_CHARS; i++) {
    if (wanted.has(i)) at.set(i, out.length);
    const char = text.charAt(i);
    const blank = /\s/.test(char);
    if (!blank) out += char;
    else if (!space) out += ' ';
    space = blank;
  }
  const end = out.length;
  const placed = marks.flatMap(([from, to]): [number, number][] => {
    const begin = at.get(from);
    return begin === undefined ? [] : [[begin, Math.min(end, at.get(to) ?? end)]];
  });
  return { text: i < text.length ? `${out}…` : out, marks: placed };
}

function wordStart(text: string, at: number): number {
  const space = text.slice(at, at + LEAD_CHARS).search(/\s/);
  return space < 0 ? at : at + space + 1;
}

export interface Part {
  readonly from: number;
  readonly text: string;
  readonly marked: boolean;
}

/** The excerpt in parts, in turn marked and not. */
export function marksIn({ text, marks }: Excerpt): Part[] {
  const parts: Part[] = [];
  let done = 0;
  const add = (to: number, marked: boolean): void => {
    if (to > done) parts.push({ from: done, text: text.slice(done, to), marked });
    done = Math.max(done, to);
  };
  for (const [from, to] of marks) {
    add(from, false);
    add(to, true);
  }
  add(text.length, false);
  return parts;
}
