/** Does a write's WHERE leave out any row of the table? What can be known from the statement and the catalog's columns. */
import type { RangeVar, WithClause } from 'libpg-query';
import type { AnalysisEnv, CatalogRelation } from '../types.ts';
import { columnOf, isEmpty, ownColumns, ownItems, ownName, tableOf } from './own-rows.ts';
import type { OwnColumns, OwnItem, OwnTable } from './own-rows.ts';
import { aggregateOf, holdsForAll, neverNull, seriesOf } from './own-values.ts';
import { resolveTable } from './resolve.ts';
import { isSampledAlways } from './sample.ts';
import { bare, isNever, isTautology } from './tautology.ts';
import { allOf, as, constOf, constText, isObject, kindOf, strings } from './tree.ts';
import type { Node, NodeOf } from './tree.ts';

interface Target {
  readonly env: AnalysisEnv;
  /** Name by which the statement's columns call the table. */
  readonly alias: string;
  readonly relation: CatalogRelation | undefined;
  /** Columns that are never NULL. */
  readonly notNull: ReadonlySet<string>;
  /** Other items that hold all the table's rows once more, by their names. */
  readonly again: ReadonlyMap<string, OwnColumns>;
  /** Items that are joined to those row by row. */
  readonly beside: ReadonlySet<string>;
  readonly own: OwnTable;
}

/**
 * True when `where` holds for every row of `range`, or does not look at its rows at all. `others` are FROM, USING or a
 * MERGE's source, `ctes` the statement's WITH.
 */
export function reachesAll(where: Node, range: RangeVar | undefined, others: readonly Node[], env: AnalysisEnv, ctes?: WithClause): boolean {
  const name = { schema: range?.schemaname, name: range?.relname ?? '' };
  const { schema, name: table, relation } = resolveTable(name, env);
  const own: OwnTable = { env, table: `${schema}.${table}`, ctes, keepsAll: (w, alias) => reaches(w, targetOf(alias, [])) };
  const notNull = new Set(relation?.columns.filter((c) => c.notNull).map((c) => c.name));
  const targetOf = (alias: string, items: readonly OwnItem[]): Target => ({ env, alias, relation, notNull, again: new Map(items.map((i) => [i.alias, i.columns])), beside: new Set(items.flatMap((i) => i.beside)), own });
  return reaches(where, targetOf(range?.alias?.aliasname ?? name.name, others.flatMap((o) => ownItems(o, own))));
}

/** True when a query that fills the table gives it all of its own rows back. */
export function givesAllBack(query: Node | undefined, range: RangeVar | undefined, env: AnalysisEnv, ctes?: WithClause): boolean {
  const own: OwnTable = { env, table: tableOf(range ?? {}, env), ctes, keepsAll: (w, alias) => reachesAll(w, { ...range, alias: { aliasname: alias } }, [], env, ctes) };
  const [first, last] = seriesOf(query) ?? [1, 0];
  return (first <= 1 && last >= LAST_KEY) || ownColumns(query, own) !== undefined;
}

/** No key gets as far as this. */
const LAST_KEY = 999_999_998;

/** Each part of AND has to hold for all rows, of OR one. */
function reaches(where: Node, target: Target): boolean {
  const all = as(where, 'BoolExpr');
  if (all?.boolop === 'AND_EXPR') return (all.args ?? []).every((a) => reaches(a, target));
  if (all?.boolop === 'OR_EXPR' && (all.args ?? []).some((a) => reaches(a, target))) return true;
  const simple = simplified(where, target);
  if (isNever(simple)) return false;
  return isTautology(simple) || !looksAt(simple, target, false) || isSampledAlways(simple, target.alias, target.relation);
}

const TRUTH = (value: boolean): Node => ({ A_Const: { boolval: value ? { boolval: true } : {} } });

/** The condition with what is known of every row put in its place. */
function simplified(node: Node, target: Target): Node {
  const all = as(node, 'BoolExpr');
  if (all !== undefined) return { BoolExpr: { ...all, args: (all.args ?? []).map((a) => simplified(a, target)) } };
  const test = as(node, 'NullTest');
  if (test !== undefined) {
    return neverNull(test.arg, (c) => isFull(c, target)) ? TRUTH(test.nulltesttype === 'IS_NOT_NULL') : node;
  }
  const link = as(node, 'SubLink');
  if (link !== undefined) return linkTruth(link, target) ?? node;
  const e = as(node, 'A_Expr');
  return e === undefined ? node : (operatorTruth(e, target) ?? node);
}

/** A column that is never NULL, or the row as a whole. */
function isFull(node: Node, target: Target): boolean {
  const column = ownColumn(node, target);
  return column !== undefined && (target.notNull.has(column) || (column === target.alias && target.relation?.columns.every((c) => c.name !== column) === true));
}

