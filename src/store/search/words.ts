/**
 * The words of a statement, suited to SQL: an identifier is cut at dots, underscores and changes of case, and each part
 * has its own position, so that `orders.customer_id` is found by `orders`, by `customer`, and by `customer_id` as the
 * phrase of its parts. Used for what is indexed, for what is asked, and for what is marked in a hit.
 */

/** Words of one statement that the index keeps; a longer one is found by its beginning, and by the text of its recording. */
export const WORDS_MAX = 4_000;
/** PostgreSQL's lexemes end at 2 KiB; nobody types more than this. */
const WORD_CHARS_MAX = 100;
/** Positions of a tsvector end here; words beyond are found, but in no phrase. */
const POSITION_MAX = 16_000;
/** Between texts of one row, so that no phrase spans them. */
const TEXT_GAP = 10;

const RUN = /[\p{L}\p{N}\p{M}_$]+/gu;
const PART = /[\p{L}\p{N}\p{M}]+/gu;
/** customerId, HTTPServer. */
const CAMEL = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
/** `msk_<class>_<12 letters>`: what stands in the place of a masked value (docs/formats/recording.md). */
const MASK_TOKEN = /^msk_[a-z0-9_]+_[a-z0-9]{12}$/;

export interface Word {
  /** Normalised (NFKC) and in lower case. */
  readonly word: string;
  /** UTF-16 offsets in the text. */
  readonly from: number;
  readonly to: number;
  /** A mask token: kept apart, so that beginnings of words do not meet millions of them. */
  readonly token: boolean;
}

/** The words of `text` in order, at most `max`. */
export function wordsOf(text: string, max = WORDS_MAX): Word[] {
  const words: Word[] = [];
  for (const run of text.matchAll(RUN)) {
    if (MASK_TOKEN.test(run[0])) words.push({ word: run[0], from: run.index, to: run.index + run[0].length, token: true });
    else for (const part of run[0].matchAll(PART)) cut(part[0], run.index + part.index, words);
    if (words.length >= max) return words.slice(0, max);
  }
  return words;
}

function cut(part: string, at: number, words: Word[]): void {
  let from = at;
  for (const piece of part.split(CAMEL)) {
    const word = piece.normalize('NFKC').toLowerCase().slice(0, WORD_CHARS_MAX).toWellFormed();
    if (word !== '') words.push({ word, from, to: from + piece.length, token: false });
    from += piece.length;
  }
}

/**
 * Exact values that a filter asks for are lexemes of the same index, so that one look-up answers words and filters
 * together. They begin with a character that no word has.
 */
export type Tag = `=${'p' | 'g' | 'k' | 'd' | 'i' | 'c' | 't' | 'b' | 'v' | 'a' | 'e' | 'm' | 'u'}:${string}`;
export const tag = (kind: 'person' | 'group' | 'target' | 'decision' | 'policy' | 'data_class' | 'table' | 'verb' | 'device' | 'client' | 'failed' | 'token' | 'unmasked', value: string): Tag =>
  `=${LETTERS[kind]}:${plain(value.toLowerCase()).slice(0, 300)}`;
const LETTERS = { person: 'p', group: 'g', target: 'k', decision: 'd', policy: 'i', data_class: 'c', table: 't', verb: 'b', device: 'v', client: 'a', failed: 'e', token: 'm', unmasked: 'u' } as const;

/** Text as the database can hold it: no NUL, no half of a surrogate pair. */
export const plain = (text: string): string => text.replaceAll('\u0000', '\u2400').toWellFormed();

/** A lexeme as the text form of tsvector and tsquery quotes it. */
export const quoted = (lexeme: string): string => `'${plain(lexeme).replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

/**
 * The text form of a tsvector: words of all texts with their positions, tags without.
 * @param firstWords words of the first text, for a caller who knows them
 */
export function vectorText(texts: readonly string[], tags: readonly Tag[], firstWords?: readonly Word[]): string {
  const positions = new Map<string, number[]>();
  let position = 0;
  let left = WORDS_MAX;
  for (const [i, text] of texts.entries()) {
    const words = i === 0 && firstWords !== undefined ? firstWords : wordsOf(text, left);
    left -= words.length;
    for (const { word, token } of words) {
      position++;
      const lexeme = token ? tag('token', word) : word;
      const at = positions.get(lexeme) ?? [];
      // PostgreSQL keeps 255 positions of a lexeme.
      if (at.length < 255 && position <= POSITION_MAX) at.push(position);
      positions.set(lexeme, at);
    }
    position += TEXT_GAP;
  }
  for (const t of tags) positions.set(t, []);
  return Array.from(positions, ([lexeme, at]) => (at.length === 0 ? quoted(lexeme) : `${quoted(lexeme)}:${at.join(',')}`)).join(' ');
}
