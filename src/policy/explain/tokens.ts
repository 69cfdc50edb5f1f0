/** One statement's text as tokens of the server's own scanner, with nesting: enough to find the clause around a place. */
import { scanSync } from 'libpg-query';
import type { TextPlace } from '../types.ts';

export interface Token extends TextPlace {
  /** As written; keywords in lower case. */
  readonly text: string;
  readonly keyword: boolean;
  /** The identifier that a name means: folded to lower case unless quoted. Undefined for everything else. */
  readonly name: string | undefined;
  /** How many brackets (and CASE ... END) are open around it. */
  readonly depth: number;
}

export interface Tokens {
  readonly sql: string;
  readonly all: readonly Token[];
}

const OPEN = new Set(['(', '[', 'case']);
const CLOSE = new Set([')', ']', 'end']);
const COMMENTS = new Set(['SQL_COMMENT', 'C_COMMENT']);

/** Tokens without comments; none when the scanner does not understand the text. */
export function tokensOf(sql: string): Tokens {
  let raw: ReturnType<typeof scanSync>['tokens'];
  try {
    raw = scanSync(sql).tokens;
  } catch {
    return { sql, all: [] };
  }
  const charAt = charIndex(sql);
  const all: Token[] = [];
  let depth = 0;
  for (const t of raw) {
    if (COMMENTS.has(t.tokenName)) continue;
    const [start, end] = [charAt(t.start), charAt(t.end)];
    const written = sql.slice(start, end);
    const keyword = t.keywordKind > 0;
    const text = keyword ? written.toLowerCase() : written;
    if (CLOSE.has(text)) depth = Math.max(0, depth - 1);
    all.push({ start, end, text, keyword, name: nameOf(written), depth });
    if (OPEN.has(text)) depth += 1;
  }
  return { sql, all };
}

function nameOf(written: string): string | undefined {
  if (/^[\p{L}_][\p{L}\p{N}_$]*$/u.test(written)) return written.toLowerCase();
  return /^"(?:[^"]|"")+"$/.test(written) ? written.slice(1, -1).replaceAll('""', '"') : undefined;
}

/** From bytes of UTF-8, which the scanner counts, to UTF-16 units. */
function charIndex(sql: string): (byte: number) => number {
  const chars: number[] = [];
  for (let i = 0; i < sql.length; ) {
    const point = sql.codePointAt(i) ?? 0;
    for (let bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4; bytes > 0; bytes--) chars.push(i);
    i += point > 0xffff ? 2 : 1;
  }
  return (byte) => chars[byte] ?? sql.length;
}

/** Index of the token that covers `at`, or of the next one. */
export function tokenIndex(t: Tokens, at: number): number {
  const found = t.all.findIndex((token) => token.end > at);
  return found < 0 ? t.all.length - 1 : found;
}

export const textAt = (t: Tokens, at: TextPlace): string => t.sql.slice(at.start, at.end);

/** A dotted name that ends in `name`: `s.t`, `"T"`, `f`. `call`: only where arguments follow, which are part of the place. */
export function findName(t: Tokens, name: string, call = false): TextPlace | undefined {
  for (let i = 0; i < t.all.length; i++) {
    const token = t.all[i];
    if (token?.name !== name) continue;
    const next = t.all[i + 1];
    if (next?.text === '.' || (call && next?.text !== '(')) continue;
    let first = i;
    while (t.all[first - 1]?.text === '.' && t.all[first - 2]?.name !== undefined) first -= 2;
    const end = call ? closing(t, i + 1) : token.end;
    return { start: t.all[first]?.start ?? token.start, end };
  }
  return undefined;
}

/** End of the bracket that token number `open` opens. */
function closing(t: Tokens, open: number): number {
  const depth = t.all[open]?.depth ?? 0;
  const close = t.all.find((token, i) => i > open && token.depth === depth && CLOSE.has(token.text));
  return close?.end ?? t.all[open]?.end ?? t.sql.length;
}
