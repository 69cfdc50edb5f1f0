/** Rows then and now: cell by cell, in order where they have one, with masked values held against each other by pattern. */
import { shown, type Findings } from './findings.ts';
import { looksMasked, shapeOf, tokensIn, type TokenPairs } from './masks.ts';
import type { Cell, RecordedResult, ReplayedResult } from './types.ts';

/** Differences that are named one by one; the others are counted. */
const MAX_NAMED = 10;
/** SHA-256 of nothing: there were no further rows. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

type Rows = readonly (readonly Cell[])[];

/** The columns are the same. */
export function compareRows(then: RecordedResult, now: ReplayedResult, pairs: TokenPairs, found: Findings): void {
  if (then.removed.includes('rows')) {
    found.notComparable.push(`${then.rows ?? 0} rows: redacted`);
    return;
  }
  const columns = then.columns ?? [];
  const compared = comparableColumns(then, now, columns, found);
  compareKept(then.cells, now.cells, { columns, compared }, pairs, found);
  compareRest(then, now, found);
}

/**
 * A column that policy masks in one of the two sessions only says nothing about the data. Where detectors masked some
 * cells of a column and not others, its cells are compared one by one.
 */
function comparableColumns(then: RecordedResult, now: ReplayedResult, columns: readonly string[], found: Findings): readonly number[] {
  return columns.flatMap((name, c) => {
    const [before, after] = [masksIn(then.cells, c), masksIn(now.cells, c)];
    const isRule = then.masked.has(c);
    if ((isRule || before === 'all') && after === 'none' && hasValue(now.cells, c)) found.notComparable.push(`column ${name}: masked then, not now`);
    else if (!isRule && before === 'none' && after === 'all' && hasValue(then.cells, c)) found.notComparable.push(`column ${name}: masked now, not then`);
    else return [c];
    return [];
  });
}

function masksIn(rows: Rows, c: number): 'all' | 'some' | 'none' {
  const cells = rows.flatMap((row) => row[c] ?? []);
  const masked = cells.filter(maskedCell).length;
  return masked === 0 ? 'none' : masked === cells.length ? 'all' : 'some';
}

const hasValue = (rows: Rows, c: number): boolean => rows.some((row) => (row[c] ?? null) !== null);

/** A mask in text form, or a masked uuid in binary form. */
const maskedCell = (cell: string | { readonly b64: string }): boolean => looksMasked(typeof cell === 'string' ? cell : uuidOf(cell.b64));

/** Sixteen bytes as a uuid's text, so that one rule finds masks in both forms. */
function uuidOf(b64: string): string {
  if (b64.length !== 24 || !b64.startsWith('bXNrX')) return '';
  const hex = Array.from(atob(b64), (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const textOf = (cell: Cell): string | null => (cell === null || typeof cell === 'string' ? cell : uuidOf(cell.b64) || `b64:${cell.b64}`);

interface Columns {
  readonly columns: readonly string[];
  readonly compared: readonly number[];
}

function compareKept(then: Rows, now: Rows, { columns, compared }: Columns, pairs: TokenPairs, found: Findings): void {
  const shape = (row: readonly Cell[] | undefined): string =>
    row === undefined ? '' : JSON.stringify(compared.map((c) => { const text = textOf(row[c] ?? null); return text === null ? null : shapeOf(text); }));
  const [a, b] = [then.map(shape), now.map(shape)];
  const moved = a.flatMap((row, i) => (row === b[i] ? [] : [i]));
  if (moved.length === 0 && a.length === b.length) {
    pairRows(then, now, { columns, compared }, pairs, found);
    return;
  }
  const [gone, come] = [without(a, b), without(b, a)];
  if (gone.length === 0 && come.length === 0) {
    found.remarks.push('the same rows in another order');
    return;
  }
  if (a.length === b.length && moved.length <= gone.length) {
    changedCells(then, now, moved, { columns, compared }, found);
    return;
  }
  const list = (rows: Rows, at: readonly number[], when: string): void => {
    for (const i of at.slice(0, MAX_NAMED)) found.differ('rows', `only ${when}: ${shown(compared.map((c) => rows[i]?.[c] ?? null))}`);
    if (at.length > MAX_NAMED) found.differ('rows', `and ${at.length - MAX_NAMED} more rows only ${when}`);
  };
  list(then, gone, 'then');
  list(now, come, 'now');
}

/** Positions in `these` of what `those` do not hold, counting duplicates. */
function without(these: readonly string[], those: readonly string[]): number[] {
  const left = new Map<string, number>();
  for (const row of those) left.set(row, (left.get(row) ?? 0) + 1);
  return these.flatMap((row, i) => {
    const n = left.get(row) ?? 0;
    if (n === 0) return [i];
    left.set(row, n - 1);
    return [];
  });
}

function changedCells(then: Rows, now: Rows, at: readonly number[], { columns, compared }: Columns, found: Findings): void {
  let count = 0;
  for (const i of at) {
    for (const c of compared) {
      const [a, b] = [textOf(then[i]?.[c] ?? null), textOf(now[i]?.[c] ?? null)];
      if (a === b || (a !== null && b !== null && shapeOf(a) === shapeOf(b))) continue;
      if (++count <= MAX_NAMED) found.differ('cell', `row ${i + 1}, ${columns[c] ?? c}: ${shown(a)} then, ${shown(b)} now`);
    }
  }
  if (count > MAX_NAMED) found.differ('cell', `and ${count - MAX_NAMED} more cells`);
}

function pairRows(then: Rows, now: Rows, { columns, compared }: Columns, pairs: TokenPairs, found: Findings): void {
  let count = 0;
  for (const [i, row] of then.entries()) {
    for (const c of compared) {
      const [a, b] = [tokensIn(textOf(row[c] ?? null) ?? ''), tokensIn(textOf(now[i]?.[c] ?? null) ?? '')];
      for (const [k, token] of a.entries()) {
        const wrong = pairs.pair(token, b[k] ?? '');
        if (wrong !== undefined && ++count <= MAX_NAMED) found.differ('cell', `row ${i + 1}, ${columns[c] ?? c}: ${wrong}`);
      }
    }
  }
  if (count > MAX_NAMED) found.differ('cell', `and ${count - MAX_NAMED} more masked values`);
}

/** Rows that the recording keeps only the digest of. */
function compareRest(then: RecordedResult, now: ReplayedResult, found: Findings): void {
  const left = (then.rows ?? 0) - then.kept;
  const restThen = then.rest ?? EMPTY_SHA256;
  if (restThen === now.restSha256 || then.rows !== now.rows || left <= 0) return;
  if (then.hasMasks) found.notComparable.push(`${left} further rows: only their digest is recorded, and they hold masked values`);
  else found.differ('rows', `the ${left} rows after row ${then.kept} are others, or come in another order (by their digest)`);
}
