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
  const verb = outcome.effect === 'hold' ? waitsFor(outcome) : 'is denied';
  return { at, severity, sentence: `${code(subjectOf(t, operation, at))} ${verb}: ${oneSentence(outcome.reason)}`, candidates: [] };
}

/** A function that the statement calls, not one that it makes or drops. */
const isCall = ({ object, label }: SqlOperation): boolean => object.kind === 'function' && !/^(?:CREATE|ALTER|DROP)\b/.test(label);

/** From the verb to the object's name where that follows closely, else the name alone. */
function placeOf(t: Tokens, operation: SqlOperation): TextPlace {
  const { object, label } = operation;
  const call = isCall(operation);
  const named = object.name === undefined ? undefined : ((call ? findName(t, object.name, true) : undefined) ?? findName(t, object.name));
  if (named === undefined) return { start: 0, end: t.sql.length };
  const first = t.all[0];
  const last = tokenIndex(t, named.start);
  const near = last <= 6 && !t.all.slice(0, last).some((token) => token.text === ',');
  return !call && near && first?.text.toLowerCase() === label.split(' ')[0]?.toLowerCase() ? { start: first?.start ?? 0, end: named.end } : named;
}

/** How a sentence names the operation: by its own words where they are few. */
function subjectOf(t: Tokens, operation: SqlOperation, at: TextPlace): string {
  if (isCall(operation)) return textAt(t, at);
  if (at.start === 0) return at.end <= 60 ? textAt(t, at) : operation.label;
  return `${operation.label} ${textAt(t, at)}`;
}

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
  const body = bodyEnd(t, written.index);
  const test = rowTest(relation, bench, body.joins ? `${written.alias ?? identifier(object.name)}.` : '');
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
function writtenTable(t: Tokens, verb: 'update' | 'delete', name: string): { at: TextPlace; index: number; depth: number; alias: string | undefined } | undefined {
  for (let i = 0; i < t.all.length; i++) {
    const token = t.all[i];
    if (token?.text !== verb || !token.keyword) continue;
    for (let j = i + 1; j <= i + 6; j++) {
      const other = t.all[j];
      if (other?.name === name && t.all[j + 1]?.text !== '.') return { at: { start: token.start, end: other.end }, index: i, depth: token.depth, alias: aliasAfter(t, j) };
      if (other === undefined || other.text === 'set' || other.text === 'where') break;
    }
  }
  return undefined;
}

/** `o` of `orders o` and `orders AS o`. */
function aliasAfter(t: Tokens, table: number): string | undefined {
  const next = t.all[table + 1];
  const alias = next?.text === 'as' ? t.all[table + 2] : next;
  return alias?.name === undefined || (alias.keyword && next?.text !== 'as') ? undefined : t.sql.slice(alias.start, alias.end);
}

/** Where a WHERE of the statement that begins at token `first` goes: before RETURNING, or at its end. */
function bodyEnd(t: Tokens, first: number): { end: number; groupEnd: number; joins: boolean } {
  const depth = t.all[first]?.depth ?? 0;
  let end: number | undefined;
  let joins = false;
  let last = t.all[first]?.end ?? 0;
  for (let i = first + 1; i < t.all.length; i++) {
    const token = t.all[i];
    if (token === undefined || token.depth < depth || token.text === ';') break;
    if (token.depth === depth && token.text === 'returning') end ??= last;
    // The FROM of DELETE FROM follows its verb at once.
    if (token.depth === depth && (token.text === 'using' || (token.text === 'from' && i > first + 1))) joins = true;
    last = token.end;
  }
  return { end: end ?? last, groupEnd: last, joins };
}

const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);

/** `id = 0`, with the place of the value in it: the column that most likely names a row. */
function rowTest(relation: CatalogRelation | undefined, bench: Bench, qualifier: string): { text: string; value: number; tail: number } | undefined {
  const open = (relation?.columns ?? []).filter((c) => relation !== undefined && bench.classify({ schema: relation.schema, table: relation.name, column: c.name }) === undefined);
  const column = open.find((c) => c.name === 'id') ?? open.find((c) => /_id$/.test(c.name)) ?? open[0];
  if (column === undefined) return undefined;
  const head = `${qualifier}${identifier(column.name)} = `;
  return NUMBERS.has(column.typeOid) ? { text: `${head}0`, value: head.length, tail: 0 } : { text: `${head}''`, value: head.length + 1, tail: 1 };
}
