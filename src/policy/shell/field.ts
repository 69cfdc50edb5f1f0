/** A word of a command line after the shell's expansions, as far as they are known before it runs. */

/** A run of the word: text that is known, or what is only known at run time. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** A glob character: `*`, `?` or a bracket. */
  | { readonly kind: 'glob'; readonly text: '*' | '?'; readonly noDash?: true }
  /** A value of run time; `unset`: nothing has set the variable. `plain`: it has no `/`, no white space and no leading `-`, as numbers and dates; `single`: it is one word at most. */
  | { readonly kind: 'value'; readonly plain: boolean; readonly single?: true; readonly unset?: true };

export interface Field {
  /** The word, when all of it is known; undefined otherwise. */
  readonly text: string | undefined;
  /** The word with `*` (within one part of a path), `**` (any run) and `?` where it is not known. */
  readonly pattern: string;
  /** It begins with the home directory, which `text` and `pattern` write as `~`. */
  readonly home: boolean;
  /** Part of it is a value of run time. */
  readonly dynamic: boolean;
  /** It may become any number of words, or none. */
  readonly splits: boolean;
  /** None of these words begins with a dash. */
  readonly noDash?: true;
  /** It is a variable that nothing has set. */
  readonly isUnset?: true;
}

export function fieldOf(pieces: readonly Piece[], home: boolean, splits: boolean): Field {
  const known = pieces.every((p) => p.kind === 'text');
  const pattern = (home ? '~' : '') + pieces.map((p) => (p.kind === 'value' ? (p.plain ? '*' : '**') : p.text)).join('');
  const [first] = pieces;
  const noDash = first?.kind === 'glob' && first.noDash === true;
  const isUnset = pieces.length === 1 && first?.kind === 'value' && first.unset === true;
  return { text: known ? pattern : undefined, pattern, home, dynamic: pieces.some((p) => p.kind === 'value' && !p.plain), splits, ...(noDash ? { noDash } : {}), ...(isUnset ? { isUnset } : {}) };
}

export const staticField = (text: string): Field => ({ text, pattern: text, home: false, dynamic: false, splits: false });
/** A value of run time of which nothing is known. */
export const UNKNOWN_FIELD: Field = { text: undefined, pattern: '**', home: false, dynamic: true, splits: true };

/** Of `@file`, which names a file of arguments or names to many programs: the file. */
export const behindAt = (field: Field): Field => (!field.home && field.pattern.startsWith('@') ? rest(field, 1) : field);

/** The field without its first `count` characters, which are known: the value of `--file=x`. */
export function rest(field: Field, count: number): Field {
  const cut = field.pattern.slice(count);
  const { text } = field;
  return { ...field, text: text === undefined ? undefined : text.slice(count), pattern: cut, home: false };
}

/** Text up to the first character that is not known. */
export function knownStart(field: Field): string {
  if (field.text !== undefined) return field.text;
  const at = field.pattern.search(/[*?]/);
  return at < 0 ? field.pattern : field.pattern.slice(0, at);
}
