/** Holds what came of a request then against what comes of it now. Values in what it says are as masked as both sides are. */
import { utf8 } from '../../base/encoding.ts';
import { Findings, shown, type Comparison } from './findings.ts';
import { looksMasked, shapeOf, type TokenPairs } from './masks.ts';
import { compareRows } from './rows.ts';
import type { RecordedCopy, RecordedOutcome, RecordedResult, ReplayedCopy, ReplayedOutcome, ReplayedResult } from './types.ts';

/** @param pairs of the whole session */
export function compareOutcomes(then: RecordedOutcome, now: ReplayedOutcome, pairs: TokenPairs): Comparison {
  const found = new Findings();
  compareErrors(then, now, found);
  const stopped = found.differences.length > 0;
  // After another error the rest is another story: what is missing follows from it.
  const count = stopped ? Math.min(then.results.length, now.results.length) : Math.max(then.results.length, now.results.length);
  for (let i = 0; i < count; i++) {
    const [a, b] = [then.results[i], now.results[i]];
    if (a === undefined || b === undefined) found.differ('results', `${then.results.length} results then, ${now.results.length} now`);
    else compareResult(a, b, pairs, found);
    if (a === undefined || b === undefined) break;
  }
  if (!stopped) compareCopies(then.copies, now.copies, pairs, found);
  return found;
}

function compareErrors({ error: then }: RecordedOutcome, { error: now }: ReplayedOutcome, found: Findings): void {
  if (then?.code === now?.code) return;
  const said = (e: { code: string; message: string } | undefined): string => (e === undefined ? 'no error' : `error ${e.code} (${e.message})`);
  found.differ('error', `${said(then)} then, ${said(now)} now`);
}

/** `SELECT 3` without its count. */
const verbOf = (tag: string): string => tag.replaceAll(/ \d+/g, '');

function compareResult(then: RecordedResult, now: ReplayedResult, pairs: TokenPairs, found: Findings): void {
  const isVerbSame = verbOf(then.tag) === verbOf(now.tag);
  if (!isVerbSame) found.differ('tag', `${then.tag || 'nothing to do'} then, ${now.tag || 'nothing to do'} now`);
  // A prepared statement that returned no row is recorded without its columns.
  if (then.rows === undefined || now.rows === undefined) {
    if (isVerbSame && then.tag !== now.tag) found.differ('rows', `${then.tag} then, ${now.tag} now`);
    return;
  }
  if (then.rows !== now.rows) found.differ('rows', `${then.rows} rows then, ${now.rows} now`);
  else if (isVerbSame && then.tag !== now.tag) found.differ('rows', `${then.tag} then, ${now.tag} now`);
  if (compareColumns(then, now, found)) compareRows(then, now, pairs, found);
}

/** @returns the columns are the same, as far as one can tell */
function compareColumns(then: RecordedResult, now: ReplayedResult, found: Findings): boolean {
  if (then.columns === undefined || now.columns === undefined) {
    if (then.columns === undefined) found.notComparable.push(`columns and rows: ${then.removed.includes('columns') ? 'redacted' : 'the recording does not name its columns'}`);
    return false;
  }
  const lost = then.columns.filter((c) => !looksMasked(c) && !now.columns?.includes(c));
  const added = now.columns.filter((c) => !then.columns?.includes(c));
  if (then.columns.length !== now.columns.length) {
    found.differ('columns', `${then.columns.length} columns then, ${now.columns.length} now${lost.length > 0 ? `; gone: ${lost.join(', ')}` : ''}${added.length > 0 ? `; new: ${added.join(', ')}` : ''}`);
    return false;
  }
  for (const [i, name] of then.columns.entries()) {
    if (!looksMasked(name) && name !== now.columns[i]) {
      found.differ('columns', `column ${i + 1} was ${name} then and is ${now.columns[i] ?? ''} now`);
      return false;
    }
  }
  return true;
}

function compareCopies(then: readonly RecordedCopy[], now: readonly ReplayedCopy[], pairs: TokenPairs, found: Findings): void {
  for (const [i, a] of then.entries()) {
    const b = now[i];
    if (b === undefined) {
      found.differ('copy', `COPY ${a.direction} of ${a.bytes} bytes then, none now`);
      continue;
    }
    if (a.sha256 === b.sha256) continue;
    if (a.data === undefined) found.notComparable.push(`COPY data of ${a.bytes} bytes then and ${b.bytes} now: the recording does not keep them`);
    else if (!looksMasked(a.data) && !looksMasked(b.data)) copyLines(a.data, b.data, a.bytes, b.bytes, found);
    else if (utf8(a.data).length < a.bytes) found.notComparable.push('COPY data: masked values are of this session only, and the recording keeps a part of them');
    else maskedLines(a.data, b.data, pairs, found);
  }
}

function copyLines(then: string, now: string, thenBytes: number, nowBytes: number, found: Findings): void {
  const [a, b] = [then.split('\n'), now.split('\n')];
  const at = a.findIndex((line, i) => line !== b[i]);
  found.differ('copy', at < 0 ? `COPY data: ${thenBytes} bytes then, ${nowBytes} now` : `COPY data, line ${at + 1}: ${shown(a[at])} then, ${shown(b[at])} now`);
}

function maskedLines(then: string, now: string, pairs: TokenPairs, found: Findings): void {
  const lines = (text: string): { rows: number; cells: string[][]; kept: number } => {
    const cells = text.split('\n').map((line) => [line]);
    return { rows: cells.length, cells, kept: cells.length };
  };
  if (shapeOf(then) === shapeOf(now) || then.split('\n').length === now.split('\n').length) {
    const plain = { index: 0, tag: '', masked: new Map<number, string>(), hasMasks: true, removed: [] };
    compareRows({ ...plain, ...lines(then), columns: ['line'] }, { ...lines(now), tag: '', columns: ['line'], restSha256: '' }, pairs, found);
  } else found.differ('copy', `COPY data: ${then.split('\n').length} lines then, ${now.split('\n').length} now`);
}
