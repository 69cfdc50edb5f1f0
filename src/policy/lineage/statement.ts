/** Lineage of one statement: its output, what it reads, what it filters on, or why it is refused. */
import type { RangeVar, SelectStmt } from 'libpg-query';
import type { StatementText } from '../facts/place.ts';
import { executeIn } from '../facts/sql.ts';
import { optionOn } from '../facts/statements.ts';
import { resolveFunction, resolveTable, vouchedFor } from '../facts/resolve.ts';
import { allOf, as, kindOf, qualified, strings } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import type { AnalysisEnv, ColumnRef, OutputColumn, StatementAnalysis } from '../types.ts';
import { LineageContext, LineageRefusal } from './context.ts';
import type { Engine, Place } from './context.ts';
import { changeRules } from './change.ts';
import { expressionValue } from './expression.ts';
import { fromScope } from './from.ts';
import { functionValue, outColumns } from './functions.ts';
import { anything } from './later-code.ts';
import { predicate } from './predicate.ts';
import { queryColumns, targetColumns } from './query.ts';
import { relationItem } from './relations.ts';
import { derived } from './value.ts';
import type { NamedValue } from './value.ts';
import { readsFrom, writesTo } from './hidden.ts';
import { checkFlow } from './write.ts';

type Lineage = Pick<StatementAnalysis, 'output' | 'reads' | 'predicates' | 'refusal' | 'hiddenCode'>;
type Output = StatementAnalysis['output'];

const TOP: Place = { scope: undefined, ctes: undefined };

/** A fresh analysis with the parts tied together. */
function makeContext(env: AnalysisEnv, source: StatementText): LineageContext {
  const engine: Engine = {
    query: (node, place) => queryColumns(ctx, node, place),
    expression: (node, place) => expressionValue(ctx, node, place),
    predicate: (node, place) => predicate(ctx, node, place),
    from: (nodes, place) => fromScope(ctx, nodes, place),
    targets: (nodes, place) => targetColumns(ctx, nodes, place),
    reads: (relation) => readsFrom(ctx, relation),
  };
  const ctx = new LineageContext(env, engine, source);
  return ctx;
}

/** Their errors quote whole rows of tables that only a view or a partition of theirs is named. */
const CHANGES: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'CopyStmt', 'RefreshMatViewStmt', 'AlterTableStmt', 'IndexStmt', 'CreateTableAsStmt', 'ReindexStmt', 'ClusterStmt']);

/** Computes the lineage of a statement. Never throws for any tree that the parser can give. */
export function statementLineage(node: Node, env: AnalysisEnv, source: StatementText): Lineage {
  const ctx = makeContext(env, source);
  try {
    const output = outputOf(ctx, node);
    ctx.settle();
    const known = ctx.unresolvedMessage === undefined && !ctx.positionsUnknown ? output : output === 'none' ? 'none' : 'untracked';
    return { output: known, reads: [...ctx.reads.values()], predicates: [...ctx.predicates.values()], ...(ctx.hiddenCode || (ctx.touchesClassified && CHANGES.has(kindOf(node) ?? '')) ? { hiddenCode: true } : {}) };
  } catch (error) {
    if (!(error instanceof LineageRefusal)) throw error;
    return { output: 'untracked', reads: [...ctx.reads.values()], predicates: [...ctx.predicates.values()], refusal: { code: error.code, message: error.message, at: error.at ?? source.whole } };
  }
}

function outputs(ctx: LineageContext, columns: readonly NamedValue[]): OutputColumn[] {
  for (const c of columns) ctx.commit(c.tests);
  const out = columns.map((c) => ({ name: c.name, sources: [...ctx.use(c.value).sources], exact: c.value.exact }));
  // Nobody asks where a column stands in a statement that has nothing to mask.
  if (ctx.reads.size === 0) return out;
  return out.map((c, i) => {
    const at = ctx.placeOf(columns[i]?.node);
    return at === undefined ? c : { ...c, at };
  });
}

