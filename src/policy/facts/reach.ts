/** Does a write's WHERE leave out any row of the table? What can be known from the statement and the catalog's columns. */
import type { RangeVar } from 'libpg-query';
import type { AnalysisEnv } from '../types.ts';
import { resolveTable } from './resolve.ts';
import { isNever, isTautology } from './tautology.ts';
import { allOf, as, isObject, kindOf, strings } from './tree.ts';
import type { Node, NodeOf } from './tree.ts';

interface Target {
  readonly env: AnalysisEnv;
  /** Name by which the statement's columns call the table. */
  readonly alias: string;
  readonly table: string;
  /** Columns that are never NULL. */
  readonly notNull: ReadonlySet<string>;
  /** Other items that are the same table once more, by their names. */
  readonly again: ReadonlySet<string>;
}

/** True when `where` holds for every row of `range`, or does not look at its rows at all. `others` are FROM, USING or a MERGE's source. */
export function reachesAll(where: Node, range: RangeVar | undefined, others: readonly Node[], env: AnalysisEnv): boolean {
  const name = { schema: range?.schemaname, name: range?.relname ?? '' };
  const found = resolveTable(name, env);
  const table = `${found.schema}.${found.name}`;
  const again = allOf(others, 'RangeVar').filter((r) => tableOf(r, env) === table);
  const target: Target = {
    env,
    alias: range?.alias?.aliasname ?? name.name,
    table,
    notNull: new Set(found.relation?.columns.filter((c) => c.notNull).map((c) => c.name)),
    again: new Set(again.map((r) => r.alias?.aliasname ?? r.relname ?? '')),
  };
  const simple = simplified(where, target);
  if (isNever(simple)) return false;
  return isTautology(simple) || !looksAt(simple, target, false);
}

const tableOf = (range: RangeVar, env: AnalysisEnv): string => {
  const found = resolveTable({ schema: range.schemaname, name: range.relname ?? '' }, env);
  return `${found.schema}.${found.name}`;
};

const TRUTH = (value: boolean): Node => ({ A_Const: { boolval: value ? { boolval: true } : {} } });

/** The condition with what is known of every row put in its place. */
function simplified(node: Node, target: Target): Node {
  const all = as(node, 'BoolExpr');
  if (all !== undefined) return { BoolExpr: { ...all, args: (all.args ?? []).map((a) => simplified(a, target)) } };
  const test = as(node, 'NullTest');
  if (test !== undefined) {
    const column = ownColumn(test.arg, target);
    return column !== undefined && target.notNull.has(column) ? TRUTH(test.nulltesttype === 'IS_NOT_NULL') : node;
  }
  const link = as(node, 'SubLink');
  if (link !== undefined) return isOwnKeys(link, target) ? TRUTH(true) : node;
  const e = as(node, 'A_Expr');
  if (e !== undefined && (joinsItself(e, target) || asksNothing(e))) return TRUTH(true);
  return node;
}

/** Name of a column of the target: `a`, or `t.a`. */
function ownColumn(node: Node | undefined, target: Target): string | undefined {
  const names = strings(as(node, 'ColumnRef')?.fields);
  return names.length === 1 || names.at(-2) === target.alias ? names.at(-1) : undefined;
}

/** `id IN (SELECT id FROM the_same_table)`. */
function isOwnKeys(link: NodeOf<'SubLink'>, target: Target): boolean {
  const select = as(link.subselect, 'SelectStmt');
  const column = ownColumn(link.testexpr, target);
  if (link.subLinkType !== 'ANY_SUBLINK' || (link.operName !== undefined && strings(link.operName).at(-1) !== '=') || select === undefined || column === undefined) return false;
  if (select.whereClause ?? select.limitCount ?? select.limitOffset ?? select.havingClause ?? select.groupClause) return false;
  const [range, ...more] = select.fromClause ?? [];
  const from = as(range, 'RangeVar');
  const picked = strings(as(as(select.targetList?.[0], 'ResTarget')?.val, 'ColumnRef')?.fields).at(-1);
  return more.length === 0 && from !== undefined && tableOf(from, target.env) === target.table && picked === column;
}

/** `t.id = again.id`: every row meets itself. */
function joinsItself(e: NodeOf<'A_Expr'>, target: Target): boolean {
  if (e.kind !== 'AEXPR_OP' || strings(e.name).at(-1) !== '=' || target.again.size === 0) return false;
  const sides = [e.lexpr, e.rexpr].map((n) => strings(as(n, 'ColumnRef')?.fields));
  const [left = [], right = []] = sides;
  if (left.length === 0 || left.at(-1) !== right.at(-1)) return false;
  const items = sides.map((s) => s.at(-2) ?? target.alias);
  return items.includes(target.alias) && items.some((i) => target.again.has(i));
}

/** A comparison with what every row has alike. */
function asksNothing(e: NodeOf<'A_Expr'>): boolean {
  const columns = [e.lexpr, e.rexpr].flatMap((n) => as(n, 'ColumnRef') ?? []);
  return columns.length === 1 && strings(columns[0]?.fields).at(-1) === 'tableoid' && strings(e.name).at(-1) !== '=';
}

/** Whether a column of the target is named anywhere: bare names inside a subquery with a FROM of its own may be that one's. */
function looksAt(tree: unknown, target: Target, inner: boolean): boolean {
  if (Array.isArray(tree)) return tree.some((t) => looksAt(t, target, inner));
  if (!isObject(tree)) return false;
  const node = tree as unknown as Node;
  const kind = kindOf(node);
  if (kind === 'CurrentOfExpr') return true;
  const fields = as(node, 'ColumnRef')?.fields;
  if (fields !== undefined) {
    const names = strings(fields);
    // A row that is joined with itself is restricted by either name.
    return names.length > 1 ? names.at(-2) === target.alias || names[0] === target.alias || target.again.has(names.at(-2) ?? '') : !inner;
  }
  const select = as(node, 'SelectStmt');
  const own = inner || (select?.fromClause !== undefined && innerColumns(select, target.env));
  return Object.values(tree).some((value) => looksAt(value, target, own));
}

/** True when every bare name of the subquery is known to be of the tables in its own FROM. */
function innerColumns(select: NodeOf<'SelectStmt'>, env: AnalysisEnv): boolean {
  const ranges = allOf(select.fromClause, 'RangeVar');
  if (env.catalog === undefined || ranges.length !== select.fromClause?.length) return false;
  const known = new Set<string>();
  for (const range of ranges) {
    const { relation } = resolveTable({ schema: range.schemaname, name: range.relname ?? '' }, env);
    if (relation === undefined) return false;
    for (const c of relation.columns) known.add(c.name);
  }
  return bareNames(select).every((n) => known.has(n));
}

function bareNames(tree: unknown): string[] {
  if (Array.isArray(tree)) return tree.flatMap(bareNames);
  if (!isObject(tree)) return [];
  const fields = as(tree as unknown as Node, 'ColumnRef')?.fields;
  if (fields !== undefined) return fields.length === 1 ? strings(fields) : [];
  return Object.values(tree).flatMap(bareNames);
}
