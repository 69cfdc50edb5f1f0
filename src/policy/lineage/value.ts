/** What lineage knows of a value: the table columns that it is derived from. */
import type { Node } from '../facts/tree.ts';
import type { ColumnRef } from '../types.ts';

/** Column references are interned per analysis, so sets of them compare by identity. */
export type Sources = ReadonlySet<ColumnRef>;

export interface Value {
  readonly sources: Sources;
  /** The value is that of one of the sources, unchanged. */
  readonly exact: boolean;
  /** Parts of a row value, where they are known. */
  readonly fields?: readonly NamedValue[];
}

export interface NamedValue {
  readonly name: string;
  readonly value: Value;
  /** The target that it comes from, while the column is one of the statement's own text. */
  readonly node?: Node;
}

const EMPTY: Sources = new Set();

/** A value that comes from no table. */
export const CONSTANT: Value = { sources: EMPTY, exact: false };

/** A value computed from others: every source of any of them. */
export function derived(...values: readonly (Value | undefined)[]): Value {
  const parts = values.filter((v) => v !== undefined && v.sources.size > 0);
  if (parts.length === 0) return CONSTANT;
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return { sources: only.sources, exact: false };
  const sources = new Set<ColumnRef>();
  for (const part of parts) for (const ref of part?.sources ?? EMPTY) sources.add(ref);
  return { sources, exact: false };
}

/** A value that is one of the given values as it stands: the branches of UNION, a merged join column. */
export function either(a: Value, b: Value): Value {
  return { ...derived(a, b), exact: a.exact && b.exact };
}

/** A row of named values. */
export function rowOf(fields: readonly NamedValue[]): Value {
  return { ...derived(...fields.map((f) => f.value)), fields };
}

/** Columns of two branches of a set operation, by position; the first branch names them. */
export function mergeColumns(a: readonly NamedValue[], b: readonly NamedValue[]): NamedValue[] {
  return a.map((column, i) => ({ ...column, value: b[i] === undefined ? column.value : either(column.value, b[i].value) }));
}
