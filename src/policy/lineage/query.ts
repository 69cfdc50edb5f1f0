/** Queries: SELECT, VALUES, set operations and WITH, down to the sources of each output column. */
import type { CommonTableExpr, SelectStmt, WithClause } from 'libpg-query';
import { allOf, as, constOf, kindOf, strings } from '../facts/tree.ts';
import type { Node } from '../facts/tree.ts';
import { expandStar, indirect } from './columns.ts';
import { isQuiet } from './compare.ts';
import { LineageRefusal } from './context.ts';
import type { CteScope, LineageContext, Place } from './context.ts';
import { writeColumns } from './write.ts';
import { window } from './expression.ts';
import { compositeFields } from './relations.ts';
import { columnName } from './naming.ts';
import type { Scope } from './scope.ts';
import { CONSTANT, derived, either, mergeColumns } from './value.ts';
import type { NamedValue, Value } from './value.ts';

/** Columns of anything that can stand where a query stands: in FROM, in WITH, in a function's body. */
export function queryColumns(ctx: LineageContext, node: Node, place: Place): readonly NamedValue[] {
  return ctx.nested('query', () => {
    const select = as(node, 'SelectStmt');
    if (select !== undefined) return selectColumns(ctx, select, place);
    const body = as(node, 'InsertStmt') ?? as(node, 'UpdateStmt') ?? as(node, 'DeleteStmt') ?? as(node, 'MergeStmt');
    if (body !== undefined) return writeColumns(ctx, node, { scope: place.scope, ctes: withScope(ctx, body.withClause, place) });
    ctx.refuse('opaque', `a query of kind ${kindOf(node) ?? 'none'} is not known`);
    return [];
  });
}

/** CTEs of a WITH clause. Each sees those before it; under RECURSIVE all of them. Data-modifying ones run in any case. */
export function withScope(ctx: LineageContext, clause: WithClause | undefined, place: Place): CteScope | undefined {
  let ctes = place.ctes;
  const made: CteScope[] = [];
  const recursive = clause?.recursive === true;
  const ring: { all: CteScope | undefined } = { all: undefined };
  for (const cte of allOf(clause?.ctes, 'CommonTableExpr')) {
    const outer = ctes;
    const scope: CteScope = { name: cte.ctename ?? '', outer, columns: lazily(ctx, cte, place, () => (recursive ? ring.all : outer)) };
    made.push(scope);
    ctes = scope;
  }
  ring.all = ctes;
  for (const cte of made) cte.columns();
  return ctes;
}

/** Computes a CTE's columns once. A recursive one is run until its sources grow no more. */
function lazily(ctx: LineageContext, cte: CommonTableExpr, place: Place, ctes: () => CteScope | undefined): () => readonly NamedValue[] {
  let current: readonly NamedValue[] | undefined;
  let state: 'new' | 'seed' | 'running' | 'done' = 'new';
  const select = as(cte.ctequery, 'SelectStmt');
  const run = (node: Node): readonly NamedValue[] => {
    const names = strings(cte.aliascolnames);
    return ctx.computed(() => ctx.engine.query(node, { scope: place.scope, ctes: ctes() })).map((c, i) => ({ name: names[i] ?? c.name, value: c.value }));
  };
  return () => {
    if (state === 'done') return current ?? [];
    // Each round starts from what the one before has made of the values.
    if (state === 'running') return (current ?? []).map((c) => (c.value.sources.size === 0 ? c : { ...c, value: { ...c.value, loops: true } }));
    if (state === 'seed') throw new LineageRefusal('unresolved', `WITH query "${cte.ctename ?? ''}" refers to itself where it cannot be followed`, ctx.place);
    state = 'seed';
    if (cte.ctequery === undefined) current = [];
    else if (select?.op === 'SETOP_UNION' && select.larg !== undefined && containsName(select.rarg, cte.ctename ?? '')) {
      // The non-recursive side is evaluated with the WITH of the whole, if it has one of its own.
      current = extended(ctx, cte, run({ SelectStmt: { ...select.larg, withClause: select.larg.withClause ?? select.withClause } }));
      state = 'running';
      current = fixedPoint(ctx, cte, current, () => run(cte.ctequery ?? { SelectStmt: {} }), (next) => (current = next)).map((c) => ({ ...c, value: settled(c.value) }));
    } else current = extended(ctx, cte, run(cte.ctequery));
    state = 'done';
    return current;
  };
}

/** The rounds are over. */
const settled = (value: Value): Value => ({ ...value, loops: false });

