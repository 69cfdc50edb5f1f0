/** What lineage knows of a value: the table columns that it is derived from. */
import type { Node } from '../facts/tree.ts';
import type { ColumnRef, TextPlace } from '../types.ts';

/** Column references are interned per analysis, so sets of them compare by identity. */
export type Sources = ReadonlySet<ColumnRef>;

export interface Value {
  readonly sources: Sources;
  /** The value is that of one of the sources, unchanged. */
  readonly exact: boolean;
  /** Whether it is NULL and which parts it has (elements, keys) say no more than a column read as it stands. */
  readonly firm?: boolean;
  /** It holds a whole value, in another form or with constants beside it: to compare it tells no more than equality. */
  readonly whole?: boolean;
  /** Rows give it, though no table: joined with every possible value, a hidden column is told whole. */
  readonly given?: boolean;
  /** How many times the length of a column's value it may have, where that is more than once. */
  readonly size?: number;
  /** Each round of a recursive query may make it longer. */
  readonly loops?: boolean;
  /** A number that cannot come near the largest that the server knows. */
  readonly bounded?: boolean;
  /** OID of its type, where it is known. */
  readonly type?: number;
  /** Modifier of the type, such as a length. */
  readonly typmod?: number;
  /** Parts of a row value, where they are known. */
  readonly fields?: readonly NamedValue[];
}

export interface NamedValue {
  readonly name: string;
  readonly value: Value;
  /** The target that it comes from, while the column is one of the statement's own text. */
  readonly node?: Node;
  /** What computing it asks of hidden values; counts once the column is used. Only in definitions that others wrote. */
  readonly tests?: readonly Test[];
}

/** A classified column that something visible depends on. */
export interface Test {
  readonly column: ColumnRef;
  readonly kind: 'equality' | 'other';
  readonly at?: TextPlace;
}

const EMPTY: Sources = new Set();

/** A value that comes from no table. */
export const CONSTANT: Value = { sources: EMPTY, exact: false };

/** A value that comes from no table, of which there may be one for each row. */
export const GIVEN: Value = { sources: EMPTY, exact: false, given: true };

export const isFirm = (v: Value | undefined): boolean => v !== undefined && (v.exact || v.firm === true || v.sources.size === 0);

export const isWhole = (v: Value | undefined): boolean => v !== undefined && (v.exact || v.whole === true || v.sources.size === 0);

/** A value computed from others: every source of any of them. */
export function derived(...values: readonly (Value | undefined)[]): Value {
  const parts = values.filter((v) => v !== undefined && v.sources.size > 0);
  const size = sizeOf(...values);
  const more = { ...(size > 1 ? { size } : {}), ...(values.some((v) => v?.loops) ? { loops: true } : {}) };
  if (parts.length === 0) return { ...(values.some((v) => v?.given) ? GIVEN : CONSTANT), ...more };
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return { sources: only.sources, exact: false, ...more };
  const sources = new Set<ColumnRef>();
  for (const part of parts) for (const ref of part?.sources ?? EMPTY) sources.add(ref);
  return { sources, exact: false, ...more };
}

/** The length that values have together, in lengths of a column's value; short constants count nothing. */
export const sizeOf = (...values: readonly (Value | undefined)[]): number => values.reduce((sum, v) => sum + (v?.size ?? (v !== undefined && v.sources.size > 0 ? 1 : 0)), 0);

/** The same value, `times` as long. */
export const grown = (v: Value, times: number): Value => (times <= 1 ? v : { ...v, size: Math.max(1, sizeOf(v)) * times });

/** A value that is one of the given values as it stands: the branches of UNION, a merged join column. */
export function either(a: Value, b: Value): Value {
  return { ...derived(a, b), exact: a.exact && b.exact, ...(isFirm(a) && isFirm(b) ? { firm: true } : {}), ...(isWhole(a) && isWhole(b) ? { whole: true } : {}), ...(a.bounded && b.bounded ? { bounded: true } : {}), ...typeOf(a, b) };
}

/** The type that two values share. */
function typeOf(a: Value, b: Value): Pick<Value, 'type' | 'typmod'> {
  if (a.type === undefined || a.type !== b.type || a.typmod !== b.typmod) return {};
  return { type: a.type, ...(a.typmod === undefined ? {} : { typmod: a.typmod }) };
}

/** A row of named values. */
export function rowOf(fields: readonly NamedValue[]): Value {
  return { ...derived(...fields.map((f) => f.value)), fields, ...(fields.every((f) => isFirm(f.value)) ? { firm: true } : {}) };
}

/** Columns of two branches of a set operation, by position; the first branch names them. */
export function mergeColumns(a: readonly NamedValue[], b: readonly NamedValue[]): NamedValue[] {
  return a.map((column, i) => {
    const other = b[i];
    if (other === undefined) return column;
    const tests = [...(column.tests ?? []), ...(other.tests ?? [])];
    return { ...column, value: either(column.value, other.value), ...(tests.length === 0 ? {} : { tests }) };
  });
}
