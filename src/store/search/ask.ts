/**
 * What a person typed, as a tsquery. Quotes make a phrase, a `*` after a word asks for its beginning; everything else
 * that is not a letter or digit only separates words. So no text can be an error of syntax, or an operator.
 */
import { StoreError } from '../http/errors.ts';
import { quoted, tag, type Tag, type Word, wordsOf } from './words.ts';

/** Terms of one search. */
const TERMS_MAX = 30;
/** A beginning this short would meet most of the index. */
const PREFIX_CHARS_MIN = 2;
/** A quoted phrase, or a run without spaces. */
const PIECE = /"([^"]*)"?|([^\s"]+)/gu;
const PREFIX = /[\p{L}\p{N}\p{M}_$]\*+$/u;

/** Words that follow each other directly. `prefix`: the last one is a beginning. */
export interface Term {
  readonly words: readonly { readonly word: string; readonly token: boolean }[];
  readonly prefix: boolean;
}

/** @throws StoreError bad_request when there is nothing to search for, or too much */
export function parseAsk(text: string): Term[] {
  const terms: Term[] = [];
  for (const match of text.matchAll(PIECE)) {
    const piece = match[1] ?? match[2] ?? '';
    const words = wordsOf(piece).map(({ word, token }) => ({ word, token }));
    const last = words.at(-1);
    if (last === undefined) continue;
    const prefix = PREFIX.test(piece) && !last.token;
    if (prefix && last.word.length < PREFIX_CHARS_MIN) throw new StoreError('bad_request', `${last.word}*: a beginning needs ${PREFIX_CHARS_MIN} letters or more`);
    terms.push({ words, prefix });
  }
  if (terms.length === 0) throw new StoreError('bad_request', 'the text holds no word to search for; signs are found by "contains"');
  if (terms.reduce((sum, t) => sum + t.words.length, 0) > TERMS_MAX) throw new StoreError('bad_request', `a search has at most ${TERMS_MAX} words`);
  return terms;
}

/** One term in the text form of tsquery. */
export const termQuery = (term: Term): string => `(${term.words.map((w, i) => `${quoted(w.token ? tag('token', w.word) : w.word)}${term.prefix && i === term.words.length - 1 ? ':*' : ''}`).join(' <-> ')})`;

/** Terms and groups of alternatives, all of which must hold. Empty when nothing is asked. */
export const askQuery = (terms: readonly Term[], anyOf: readonly (readonly Tag[])[]): string =>
  [...terms.map(termQuery), ...anyOf.map((tags) => `(${tags.map(quoted).join(' | ')})`)].join(' & ');

/** Marks where the terms, and the exact text of `contains`, stand in a statement. */
export function highlightsOf(text: string, terms: readonly Term[], contains: string | undefined, max = 200): [number, number][] {
  const found: [number, number][] = [];
  if (terms.length > 0) {
    const words = wordsOf(text);
    for (const term of terms) for (let i = 0; i < words.length; i++) if (matches(words, i, term)) found.push([words[i]?.from ?? 0, words[i + term.words.length - 1]?.to ?? 0]);
  }
  if (contains !== undefined) {
    const where = text.toLowerCase();
    const what = contains.toLowerCase();
    // Lower case may change lengths in some scripts; then offsets would lie.
    if (where.length === text.length && what.length === contains.length) for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + what.length)) found.push([at, at + what.length]);
  }
  return joined(found).slice(0, max);
}

function matches(words: readonly Word[], at: number, term: Term): boolean {
  return term.words.every((w, k) => {
    const there = words[at + k];
    if (there?.token !== w.token) return false;
    return term.prefix && k === term.words.length - 1 ? there.word.startsWith(w.word) : there.word === w.word;
  });
}

/** In order, overlapping ones as one. */
function joined(ranges: [number, number][]): [number, number][] {
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const out: [number, number][] = [];
  for (const [from, to] of ranges) {
    const last = out.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}
