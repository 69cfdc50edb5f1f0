/** Subqueries that give every row of the table that a statement writes: a condition on them leaves out none. */
import type { RangeVar, SelectStmt, WithClause } from 'libpg-query';
import type { AnalysisEnv } from '../types.ts';
import { resolveTable } from './resolve.ts';
import { isNever } from './tautology.ts';
import { allOf, as, constOf, kindOf, qualified, strings } from './tree.ts';
import type { Node } from './tree.ts';

/** The table, and what the statement's WITH defines. */
export interface OwnTable {
  readonly env: AnalysisEnv;
  readonly table: string;
  readonly ctes: WithClause | undefined;
  /** Whether a condition on rows that `alias` names leaves out none. */
  readonly keepsAll: (where: Node, alias: string) => boolean;
}

/** Column of the table by the name that the subquery gives it; `*` where it gives them all as they are. */
export type OwnColumns = ReadonlyMap<string, string>;

export const tableOf = (range: RangeVar, env: AnalysisEnv): string => {
  const found = resolveTable({ schema: range.schemaname, name: range.relname ?? '' }, env);
  return `${found.schema}.${found.name}`;
};

/** Columns of a FROM item that holds every row of the table, or undefined. */
export function ownItem(item: Node | undefined, own: OwnTable): { readonly alias: string; readonly columns: OwnColumns } | undefined {
  const range = as(item, 'RangeVar');
  if (range !== undefined) {
    const alias = range.alias?.aliasname ?? range.relname ?? '';
    const cte = range.schemaname === undefined ? allOf(own.ctes?.ctes, 'CommonTableExpr').find((c) => c.ctename === range.relname) : undefined;
    if (cte !== undefined) {
      const columns = own.ctes?.recursive === true ? undefined : ownColumns(cte.ctequery, own);
      return columns === undefined ? undefined : { alias, columns: renamed(columns, strings(cte.aliascolnames)) };
    }
    return tableOf(range, own.env) === own.table ? { alias, columns: ALL } : undefined;
  }
  const sub = as(item, 'RangeSubselect');
  const columns = ownColumns(sub?.subquery, own);
  return columns === undefined ? undefined : { alias: sub?.alias?.aliasname ?? '', columns: renamed(columns, strings(sub?.alias?.colnames)) };
}

const ALL: OwnColumns = new Map([['*', '*']]);

const renamed = (columns: OwnColumns, names: readonly string[]): OwnColumns => (names.length === 0 ? columns : new Map([...columns.values()].map((c, i) => [names[i] ?? c, c])));

/** What a column of such an item is in the table. */
export const ownName = (columns: OwnColumns, name: string | undefined): string | undefined => (name === undefined ? undefined : (columns.get(name) ?? (columns.has('*') ? name : undefined)));

/** Columns of a query that gives every row of the table, or undefined when it may leave one out. */
export function ownColumns(query: Node | undefined, own: OwnTable): OwnColumns | undefined {
  const select = as(query, 'SelectStmt');
  if (select === undefined || isLimited(select) || select.withClause !== undefined) return undefined;
  if (select.op === 'SETOP_UNION') {
    for (const side of [select.larg, select.rarg]) {
      const found = side === undefined ? undefined : ownColumns({ SelectStmt: side }, own);
      if (found !== undefined) return found;
    }
  }
  if (select.op !== 'SETOP_NONE' || select.fromClause?.length !== 1 || select.havingClause !== undefined) return undefined;
  if ((select.distinctClause ?? []).some((d) => kindOf(d) !== undefined)) return undefined;
  const item = ownItem(select.fromClause[0], own);
  if (item === undefined || (select.whereClause !== undefined && !own.keepsAll(select.whereClause, item.alias))) return undefined;
  return outputs(select, item.columns);
}

function outputs(select: SelectStmt, columns: OwnColumns): OwnColumns | undefined {
  const grouped = select.groupClause?.map((g) => columnOf(g) ?? '');
  const out = new Map<string, string>();
  for (const target of allOf(select.targetList, 'ResTarget')) {
    const fields = as(target.val, 'ColumnRef')?.fields;
    if (fields !== undefined && kindOf(fields.at(-1) ?? ({} as Node)) === 'A_Star') for (const [name, column] of columns) out.set(name, column);
    const call = as(target.val, 'FuncCall');
    // The least and the greatest of a group of one are the one.
    const single = call !== undefined && ['min', 'max', 'any_value'].includes(qualified(call.funcname).name) ? columnOf(call.args?.[0]) : undefined;
    const name = columnOf(target.val) ?? (grouped !== undefined && single !== undefined && grouped.includes(single) ? single : undefined);
    const column = ownName(columns, name);
    if (column !== undefined && (grouped === undefined || grouped.includes(name ?? ''))) out.set(target.name ?? (call === undefined ? (name ?? '') : qualified(call.funcname).name), column);
  }
  return out.size === 0 ? undefined : out;
}

/** Name of a plain column, without the table's. */
export const columnOf = (node: Node | undefined): string | undefined => strings(as(node, 'ColumnRef')?.fields).at(-1);

function isLimited(select: SelectStmt): boolean {
  const count = constOf(select.limitCount);
  if (select.limitCount !== undefined && count?.kind !== 'null') return true;
  return select.limitOffset !== undefined && constOf(select.limitOffset)?.value !== 0;
}

/** True when a query gives no row whatever the data. */
export function isEmpty(query: Node | undefined): boolean {
  const select = as(query, 'SelectStmt');
  if (select === undefined || select.op !== 'SETOP_NONE') return false;
  return constOf(select.limitCount)?.value === 0 || (select.whereClause !== undefined && isNever(select.whereClause));
}
