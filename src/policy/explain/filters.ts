/** A filter, sort or group on a masked column that policy stops: why it would tell, and what would not. */
import type { TextPlace } from '../types.ts';
import type { Clause } from './clauses.ts';
import { clauseAround, cutOf, itemAround } from './clauses.ts';
import type { Predicate, Stopped } from './culprits.ts';
import type { Bench, Candidate, Draft } from './types.ts';
import type { Tokens } from './tokens.ts';
import { textAt, tokenIndex } from './tokens.ts';
import { code, identifier, oneSentence, waitsFor } from './words.ts';

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
      const [other] = unmasked;
      const byOther: Candidate[] = other === undefined ? [] : [{ label: `Order by ${other}`, edits: [{ ...(item ?? clause.body), insert: identifier(other) }] }];
      const advice = other === undefined ? 'order by another column' : `order by another column, such as ${code(other)}`;
      return draft(place, `${code(`ORDER BY ${textAt(t, item ?? at)}`)} would show the order of the masked values of ${column}, so it ${end}; ${advice}`, [...byOther, ...remove]);
    }
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

/** Cuts the item away, where it is no more than the cause, and where the clause can do without it. */
function leftOut(t: Tokens, clause: Clause, item: TextPlace, cause: TextPlace): Candidate[] {
  const condition = clause.kind === 'where' || clause.kind === 'having' || clause.kind === 'on';
  if (condition && (item.start < cause.start || item.end > cause.end)) return [];
  if (clause.kind === 'on' && clause.items.length === 1) return [];
  return [{ label: leave(textAt(t, item)), edits: [{ ...cutOf(t, clause, item), insert: '' }] }];
}

/** The label of a button: the sentence beside it quotes what is long. */
const leave = (text: string): string => {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 16 ? 'Leave it out' : `Leave out ${line}`;
};

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

/** A comparison with `=` in the place of a condition: with the value that stands there already, where there is one. */
function asEquality(t: Tokens, at: TextPlace, predicate: Predicate): Candidate[] {
  const column = columnIn(t, at, predicate);
  if (column === undefined) return [];
  const literal = t.all.find((token) => token.start >= at.start && token.end <= at.end && /^'(?:[^']|'')*'$/.test(token.text))?.text;
  const value = literal === undefined ? '' : literal.slice(1, -1).replaceAll(/[%_]/g, (mark) => (mark === '%' ? '' : mark)).replaceAll(/^[~^]+|\$$/g, '');
  const head = `${column} = '`;
  const insert = `${head}${value}'`;
  return [{ label: 'Compare with =', edits: [{ ...at, insert }], fill: { edit: 0, start: head.length, end: insert.length - 1 } }];
}