/** Name of a column of the target: `a`, or `t.a`. */
function ownColumn(node: Node | undefined, target: Target): string | undefined {
  const names = strings(as(node, 'ColumnRef')?.fields);
  return names.length === 1 || names.at(-2) === target.alias ? names.at(-1) : undefined;
}

/** EXISTS, IN and ALL over no row, or over all of the target's own. */
function linkTruth(link: NodeOf<'SubLink'>, target: Target): Node | undefined {
  if (isEmpty(link.subselect)) return link.subLinkType === 'ALL_SUBLINK' ? TRUTH(true) : link.subLinkType === 'ANY_SUBLINK' || link.subLinkType === 'EXISTS_SUBLINK' ? TRUTH(false) : undefined;
  if (link.subLinkType === 'EXISTS_SUBLINK') return meetsItself(link, target) || existsAnyway(link, target) ? TRUTH(true) : undefined;
  if (link.subLinkType !== 'ANY_SUBLINK' || (link.operName !== undefined && strings(link.operName).at(-1) !== '=')) return undefined;
  if (isAmongOwn(link.testexpr, link.subselect, target)) return TRUTH(true);
  const [first, last] = seriesOf(link.subselect) ?? [];
  if (first === undefined || last === undefined || link.testexpr === undefined) return undefined;
  const bounds: Node[] = [first, last].map((n) => ({ A_Const: { fval: { fval: String(n) } } }));
  return { A_Expr: { kind: 'AEXPR_BETWEEN', name: [{ String: { sval: 'BETWEEN' } }], lexpr: link.testexpr, rexpr: { List: { items: bounds } } } };
}

/** `EXISTS (SELECT 1 FROM other WHERE t.id = t.id)`: whether there are rows does not depend on the target's. */
function existsAnyway(link: NodeOf<'SubLink'>, target: Target): boolean {
  const select = as(link.subselect, 'SelectStmt');
  if (select?.op !== 'SETOP_NONE' || select.limitCount !== undefined || select.limitOffset !== undefined || select.havingClause !== undefined || select.groupClause !== undefined) return false;
  if (looksAt(select.fromClause, target, false)) return false;
  return select.whereClause === undefined || (containsTarget(select.whereClause, target) && reaches(select.whereClause, { ...target, again: new Map() }));
}

/** Its rows are named with their table, so that they cannot be those of another one. */
const containsTarget = (where: Node, target: Target): boolean => bareNames(where).length === 0 && looksAt(where, target, true);

/** `id IN (SELECT id FROM the_same_table)`. */
function isAmongOwn(tested: Node | undefined, query: Node | undefined, target: Target): boolean {
  const wanted = (as(tested, 'RowExpr')?.args ?? [tested]).map((t) => ownColumn(t, target));
  const columns = ownColumns(query, target.own);
  if (columns === undefined || wanted.length === 0) return false;
  const given = [...columns.values()];
  return wanted.every((w, i) => w !== undefined && (given[i] === w || (given[i] === '*' && wanted.length === 1)));
}

/** `EXISTS (SELECT 1 FROM the_same_table m WHERE m.id = t.id)`. */
function meetsItself(link: NodeOf<'SubLink'>, target: Target): boolean {
  const select = as(link.subselect, 'SelectStmt');
  if (select?.op !== 'SETOP_NONE' || select.fromClause?.length !== 1 || select.limitOffset !== undefined || select.havingClause !== undefined || select.groupClause !== undefined) return false;
  const [item] = ownItems(select.fromClause[0], target.own);
  if (item === undefined || item.beside.length > 0 || select.whereClause === undefined) return false;
  const inner: Target = { ...target, again: new Map([...target.again, [item.alias, item.columns]]) };
  const parts = as(select.whereClause, 'BoolExpr')?.boolop === 'AND_EXPR' ? (as(select.whereClause, 'BoolExpr')?.args ?? []) : [select.whereClause];
  return parts.every((p) => {
    const e = as(p, 'A_Expr');
    return (e !== undefined && joinsItself(e, inner)) || isTautology(p);
  });
}

function operatorTruth(e: NodeOf<'A_Expr'>, target: Target): Node | undefined {
  const symbol = strings(e.name).at(-1);
  if (joinsItself(e, target) || asksNothing(e, target) || comparesOwn(e, target)) return TRUTH(true);
  if (e.kind !== 'AEXPR_OP_ANY' && e.kind !== 'AEXPR_OP_ALL') return undefined;
  // Of no elements any is false, and all are true.
  if (isNothing(e.rexpr)) return TRUTH(e.kind === 'AEXPR_OP_ALL');
  const all = e.kind === 'AEXPR_OP_ANY' && symbol === '=' ? aggregateOf(e.rexpr, target.own) : undefined;
  if (all?.name === 'array_agg' && all.column !== undefined && all.column === ownColumn(e.lexpr, target)) return TRUTH(true);
  const link = as(e.rexpr, 'SubLink');
  if (link?.subLinkType !== 'ARRAY_SUBLINK') return undefined;
  if (isEmpty(link.subselect)) return TRUTH(e.kind === 'AEXPR_OP_ALL');
  return e.kind === 'AEXPR_OP_ANY' && symbol === '=' && isAmongOwn(e.lexpr, link.subselect, target) ? TRUTH(true) : undefined;
}

