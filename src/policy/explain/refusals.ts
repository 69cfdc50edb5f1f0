/** Statements that the analysis refuses: what could not be followed, and the name that was probably meant. */
import type { StatementAnalysis, TextPlace } from '../types.ts';
import type { Clause } from './clauses.ts';
import { clauseAround, cutOf, itemAround } from './clauses.ts';
import { nearest } from './nearest.ts';
import type { Tokens } from './tokens.ts';
import { findName, textAt, tokenIndex } from './tokens.ts';
import type { Bench, Candidate, Draft } from './types.ts';
import { code, identifier, leaveOut, oneSentence, withoutMarks } from './words.ts';

type Refusal = NonNullable<StatementAnalysis['refusal']>;

const MISSING_COLUMN = /^column "((?:[^"]|"")+)" does not exist/;
const MISSING_RELATION = /^relation "((?:[^"]|"")+)" is not in the catalog/;
const MISSING_FUNCTION = /^function "((?:[^"]|"")+)" is not in the catalog/;
const FOLLOWED = /^function (\S+) .*cannot be followed/;
const SESSION_NAME = /^(prepared statement|cursor) "((?:[^"]|"")+)" is not known/;

export function refusalDraft(t: Tokens, analysis: StatementAnalysis, refusal: Refusal, bench: Bench): Draft {
  const at = refusal.at ?? { start: 0, end: t.sql.length };
  const denied = (sentence: string, place: TextPlace = at, candidates: readonly Candidate[] = []): Draft => ({ at: place, severity: 'denied', sentence, candidates });
  const column = MISSING_COLUMN.exec(refusal.message)?.[1]?.split('.').at(-1);
  if (column !== undefined) return missing(t, at, column, `no column ${code(column)} is known here`, columnNames(analysis, bench));
  const relation = MISSING_RELATION.exec(refusal.message)?.[1];
  if (relation !== undefined) {
    const name = relation.split('.').at(-1) ?? relation;
    return missing(t, at, name, `no table ${code(name)} is known on this connection`, bench.relations().filter((r) => !isSystem(r.schema)).map((r) => r.name));
  }
  const called = MISSING_FUNCTION.exec(refusal.message)?.[1];
  if (called !== undefined) return denied(`no function ${code(called)} is known on this connection, so the statement is refused`, findName(t, called.split('.').at(-1) ?? called, true) ?? at, withoutItem(t, at));
  const name = SESSION_NAME.exec(refusal.message);
  if (name !== null) return { at, severity: 'hint', sentence: `this forecast does not know what the session keeps as ${code(name[2] ?? '')}; running it decides`, candidates: [] };
  const followed = FOLLOWED.exec(refusal.message)?.[1];
  if (followed !== undefined) {
    const place = findName(t, followed.split('.').at(-1) ?? followed, true) ?? at;
    return denied(`${code(textAt(t, place))} cannot be followed, so what it shows is not known and it is refused`, place, withoutItem(t, place));
  }
  if (refusal.code === 'parse') return { at, severity: 'hint', sentence: `this is no whole statement yet: ${plainSyntax(refusal.message)}`, candidates: [] };
  const whole = at.start === 0 && at.end === t.sql.length;
  return denied(`${whole ? '' : `${code(textAt(t, at))} is refused: `}${oneSentence(refusal.message)}`, at, withoutItem(t, at));
}

const isSystem = (schema: string): boolean => schema === 'pg_catalog' || schema === 'information_schema' || schema.startsWith('pg_toast');

/** `cannot be parsed: syntax error at or near "x" (line 1, column 3)` without what the place in the text says already. */
const plainSyntax = (message: string): string => withoutMarks(message).replace(/^cannot be parsed: /, '').replace(/ \(line \d+, column \d+\)$/, '');

function missing(t: Tokens, at: TextPlace, name: string, what: string, known: readonly string[]): Draft {
  const index = t.all.findIndex((token, i) => i >= tokenIndex(t, at.start) && token.name === name);
  const token = t.all[index] ?? t.all.find((other) => other.name === name);
  const meant = nearest(name, known);
  const place = token === undefined ? at : { start: token.start, end: token.end };
  const candidates = token === undefined ? [] : meant.map((m): Candidate => ({ label: `Use ${m}`, edits: [{ ...place, insert: identifier(m) }] }));
  const [first] = meant;
  return { at: place, severity: 'denied', sentence: `${what}, so the statement is refused${first === undefined ? '' : `; did you mean ${code(first)}?`}`, candidates };
}

/** Columns of the tables that the statement names. */
function columnNames(analysis: StatementAnalysis, bench: Bench): string[] {
  return analysis.facts.tables.flatMap((qualified) => {
    const dot = qualified.lastIndexOf('.');
    return bench.relation(qualified.slice(0, Math.max(0, dot)), qualified.slice(dot + 1))?.columns.map((c) => c.name) ?? [];
  });
}

/** Leaves the item out of a list or condition that holds what is refused. */
function withoutItem(t: Tokens, at: TextPlace): Candidate[] {
  const clause = clauseAround(t, at.start);
  const item = clause === undefined ? undefined : itemAround(clause, at.start);
  if (clause === undefined || item === undefined || item.end < at.end || !canLose(clause)) return [];
  return [{ label: leaveOut(textAt(t, item)), edits: [{ ...cutOf(t, clause, item), insert: '' }] }];
}

/** A select list must keep something; a filter or an order may go. */
const canLose = ({ kind, items }: Clause): boolean => (kind === 'select' ? items.length > 1 : kind === 'order by' || kind === 'where' || kind === 'having');