function outputOf(ctx: LineageContext, node: Node): Output {
  switch (kindOf(node)) {
    case 'SelectStmt':
      return selectOutput(ctx, node);
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt': {
      const body = as(node, 'InsertStmt') ?? as(node, 'UpdateStmt') ?? as(node, 'DeleteStmt') ?? as(node, 'MergeStmt');
      const columns = outputs(ctx, queryColumns(ctx, node, TOP));
      return body?.returningClause === undefined ? 'none' : columns;
    }
    case 'CreateTableAsStmt':
      return createAs(ctx, node);
    case 'CopyStmt':
      return copyOutput(ctx, node);
    case 'DeclareCursorStmt': {
      const query = as(node, 'DeclareCursorStmt')?.query;
      if (query !== undefined) outputs(ctx, queryColumns(ctx, query, TOP));
      return 'none';
    }
    case 'ExplainStmt':
      explained(ctx, as(node, 'ExplainStmt'));
      return 'untracked';
    case 'ExecuteStmt':
      handedOver(ctx, as(node, 'ExecuteStmt'));
      return earlier(ctx, ctx.env.prepared(executeIn(node) ?? ''), `prepared statement "${executeIn(node) ?? ''}" is not known in this session`);
    case 'FetchStmt': {
      const fetch = as(node, 'FetchStmt');
      const output = earlier(ctx, ctx.env.cursor(fetch?.portalname ?? ''), `cursor "${fetch?.portalname ?? ''}" is not known in this session`);
      return fetch?.ismove ? 'none' : output;
    }
    case 'VariableShowStmt':
      return 'untracked';
    case 'CallStmt':
      return callOutput(ctx, node);
    case 'DoStmt':
      anything(ctx);
      return 'none';
    default:
      changeRules(ctx, node);
      return 'none';
  }
}

/** CALL: a procedure in SQL is followed; of another nothing is known but that policy lets it run. */
function callOutput(ctx: LineageContext, node: Node): Output {
  const call = as(node, 'CallStmt')?.funccall;
  const args = (call?.args ?? []).map((a) => ctx.engine.expression(a, TOP));
  const found = resolveFunction(qualified(call?.funcname), ctx.env);
  const followed = found.candidates.length > 0 && found.candidates.every((f) => (f.language === 'sql' && f.body !== undefined) || vouchedFor(ctx.env, f) !== undefined);
  if (!followed) {
    anything(ctx);
    // A procedure may give a row of its OUT parameters.
    return 'untracked';
  }
  const value = functionValue(ctx, found, args, call?.args ?? []);
  const names = outColumns(found) ?? [];
  return names.length === 0 ? 'none' : outputs(ctx, names.map((name) => ({ name, value: derived(value) })));
}

function selectOutput(ctx: LineageContext, node: Node): Output {
  const columns = queryColumns(ctx, node, TOP);
  const into = as(node, 'SelectStmt')?.intoClause;
  if (into?.rel === undefined) return outputs(ctx, columns);
  fillsTable(ctx, into.rel, columns, strings(into.colNames));
  return 'none';
}

function createAs(ctx: LineageContext, node: Node): Output {
  const body = as(node, 'CreateTableAsStmt');
  if (body?.query === undefined) return 'none';
  const run = as(body.query, 'ExecuteStmt');
  const names = strings(body.into?.colNames);
  if (run === undefined) {
    fillsTable(ctx, body.into?.rel, queryColumns(ctx, body.query, TOP), names);
    return 'none';
  }
  handedOver(ctx, run);
  const output = earlier(ctx, ctx.env.prepared(run.name ?? ''), `prepared statement "${run.name ?? ''}" is not known in this session`);
  if (output === 'untracked') ctx.refuse('unresolved', `the columns of prepared statement "${run.name ?? ''}" are not known`);
  else if (output !== 'none') {
    fillsTable(ctx, body.into?.rel, output.map((c) => ({ name: c.name, value: { sources: new Set(c.sources.map((s) => ctx.column(s.schema, s.table, s.column))), exact: c.exact } })), names);
  }
  return 'none';
}

/** Arguments of EXECUTE: the prepared query was analysed for parameters that hold nothing classified. */
function handedOver(ctx: LineageContext, run: NodeOf<'ExecuteStmt'> | undefined): void {
  for (const param of run?.params ?? []) {
    const value = ctx.engine.expression(param, TOP);
    const [first] = ctx.classified(value);
    if (first === undefined) continue;
    ctx.within(param, () => ctx.refuse('opaque', `EXECUTE would hand a value of ${first.schema}.${first.table}.${first.column} to prepared statement "${run?.name ?? ''}"; write the query with the value in its place`));
  }
}

