/** Where in a statement's text a part of its tree stands: for people who look at the text, never for decisions. */
import type { TextPlace } from '../types.ts';
import { isObject } from './tree.ts';

/** The text of one statement, with places of the tree as the parser counts them: bytes of the whole query in UTF-8. */
export class StatementText {
  readonly text: string;
  readonly #startByte: number;
  #chars: Uint32Array | undefined;

  /** @param startByte where `text` begins in the query that was parsed */
  constructor(text: string, startByte: number) {
    this.text = text;
    this.#startByte = startByte;
  }

  get whole(): TextPlace {
    return { start: 0, end: this.text.length };
  }

  /** From the first to the last character of a part of the tree; undefined when nothing in it carries a place. */
  placeOf(tree: unknown): TextPlace | undefined {
    const range = { first: Infinity, last: -1 };
    gather(tree, range);
    if (range.last < 0) return undefined;
    const [first, last] = [this.#charAt(range.first), this.#charAt(range.last)];
    if (first === undefined || last === undefined) return undefined;
    return extent(this.text, first, last);
  }

  #charAt(queryByte: number): number | undefined {
    const byte = queryByte - this.#startByte;
    this.#chars ??= charsByByte(this.text);
    if (this.#chars.length === 0) return byte >= 0 && byte < this.text.length ? byte : undefined;
    return this.#chars[byte];
  }
}

const NOTHING = new Uint32Array(0);

/** Index of the character at each byte; empty when they are the same. */
function charsByByte(text: string): Uint32Array {
  // eslint-disable-next-line no-control-regex -- the ASCII range
  if (/^[\x00-\x7f]*$/.test(text)) return NOTHING;
  const out: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) ?? 0;
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (let b = 0; b < bytes; b++) out.push(i);
    if (code > 0xffff) i++;
  }
  return Uint32Array.from(out);
}

function gather(tree: unknown, range: { first: number; last: number }): void {
  if (!isObject(tree)) return;
  for (const key in tree) {
    const value = tree[key];
    if (key === 'location' && typeof value === 'number') {
      if (value < 0) continue;
      range.first = Math.min(range.first, value);
      range.last = Math.max(range.last, value);
    } else gather(value, range);
  }
}

const TOKEN =
  /\s+|--[^\n]*|[uU]&(?:'(?:[^']|'')*'|"(?:[^"]|"")*")|[eE]'(?:[^'\\]|''|\\[\s\S])*'|[bBxXnN]?'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\$?\d[\w.]*|::|[\s\S]/y;

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function tokenAt(text: string, at: number): Token | undefined {
  if (at >= text.length) return undefined;
  if (text.startsWith('/*', at)) return { text: ' ', start: at, end: endOfComment(text, at) };
  TOKEN.lastIndex = at;
  const found = TOKEN.exec(text)?.[0];
  return found === undefined ? undefined : { text: found, start: at, end: at + found.length };
}

/** Block comments nest. */
function endOfComment(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text.startsWith('/*', i)) [depth, i] = [depth + 1, i + 1];
    else if (text.startsWith('*/', i)) {
      [depth, i] = [depth - 1, i + 1];
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

const isBlank = (t: Token): boolean => /^\s|^--/.test(t.text);
const OPENING = /^(?:[([]|case)$/i;
const CLOSING = /^(?:[)\]]|end)$/i;
const IS_TEST = /^(?:is|not|null|true|false|unknown|document|normalized)$/i;

/** Widens a range of token starts to the end of its last token and to matching brackets. */
function extent(text: string, first: number, last: number): TextPlace {
  let depth = 0;
  let missing = 0;
  let end = first;
  let previous = '';
  for (let t = tokenAt(text, first); t !== undefined; t = tokenAt(text, t.end)) {
    if (isBlank(t)) continue;
    const within = t.start <= last || depth > 0;
    if (!within && !continues(previous, t.text)) break;
    if (OPENING.test(t.text)) depth++;
    else if (CLOSING.test(t.text)) {
      if (depth === 0) missing++;
      else depth--;
    }
    end = t.end;
    previous = t.text;
  }
  return { start: opened(text, first, missing), end };
}

/** What still belongs to the last located token: the rest of a dotted name, arguments, IS NOT NULL. */
function continues(previous: string, next: string): boolean {
  if (next === '.' || previous === '.') return true;
  if (next === '(' || next === '[') return /[\w"]$/.test(previous);
  return /^(?:is|not)$/i.test(previous) && IS_TEST.test(next);
}

/** Brackets that close inside a range were opened right before it. */
function opened(text: string, first: number, missing: number): number {
  let start = first;
  for (let i = first - 1; i >= 0 && missing > 0; i--) {
    const c = text[i] ?? '';
    if (c === '(' || c === '[') [start, missing] = [i, missing - 1];
    else if (!/\s/.test(c)) break;
  }
  return start;
}
