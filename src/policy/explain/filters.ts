/** A filter, sort or group on a masked column that policy stops: why it would tell, and what would not. */
import type { TextPlace } from '../types.ts';
import type { Clause } from './clauses.ts';
import { clauseAround, cutOf, itemAround } from './clauses.ts';
import type { Predicate, Stopped } from './culprits.ts';
import type { Bench, Candidate, Draft } from './types.ts';
import type { Tokens } from './tokens.ts';
import { textAt, tokenIndex } from './tokens.ts';
import { code, identifier, leaveOut, oneSentence, waitsFor } from './words.ts';

export interface Stop {
  readonly predicate: Predicate;
  readonly outcome: Stopped;
}

/** @param unmasked names that the statement's relations have and that are not classified, best first */
export function filterDraft(t: Tokens, { predicate, outcome }: Stop, bench: Bench, unmasked: readonly string[]): Draft {
  const at = predicate.at ?? { start: 0, end: t.sql.length };
  const clause = clauseAround(t, at.start);
  const found = bench.classify(predicate.column);
  const column = code(predicate.column.column);
  const end = outcome.effect === 'hold' ? waitsFor(outcome) : 'is denied';
  const severity = outcome.effect === 'hold' ? 'held' : 'denied';
  const equality = found?.predicates === 'equality';
  const item = clause === undefined ? undefined : itemAround(clause, at.start);
  const draft = (place: TextPlace, sentence: string, candidates: readonly Candidate[]): Draft => ({ at: place, severity, sentence, candidates });
  const remove = clause === undefined || item === undefined ? [] : leftOut(t, clause, item, at);

  switch (clause?.kind) {
    case 'order by': {
      const first = item === undefined || item === clause.items[0];
      const place = first ? { start: clause.at.start, end: item?.end ?? at.end } : item;
      const candidates = pickedByOrder(t, clause) ? [] : [...byOther(t, clause, item, unmasked[0]), ...remove];
      const advice = unmasked[0] === undefined ? 'order by another column' : `order by another column, such as ${code(unmasked[0])}`;
      return draft(place, `${code(`ORDER BY ${textAt(t, item ?? at)}`)} would show the order of the masked values of ${column}, so it ${end}; ${advice}`, candidates);
    }
    case 'select':
      return draft(at, `${code(textAt(t, at))} could tell masked values of ${column} apart, so it ${end}; ${equality ? 'use the column itself' : 'leave it out'}`, [...plainColumn(t, at, predicate), ...(clause.items.length > 1 ? remove : [])]);
    case 'group by':
    case 'distinct':
    case 'partition by':
      return draft(at, `grouping by ${code(textAt(t, at))} could tell masked values of ${column} apart, so it ${end}; ${equality ? 'group by the column itself' : 'leave it out'}`, [...plainColumn(t, at, predicate), ...remove]);
    case 'where':
    case 'having':
    case 'on': {
      const advice = equality ? 'compare with = instead' : `values of the class ${code(found?.id ?? '')} can be neither compared nor sorted`;
      return draft(at, `${code(textAt(t, at))} would let one guess masked values of ${column}, so it ${end}; ${advice}`, [...(equality ? asEquality(t, at, predicate) : []), ...remove]);
    }
    default:
      return draft(at, `${code(textAt(t, at))} ${end}: ${oneSentence(outcome.reason)}`, clause?.kind === 'limit' || clause?.kind === 'offset' ? remove : []);
  }
}

/** Sorts by a column that is not masked; one that sorts already needs no second naming. */
function byOther(t: Tokens, clause: Clause, item: TextPlace | undefined, name: string | undefined): Candidate[] {
  if (name === undefined) return [];
  const sorted = clause.items.some((i) => i !== item && textAt(t, i).split(/\s/)[0] === identifier(name));
  return sorted ? [] : [{ label: `Order by ${name}`, edits: [{ ...(item ?? clause.body), insert: identifier(name) }] }];
}

/** With DISTINCT ON the server wants both to begin alike. */
const pickedByOrder = (t: Tokens, clause: Clause): boolean => t.all.some((token, i) => token.text === 'distinct' && token.depth === clause.depth && t.all[i + 1]?.text === 'on');

/** Cuts the item away, where it is no more than the cause, and where the clause can do without it. */
function leftOut(t: Tokens, clause: Clause, item: TextPlace, cause: TextPlace): Candidate[] {
  const condition = clause.kind === 'where' || clause.kind === 'having' || clause.kind === 'on';
  if (condition && (item.start < cause.start || item.end > cause.end)) return [];
  if (clause.kind === 'on' && clause.items.length === 1) return [];
  return [{ label: leaveOut(textAt(t, item)), edits: [{ ...cutOf(t, clause, item), insert: '' }] }];
}

/** The reference to the column within a place: `c.email`, `"Email"`. */
function columnIn(t: Tokens, at: TextPlace, predicate: Predicate): string | undefined {
  const name = predicate.column.column;
  for (let i = tokenIndex(t, at.start); i < t.all.length; i++) {
    const token = t.all[i];
    if (token === undefined || token.start >= at.end) return undefined;
    if (token.name !== name || t.all[i + 1]?.text === '.' || t.all[i + 1]?.text === '(') continue;
    const qualifier = t.all[i - 1]?.text === '.' ? t.all[i - 2]?.start : undefined;
    return t.sql.slice(qualifier ?? token.start, token.end);
  }
  return undefined;
}

/** `lower(email)` to `email`. */
function plainColumn(t: Tokens, at: TextPlace, predicate: Predicate): Candidate[] {
  const column = columnIn(t, at, predicate);
  return column === undefined || column === textAt(t, at) ? [] : [{ label: `Use ${column} itself`, edits: [{ ...at, insert: column }] }];
}

const COMPARISONS: ReadonlySet<string> = new Set(['<', '>', '<=', '>=', '~', '~*', '!~', '!~*', '~~', '~~*']);

/** A comparison with `=` in the place of a condition: with the other side where that is a column, else with the value that stands there. */
function asEquality(t: Tokens, at: TextPlace, predicate: Predicate): Candidate[] {
  const column = columnIn(t, at, predicate);
  if (column === undefined) return [];
  const own = t.all.filter((token) => token.start >= at.start && token.end <= at.end);
  const literals = own.filter((token) => /^'(?:[^']|'')*'$/.test(token.text));
  const operator = own.find((token) => COMPARISONS.has(token.text));
  const swapped: Candidate[] = operator === undefined || literals.length > 0 ? [] : [{ label: 'Compare with =', edits: [{ start: operator.start, end: operator.end, insert: '=' }] }];
  const literal = (own.some((token) => token.text === 'between') ? literals[0] : literals.at(-1))?.text ?? "''";
  const value = literal.slice(1, -1).replaceAll('%', '').replaceAll(/^[~^]+|\$$/g, '');
  const head = `${column} = '`;
  const insert = `${head}${value}'`;
  return [...swapped, { label: swapped.length > 0 ? 'Compare with a value' : 'Compare with =', edits: [{ ...at, insert }], fill: { edit: 0, start: head.length, end: insert.length - 1 } }];
}
