/** Subqueries that give every row of the table that a statement writes: a condition on them leaves out none. */
import type { RangeVar, SelectStmt, WithClause } from 'libpg-query';
import type { AnalysisEnv } from '../types.ts';
import { resolveTable } from './resolve.ts';
import { bare, isNever, isTautology } from './tautology.ts';
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

/** A part of FROM that holds every row of the table; `beside` are the names of what is joined to it row by row. */
export interface OwnItem {
  readonly alias: string;
  readonly columns: OwnColumns;
  readonly beside: readonly string[];
}

/** The parts of a FROM item that hold every row of the table: of an outer join the side that it keeps, of a cross join both. */
export function ownItems(item: Node | undefined, own: OwnTable): readonly OwnItem[] {
  const join = as(item, 'JoinExpr');
  if (join === undefined) {
    const found = ownItem(item, own);
    return found === undefined ? [] : [{ ...found, beside: [] }];
  }
  if (join.alias !== undefined) return [];
  const isCross = join.jointype === 'JOIN_INNER' && join.isNatural !== true && join.usingClause === undefined && (join.quals === undefined || isTautology(join.quals));
  const side = (kept: Node | undefined, other: Node | undefined, isKept: boolean): readonly OwnItem[] =>
    isKept || isCross ? ownItems(kept, own).map((i) => ({ ...i, beside: isCross ? i.beside : [...i.beside, ...namesIn(other)] })) : [];
  const type = join.jointype;
  return [...side(join.larg, join.rarg, type === 'JOIN_LEFT' || type === 'JOIN_FULL'), ...side(join.rarg, join.larg, type === 'JOIN_RIGHT' || type === 'JOIN_FULL')];
}

/** Names by which a FROM item's columns are called. */
function namesIn(item: Node | undefined): readonly string[] {
  const join = as(item, 'JoinExpr');
  if (join !== undefined) return [...namesIn(join.larg), ...namesIn(join.rarg)];
  const range = as(item, 'RangeVar');
  const alias = (range ?? as(item, 'RangeSubselect') ?? as(item, 'RangeFunction'))?.alias?.aliasname;
  return [alias ?? range?.relname ?? ''];
}

/** Columns of a FROM item that holds every row of the table, or undefined. */
function ownItem(item: Node | undefined, own: OwnTable): { readonly alias: string; readonly columns: OwnColumns } | undefined {
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
  const sample = as(item, 'RangeTableSample');
  if (sample !== undefined) return Number(constOf(sample.args?.[0])?.value) >= 100 ? ownItem(sample.relation, own) : undefined;
  const sub = as(item, 'RangeSubselect');
  const columns = ownColumns(sub?.subquery, own);
  return columns === undefined ? undefined : { alias: sub?.alias?.aliasname ?? '', columns: renamed(columns, strings(sub?.alias?.colnames)) };
}

const ALL: OwnColumns = new Map([['*', '*']]);

const renamed = (columns: OwnColumns, names: readonly string[]): OwnColumns => (names.length === 0 ? columns : new Map([...columns.values()].map((c, i) => [names[i] ?? c, c])));

/** What a column of such an item is in the table. */
export const ownName = (columns: OwnColumns, name: string | undefined): string | undefined => (name === undefined ? undefined : (columns.get(name) ?? (columns.has('*') ? name : undefined)));

/** Columns of a query that gives every row of the table, or undefined when it may leave one out. */
export function ownColumns(query: Node | undefined, outer: OwnTable): OwnColumns | undefined {
  const select = as(query, 'SelectStmt');
  if (select === undefined || isLimited(select) || select.withClause?.recursive === true) return undefined;
  const own: OwnTable = select.withClause === undefined ? outer : { ...outer, ctes: { ...outer.ctes, ctes: [...(select.withClause.ctes ?? []), ...(outer.ctes?.ctes ?? [])] } };
  const [left, right] = [select.larg, select.rarg].map((s) => (s === undefined ? undefined : { SelectStmt: s }));
  // What leaves out nothing, and what two such have in common.
  if (select.op === 'SETOP_EXCEPT') return isEmpty(right) ? ownColumns(left, own) : undefined;
  if (select.op === 'SETOP_INTERSECT') return ownColumns(right, own) === undefined ? undefined : ownColumns(left, own);
  if (select.op === 'SETOP_UNION') {
    for (const side of [select.larg, select.rarg]) {
      const found = side === undefined ? undefined : ownColumns({ SelectStmt: side }, own);
      if (found !== undefined) return found;
    }
  }
  if (select.op !== 'SETOP_NONE' || select.fromClause?.length !== 1 || select.havingClause !== undefined) return undefined;
  const [item] = ownItems(select.fromClause[0], own);
  if (item === undefined || (select.whereClause !== undefined && (item.beside.length > 0 || !own.keepsAll(select.whereClause, item.alias)))) return undefined;
  return outputs(select, item);
}

function outputs(select: SelectStmt, { alias, columns }: OwnItem): OwnColumns | undefined {
  // One row for each value of these.
  const distinct = (select.distinctClause ?? []).filter((d) => kindOf(d) !== undefined);
  const grouped = distinct.length > 0 ? distinct.map((g) => columnOf(g) ?? '') : select.groupClause?.map((g) => columnOf(g) ?? '');
  const join = as(select.fromClause?.[0], 'JoinExpr');
  const isOf = (node: Node | undefined): boolean => {
    const names = strings(as(node, 'ColumnRef')?.fields);
    return names.length > 1 ? names.at(-2) === alias : join === undefined || strings(join.usingClause).includes(names[0] ?? '');
  };
  const out = new Map<string, string>();
  for (const target of allOf(select.targetList, 'ResTarget')) {
    const fields = as(target.val, 'ColumnRef')?.fields;
    if (fields !== undefined && kindOf(fields.at(-1) ?? ({} as Node)) === 'A_Star' && (join === undefined || strings(fields).at(-1) === alias)) for (const [name, column] of columns) out.set(name, column);
    const call = as(target.val, 'FuncCall');
    // The least and the greatest of a group of one are the one.
    const single = call !== undefined && ['min', 'max', 'any_value'].includes(qualified(call.funcname).name) ? columnOf(call.args?.[0]) : undefined;
    const value = target.val === undefined ? undefined : bare(target.val);
    const name = (isOf(value) ? columnOf(value) : undefined) ?? (grouped !== undefined && single !== undefined && grouped.includes(single) ? single : undefined);
    const column = ownName(columns, name);
    if (column !== undefined && (grouped === undefined || grouped.includes(name ?? ''))) out.set(target.name ?? (call === undefined ? (name ?? '') : qualified(call.funcname).name), column);
  }
  return out.size === 0 ? undefined : out;
}

/** Name of a plain column, without the table's. */
export const columnOf = (node: Node | undefined): string | undefined => strings(as(node, 'ColumnRef')?.fields).at(-1);

/** As many rows as this are all. */
const NO_LIMIT = 1_000_000;

function isLimited(select: SelectStmt): boolean {
  const count = constOf(select.limitCount);
  if (select.limitCount !== undefined && count?.kind !== 'null' && !(typeof count?.value === 'number' && count.value >= NO_LIMIT)) return true;
  return select.limitOffset !== undefined && constOf(select.limitOffset)?.value !== 0;
}

/** True when a query gives no row whatever the data. */
export function isEmpty(query: Node | undefined): boolean {
  const select = as(query, 'SelectStmt');
  if (select === undefined || select.op !== 'SETOP_NONE') return false;
  return constOf(select.limitCount)?.value === 0 || (select.whereClause !== undefined && isNever(select.whereClause));
}