function fixedPoint(ctx: LineageContext, cte: CommonTableExpr, seed: readonly NamedValue[], step: () => readonly NamedValue[], publish: (c: readonly NamedValue[]) => void): readonly NamedValue[] {
  let current = seed;
  // Sources only grow and there are finitely many; one round per column is the most that it can take.
  for (let round = 0; round <= seed.length + 1; round++) {
    const next = mergeColumns(current, extended(ctx, cte, step()));
    const grown = next.some((c, i) => c.value.sources.size !== current[i]?.value.sources.size || c.value.exact !== current[i].value.exact);
    current = next;
    publish(current);
    if (!grown) return current;
  }
  throw new LineageRefusal('limit', `WITH RECURSIVE "${cte.ctename ?? ''}" does not settle`, ctx.place);
}

/** Whether a FROM clause anywhere inside names the relation. */
function containsName(tree: unknown, name: string): boolean {
  if (typeof tree !== 'object' || tree === null) return false;
  for (const [key, value] of Object.entries(tree)) {
    if (key === 'relname' && value === name) return true;
    if (containsName(value, name)) return true;
  }
  return false;
}

/** Columns that SEARCH and CYCLE add. */
function extended(ctx: LineageContext, cte: CommonTableExpr, columns: readonly NamedValue[]): readonly NamedValue[] {
  const over = (names: readonly string[]): Value => derived(...columns.filter((c) => names.includes(c.name)).map((c) => c.value));
  const out = [...columns];
  const has = (name: string | undefined): boolean => name === undefined || out.some((c) => c.name === name);
  const search = cte.search_clause;
  if (search && !has(search.search_seq_column)) out.push({ name: search.search_seq_column ?? '', value: over(strings(search.search_col_list)) });
  const cycle = cte.cycle_clause;
  if (cycle && !has(cycle.cycle_mark_column)) {
    const path = over(strings(cycle.cycle_col_list));
    // The recursion ends where the values have been before: the number of rows tells which are equal.
    for (const c of columns) if (strings(cycle.cycle_col_list).includes(c.name)) ctx.group(c.value);
    out.push({ name: cycle.cycle_mark_column ?? '', value: path }, { name: cycle.cycle_path_column ?? '', value: path });
  }
  return out;
}

function selectColumns(ctx: LineageContext, select: SelectStmt, outer: Place): readonly NamedValue[] {
  const place: Place = { scope: outer.scope, ctes: withScope(ctx, select.withClause, outer) };
  if (select.intoClause !== undefined && ctx.expanding.length > 0) ctx.refuse('opaque', 'SELECT INTO inside a function');
  const columns =
    select.op !== undefined && select.op !== 'SETOP_NONE' ? setOperation(ctx, select, place) : select.valuesLists ? values(ctx, select, place) : plain(ctx, select, place);
  for (const limit of [select.limitCount, select.limitOffset]) ctx.filter(ctx.engine.expression(limit, place), 'other', limit);
  return columns;
}

function setOperation(ctx: LineageContext, select: SelectStmt, place: Place): readonly NamedValue[] {
  if (select.larg === undefined || select.rarg === undefined) return [];
  const left = ctx.engine.query({ SelectStmt: select.larg }, place);
  const right = ctx.engine.query({ SelectStmt: select.rarg }, place);
  if (left.length !== right.length) ctx.unresolved('the sides of a set operation have different numbers of columns');
  const columns = mergeColumns(left, right);
  if (!select.all || select.op !== 'SETOP_UNION') for (const c of columns) grouped(ctx, c);
  // ORDER BY of a set operation names output columns only.
  for (const sort of allOf(select.sortClause, 'SortBy')) ctx.filter(sortKey(ctx, sort.node, columns, { items: [{ alias: '', columns, system: false, relVisible: false, colVisible: true }], parent: undefined }, place, true), 'other', sort.node);
  return columns;
}

/** Rows are told apart by the column. */
function grouped(ctx: LineageContext, column: NamedValue): void {
  ctx.commit(column.tests);
  ctx.group(column.value, column.node);
}

function values(ctx: LineageContext, select: SelectStmt, place: Place): readonly NamedValue[] {
  const rows = allOf(select.valuesLists, 'List').map((row) => (row.items ?? []).map((v) => ctx.engine.expression(v, place)));
  const [first = []] = rows;
  const columns = first.map((value, i): NamedValue => ({ name: `column${i + 1}`, value: rows.slice(1).reduce((sum, row) => either(sum, row[i] ?? CONSTANT), value) }));
  for (const sort of allOf(select.sortClause, 'SortBy')) ctx.filter(derived(...columns.map((c) => c.value), ctx.engine.expression(sort.node, { scope: { items: [{ alias: '', columns, system: false, relVisible: false, colVisible: true }], parent: undefined }, ctes: place.ctes })), 'other', sort.node);
  return columns;
}

