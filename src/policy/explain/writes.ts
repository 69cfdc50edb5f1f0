/** Operations that policy stops: writes to all rows, drops, functions, settings. */
import type { CatalogRelation, SqlOperation, TextPlace } from '../types.ts';
import { clausesOf } from './clauses.ts';
import type { Stopped } from './culprits.ts';
import type { Tokens } from './tokens.ts';
import { findName, textAt, tokenIndex } from './tokens.ts';
import type { Bench, Candidate, Draft } from './types.ts';
import { code, identifier, oneSentence, waitsFor } from './words.ts';

export interface StoppedOperation {
  readonly operation: SqlOperation;
  readonly outcome: Stopped;
}

/** @param limited every UPDATE and DELETE has a WHERE, and none is always true */
export function operationDraft(t: Tokens, { operation, outcome }: StoppedOperation, limited: boolean, bench: Bench): Draft {
  const severity = outcome.effect === 'hold' ? 'held' : 'denied';
  const end = outcome.effect === 'hold' ? `it ${waitsFor(outcome)}` : 'it is denied';
  const rows = limited ? undefined : allRows(t, operation, bench);
  if (rows !== undefined) return { at: rows.at, severity, sentence: `${rows.what}: ${end}`, candidates: rows.candidates };
  const at = placeOf(t, operation);
  const subject = operation.object.kind === 'function' ? textAt(t, at) : (headOf(t, at) ?? operation.label);
  const verb = outcome.effect === 'hold' ? waitsFor(outcome) : 'is denied';
  return { at, severity, sentence: `${code(subject)} ${verb}: ${oneSentence(outcome.reason)}`, candidates: [] };
}

/** The whole statement head up to the object's name where the name follows closely, else the name. */
function placeOf(t: Tokens, { object, label }: SqlOperation): TextPlace {
  const named = object.name === undefined ? undefined : (findName(t, object.name, object.kind === 'function') ?? findName(t, object.name));
  const first = t.all[0];
  const verb = label.split(' ')[0]?.toLowerCase();
  if (named === undefined) return { start: 0, end: t.sql.length };
  if (object.kind === 'function' || first === undefined || first.text.toLowerCase() !== verb) return named;
  const wordsBetween = tokenIndex(t, named.start);
  return wordsBetween <= 6 ? { start: first.start, end: named.end } : named;
}

/** A statement head short enough to be quoted. */
const headOf = (t: Tokens, at: TextPlace): string | undefined => (at.start === 0 && at.end - at.start <= 60 ? textAt(t, at) : undefined);

interface AllRows {
  readonly at: TextPlace;
  readonly what: string;
  readonly candidates: readonly Candidate[];
}

/** An UPDATE or DELETE without a WHERE that limits it, and where one would go. */
function allRows(t: Tokens, { object, action }: SqlOperation, bench: Bench): AllRows | undefined {
  const verb = action === 'sql:update' ? 'update' : action === 'sql:delete' ? 'delete' : undefined;
  if (verb === undefined || object.name === undefined) return undefined;
  const written = writtenTable(t, verb, object.name);
  if (written === undefined) return undefined;
  const relation = bench.relation(object.schema ?? '', object.name);
  const test = rowTest(relation, bench);
  const body = bodyEnd(t, written.index);
  const where = clausesOf(t, 'where').find((c) => c.depth === written.depth && c.at.start > written.at.start && c.at.end <= body.groupEnd);
  const place = (insert: string, at: TextPlace, lead: number): Candidate[] =>
    test === undefined ? [] : [{ label: where === undefined ? 'Add a WHERE' : 'Name the rows', edits: [{ ...at, insert }], fill: { edit: 0, start: lead + test.value, end: lead + test.text.length - test.tail } }];
  const word = verb.toUpperCase();
  if (where === undefined) {
    const lead = ' WHERE ';
    return { at: written.at, what: `this ${word} has no WHERE`, candidates: place(lead + (test?.text ?? ''), { start: body.end, end: body.end }, lead.length) };
  }
  return { at: where.at, what: `the WHERE of this ${word} does not limit it`, candidates: place(test?.text ?? '', where.body, 0) };
}

/** From the verb to the table's name. */
function writtenTable(t: Tokens, verb: 'update' | 'delete', name: string): { at: TextPlace; index: number; depth: number } | undefined {
  for (let i = 0; i < t.all.length; i++) {
    const token = t.all[i];
    if (token?.text !== verb || !token.keyword) continue;
    for (let j = i + 1; j <= i + 6; j++) {
      const other = t.all[j];
      if (other?.name === name && t.all[j + 1]?.text !== '.') return { at: { start: token.start, end: other.end }, index: i, depth: token.depth };
      if (other === undefined || other.text === 'set' || other.text === 'where') break;
    }
  }
  return undefined;
}

/** Where a WHERE of the statement that begins at token `first` goes: before RETURNING, or at its end. */
function bodyEnd(t: Tokens, first: number): { end: number; groupEnd: number } {
  const depth = t.all[first]?.depth ?? 0;
  let end: number | undefined;
  let last = t.all[first]?.end ?? 0;
  for (let i = first + 1; i < t.all.length; i++) {
    const token = t.all[i];
    if (token === undefined || token.depth < depth || token.text === ';') break;
    if (token.depth === depth && token.text === 'returning') end ??= last;
    last = token.end;
  }
  return { end: end ?? last, groupEnd: last };
}

const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);

/** `id = 0`, with the place of the value in it: the column that most likely names a row. */
function rowTest(relation: CatalogRelation | undefined, bench: Bench): { text: string; value: number; tail: number } | undefined {
  const open = (relation?.columns ?? []).filter((c) => relation !== undefined && bench.classify({ schema: relation.schema, table: relation.name, column: c.name }) === undefined);
  const column = open.find((c) => c.name === 'id') ?? open.find((c) => /_id$/.test(c.name)) ?? open[0];
  if (column === undefined) return undefined;
  const head = `${identifier(column.name)} = `;
  return NUMBERS.has(column.typeOid) ? { text: `${head}0`, value: head.length, tail: 0 } : { text: `${head}''`, value: head.length + 1, tail: 1 };
}