/** A new table may only take classified values into columns that its own name puts into the same class. */
function fillsTable(ctx: LineageContext, range: RangeVar | undefined, columns: readonly NamedValue[], names: readonly string[]): void {
  const temp = range?.relpersistence === 't';
  const path = ctx.env.searchPath.find((s) => s !== 'pg_catalog' && !s.startsWith('pg_temp')) ?? 'public';
  const schema = range?.schemaname ?? (temp ? 'pg_temp' : path);
  columns.forEach((c, i) => {
    const name = names[i] ?? c.name;
    ctx.use(c.value);
    ctx.commit(c.tests);
    const target = { sources: new Set([ctx.column(schema, range?.relname ?? '', name)]), exact: true };
    ctx.within(c.node, () => checkFlow(ctx, c.value, target, `column ${name} of the new table ${schema}.${range?.relname ?? ''}`));
  });
}

function copyOutput(ctx: LineageContext, node: Node): Output {
  const copy = as(node, 'CopyStmt');
  if (copy === undefined) return 'none';
  if (copy.is_from) {
    if (copy.relation !== undefined) {
      const name = { schema: copy.relation.schemaname, name: copy.relation.relname ?? '' };
      const item = relationItem(ctx, name, undefined);
      writesTo(ctx, resolveTable(name, ctx.env).relation);
      ctx.engine.predicate(copy.whereClause, { scope: { items: [item], parent: undefined }, ctes: undefined });
    }
    return 'none';
  }
  const columns = copy.query === undefined ? queryColumns(ctx, copiedTable(ctx, copy.relation, copy.attlist), TOP) : queryColumns(ctx, copy.query, TOP);
  const output = outputs(ctx, columns);
  const [first] = columns.flatMap((c) => ctx.classified(c.value));
  if (first !== undefined && (copy.is_program || copy.filename !== undefined)) {
    ctx.refuse('opaque', `COPY would write ${first.schema}.${first.table}.${first.column} to the server's machine`);
  }
  return copy.is_program || copy.filename !== undefined ? 'none' : output;
}

/** COPY t (a, b) reads as SELECT a, b FROM t; without a list it leaves out generated columns. */
function copiedTable(ctx: LineageContext, range: RangeVar | undefined, attlist: readonly Node[] | undefined): Node {
  const found = resolveTable({ schema: range?.schemaname, name: range?.relname ?? '' }, ctx.env);
  const names = attlist !== undefined ? strings(attlist) : found.relation?.columns.filter((c) => c.generated === undefined).map((c) => c.name);
  const fields = (names?.map((n) => [{ String: { sval: n } }]) ?? [[{ A_Star: {} }]]) as Node[][];
  const select: SelectStmt = { op: 'SETOP_NONE', targetList: fields.map((f) => ({ ResTarget: { val: { ColumnRef: { fields: f } } } })), fromClause: [{ RangeVar: range ?? {} }] };
  return { SelectStmt: select };
}

/** What EXPLAIN plans is read for the same refusals; the plan's text has no claim. */
function explained(ctx: LineageContext, explain: NodeOf<'ExplainStmt'> | undefined): void {
  ctx.measured = optionOn(explain?.options, 'analyze');
  ctx.explained = true;
  const output = explain?.query === undefined ? 'none' : outputOf(ctx, explain.query);
  if (typeof output === 'string') return;
  const serializes = ctx.measured && allOf(explain?.options, 'DefElem').some((o) => o.defname === 'serialize');
  for (const c of output) {
    const value = { sources: new Set(c.sources.map((s) => ctx.column(s.schema, s.table, s.column))), exact: c.exact };
    // SERIALIZE says how long the rows are. What a prepared statement computes is not read again here.
    if (serializes) ctx.filter(value, 'other');
    const [first] = ctx.classified(value);
    if (first !== undefined && !c.exact && as(explain?.query, 'ExecuteStmt') !== undefined) ctx.refuse('opaque', `the plan could show what the prepared statement computes from ${first.schema}.${first.table}.${first.column}; write EXPLAIN with the query itself`);
  }
}

/** Output of a statement analysed before, with what it read and filtered on. */
function earlier(ctx: LineageContext, body: StatementAnalysis | undefined, missing: string): Output {
  if (body === undefined) {
    ctx.refuse('unresolved', missing);
    return 'untracked';
  }
  if (body.refusal !== undefined) throw new LineageRefusal(body.refusal.code, body.refusal.message, ctx.place);
  const again = (ref: ColumnRef): ColumnRef => ctx.column(ref.schema, ref.table, ref.column);
  for (const ref of body.reads) ctx.use({ sources: new Set([again(ref)]), exact: true });
  for (const p of body.predicates) ctx.filter({ sources: new Set([again(p.column)]), exact: true }, p.kind);
  // Places belong to the text in which the query was written.
  return typeof body.output === 'string' ? body.output : body.output.map(({ name, sources, exact }) => ({ name, sources, exact }));
}