function plain(ctx: LineageContext, select: SelectStmt, outer: Place): readonly NamedValue[] {
  const scope = ctx.engine.from(select.fromClause, outer);
  const place: Place = { scope, ctes: outer.ctes };
  ctx.engine.predicate(select.whereClause, place);
  const columns = targetColumns(ctx, select.targetList, place);
  ctx.engine.predicate(select.havingClause, place);
  for (const w of allOf(select.windowClause, 'WindowDef')) window(ctx, w, place);
  for (const group of select.groupClause ?? []) groupKey(ctx, group, columns, place);
  for (const sort of allOf(select.sortClause, 'SortBy')) ctx.filter(sortKey(ctx, sort.node, columns, scope, place, true), 'other', sort.node);
  const distinct = select.distinctClause ?? [];
  const on = distinct.filter((d) => kindOf(d) !== undefined);
  if (distinct.length > 0 && on.length === 0) for (const c of columns) grouped(ctx, c);
  for (const d of on) ctx.group(sortKey(ctx, d, columns, scope, place, true), d);
  return columns;
}

/** The output columns of a target or RETURNING list, stars expanded. */
export function targetColumns(ctx: LineageContext, targets: readonly Node[] | undefined, place: Place): readonly NamedValue[] {
  const out: NamedValue[] = [];
  for (const target of allOf(targets, 'ResTarget')) {
    const star = ctx.within(target.val, () => starOf(ctx, target.val, place));
    const own = ctx.isElsewhere || target.val === undefined ? {} : { node: target.val };
    if (star === 'none') out.push({ name: target.name ?? columnName(target.val), ...computed(ctx, target.val, place), ...own });
    else if (star === undefined) {
      ctx.unresolved('the columns that "*" stands for are not known');
      ctx.positionsUnknown = true;
    } else out.push(...star.map((c) => ({ name: c.name, value: c.value, ...own })));
  }
  return out;
}

/** A target's value. In a view's definition, what it asks of hidden values waits until the column is used. */
function computed(ctx: LineageContext, node: Node | undefined, place: Place): Pick<NamedValue, 'value' | 'tests'> {
  if (!ctx.measured && isQuiet(node)) return { value: ctx.quietly(() => ctx.engine.expression(node, place)) };
  if (!ctx.mayPutOff) return { value: ctx.engine.expression(node, place) };
  const { result, tests } = ctx.putOff(() => ctx.engine.expression(node, place));
  return tests.length === 0 ? { value: result } : { value: result, tests };
}

/** Columns of `*`, `t.*` and `(row).*`; 'none' when the target is no star. */
function starOf(ctx: LineageContext, node: Node | undefined, place: Place): readonly NamedValue[] | undefined | 'none' {
  const fields = as(node, 'ColumnRef')?.fields;
  if (fields !== undefined) return isStar(fields.at(-1)) ? expandStar(ctx, fields, place) : 'none';
  const body = as(node, 'A_Indirection');
  if (body === undefined || !isStar(body.indirection?.at(-1))) return 'none';
  const row = indirect(ctx, ctx.engine.expression(body.arg, place), (body.indirection ?? []).slice(0, -1), place);
  return row.fields ?? compositeFields(ctx, row);
}

const isStar = (node: Node | undefined): boolean => node !== undefined && kindOf(node) === 'A_Star';

/** GROUP BY: a position, an input column before an output name, an expression, or sets of them. */
function groupKey(ctx: LineageContext, node: Node, columns: readonly NamedValue[], place: Place, isSorted = false): void {
  const sets = as(node, 'GroupingSet');
  const row = as(node, 'RowExpr');
  if (sets ?? row) {
    for (const inner of sets?.content ?? row?.args ?? []) groupKey(ctx, inner, columns, place, isSorted || sets !== undefined);
    return;
  }
  const key = sortKey(ctx, node, columns, place.scope, place, false);
  // Several sets of keys are made by sorting, and the rows come out so.
  if (isSorted) ctx.filter(key, 'other', node);
  else ctx.group(key, node);
}

/** ORDER BY and DISTINCT ON look at output names first, GROUP BY at input columns. */
function sortKey(ctx: LineageContext, node: Node | undefined, columns: readonly NamedValue[], scope: Scope | undefined, place: Place, outputFirst: boolean): Value {
  const position = constOf(node);
  const output = (column: NamedValue | undefined): Value => {
    ctx.commit(column?.tests);
    return column?.value ?? CONSTANT;
  };
  if (position?.kind === 'number') return output(columns[Number(position.value) - 1]);
  const fields = as(node, 'ColumnRef')?.fields;
  const name = fields?.length === 1 ? strings(fields)[0] : undefined;
  const named = name === undefined ? [] : columns.filter((c) => c.name === name);
  const input = (): boolean => scope?.items.some((i) => i.colVisible && i.columns.some((c) => c.name === name)) ?? false;
  if (named.length > 0 && (outputFirst || !input())) return named.length === 1 ? output(named[0]) : derived(...named.map(output));
  return ctx.engine.expression(node, { scope, ctes: place.ctes });
}