/** An array without elements. */
function isNothing(node: Node | undefined): boolean {
  const cast = as(node, 'TypeCast');
  if (cast !== undefined) return isNothing(cast.arg);
  const array = as(node, 'A_ArrayExpr');
  return array === undefined ? constOf(node)?.value === '{}' : (array.elements ?? []).length === 0;
}

const TURNED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** `id >= (SELECT min(id) FROM t)`, `(SELECT count(*) FROM t m WHERE m.id = t.id) > 0`. */
function comparesOwn(e: NodeOf<'A_Expr'>, target: Target): boolean {
  const compares = (op: string, left: Node | undefined, right: Node | undefined): boolean => {
    const found = aggregateOf(right, target.own);
    return found?.column !== undefined && left !== undefined && found.column === ownColumn(bare(left), target) && holdsForAll(op, found);
  };
  const [low, high] = as(e.rexpr, 'List')?.items ?? [];
  if (e.kind === 'AEXPR_BETWEEN') return compares('>=', e.lexpr, low) && compares('<=', e.lexpr, high);
  const op = strings(e.name).at(-1) ?? '';
  if (e.kind !== 'AEXPR_OP') return false;
  return compares(op, e.lexpr, e.rexpr) || compares(TURNED[op] ?? op, e.rexpr, e.lexpr) || countsItself(op, e, target);
}

function countsItself(op: string, e: NodeOf<'A_Expr'>, target: Target): boolean {
  const link = as(e.lexpr, 'SubLink');
  const value = as(as(as(link?.subselect, 'SelectStmt')?.targetList?.[0], 'ResTarget')?.val, 'FuncCall');
  const than = constOf(e.rexpr)?.value;
  if (link?.subLinkType !== 'EXPR_SUBLINK' || strings(value?.funcname).at(-1) !== 'count' || typeof than !== 'number' || !meetsItself(link, target)) return false;
  return op === '>' ? than < 1 : op === '>=' || op === '=' ? than <= 1 && (op === '>=' || than === 1) : (op === '<>' || op === '!=') && than < 1;
}

/** `t.id = again.id`: every row meets itself. */
function joinsItself(e: NodeOf<'A_Expr'>, target: Target): boolean {
  const isReflexive = e.kind === 'AEXPR_NOT_DISTINCT' || (e.kind === 'AEXPR_OP' && ['=', '<=', '>='].includes(strings(e.name).at(-1) ?? ''));
  if (!isReflexive || target.again.size === 0) return false;
  const sides = [e.lexpr, e.rexpr].map((n) => {
    const names = strings(as(n, 'ColumnRef')?.fields);
    const item = names.at(-2) ?? target.alias;
    const again = target.again.get(item);
    return { isTarget: names.length > 0 && item === target.alias, isAgain: again !== undefined, column: again === undefined ? columnOf(n) : ownName(again, columnOf(n)) };
  });
  const [left, right] = sides;
  return left?.column !== undefined && left.column === right?.column && sides.some((s) => s.isTarget) && !sides.every((s) => s.isTarget) && sides.some((s) => s.isAgain);
}

/** A comparison with what every row has alike, or with the rows of another table that only one of many can fail. */
function asksNothing(e: NodeOf<'A_Expr'>, target: Target): boolean {
  const symbol = strings(e.name).at(-1) ?? '';
  const columns = [e.lexpr, e.rexpr].flatMap((n) => (n === undefined ? [] : (as(bare(n), 'ColumnRef') ?? [])));
  if (columns.length === 1 && strings(columns[0]?.fields).at(-1) === 'tableoid') return symbol !== '=' || [e.lexpr, e.rexpr, ...(as(e.rexpr, 'List')?.items ?? [])].some((n) => namesTable(n, target));
  if (e.kind !== 'AEXPR_OP' || (symbol !== '<>' && symbol !== '!=')) return false;
  const items = columns.map((c) => strings(c.fields).at(-2) ?? target.alias);
  return items.length === 2 && items[0] !== items[1] && items.includes(target.alias);
}

/** `'notes'::regclass`: all rows of a table that has no parts. */
function namesTable(node: Node | undefined, target: Target): boolean {
  const parts = (constText(node) ?? '').split('.');
  const [schema, name] = parts.length > 1 ? parts.slice(-2) : [undefined, parts[0]];
  return name !== undefined && name !== '' && target.relation?.kind !== 'p' && tableOf({ relname: name, ...(schema === undefined ? {} : { schemaname: schema }) }, target.env) === target.own.table;
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
    return names.length > 1 ? names.at(-2) === target.alias || names[0] === target.alias || target.again.has(names.at(-2) ?? '') || target.beside.has(names.at(-2) ?? '') : !inner;
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
