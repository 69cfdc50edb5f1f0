/** Names in sight of an expression: the FROM items of its query, then those of the queries around it. */
import { derived, rowOf } from './value.ts';
import type { NamedValue, Value } from './value.ts';

export interface ScopeColumn extends NamedValue {
  /** Set when reading the column needs a reason to be refused: it holds values of other columns. */
  readonly guard?: string;
}

/** One FROM item, or one that a join has hidden in part (PostgreSQL's namespace item). */
export interface ScopeItem {
  readonly alias: string;
  /** Schema of a table without an alias, for `schema.table.column`. */
  readonly schema?: string;
  readonly columns: readonly ScopeColumn[];
  /** Columns are not known by name: every name is taken to have this value. */
  readonly open?: (name: string) => Value;
  /** Arguments of a function whose body is read: they are meant only where nothing in any FROM clause is. */
  readonly parameters?: boolean;
  /** Has ctid, tableoid, xmin and the like. */
  readonly system: boolean;
  readonly relVisible: boolean;
  readonly colVisible: boolean;
}

export interface Scope {
  readonly items: readonly ScopeItem[];
  readonly parent: Scope | undefined;
}

export const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** The row of an item as one value. */
export function wholeRow(item: ScopeItem): Value {
  const row = rowOf(item.columns);
  return item.open === undefined ? row : derived(row, item.open('*'));
}

/** Renames leading columns, as `t(a, b)` does. */
export function renamed(columns: readonly ScopeColumn[], names: readonly string[]): ScopeColumn[] {
  return columns.map((c, i) => (names[i] === undefined ? c : { ...c, name: names[i] }));
}
