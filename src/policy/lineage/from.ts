/** The FROM clause: which items it puts in sight and where their columns come from. */
import type { Alias } from 'libpg-query';
import { fitting, resolveFunction } from '../facts/resolve.ts';
import { allOf, as, kindOf, qualified, stringOf, strings } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import { BUILTIN_OUT_COLUMNS } from './builtin-columns.ts';
import { itemOf } from './context.ts';
import type { CteScope, LineageContext, Place } from './context.ts';
import { definedColumns, outColumns } from './functions.ts';
import { relationItem } from './relations.ts';
import { renamed } from './scope.ts';
import type { Scope, ScopeColumn, ScopeItem } from './scope.ts';
import { plainEquality } from './compare.ts';
import { columnName } from './naming.ts';
import { CONSTANT, derived, either, isFirm } from './value.ts';
import type { Value } from './value.ts';

/** Items of a whole FROM clause. Each sees those before it where it may (LATERAL, functions). */
export function fromScope(ctx: LineageContext, nodes: readonly Node[] | undefined, place: Place): Scope {
  const items: ScopeItem[] = [];
  for (const node of nodes ?? []) items.push(...ctx.within(node, () => fromItem(ctx, node, place, items)));
  return { items, parent: place.scope };
}

function fromItem(ctx: LineageContext, node: Node, place: Place, before: readonly ScopeItem[]): readonly ScopeItem[] {
  const lateral: Place = { scope: { items: before, parent: place.scope }, ctes: place.ctes };
  switch (kindOf(node)) {
    case 'RangeVar':
      return [rangeVar(ctx, as(node, 'RangeVar'), place)];
    case 'RangeSubselect': {
      const sub = as(node, 'RangeSubselect');
      const columns = sub?.subquery === undefined ? [] : ctx.engine.query(sub.subquery, sub.lateral ? lateral : place);
      return [itemOf(sub?.alias?.aliasname ?? '', renamed(columns, aliasColumns(sub?.alias)))];
    }
    case 'RangeFunction':
      return [rangeFunction(ctx, as(node, 'RangeFunction'), lateral)];
    case 'RangeTableSample': {
      const sample = as(node, 'RangeTableSample');
      for (const arg of [...(sample?.args ?? []), ...(sample?.repeatable ? [sample.repeatable] : [])]) ctx.filter(ctx.engine.expression(arg, lateral), 'other', arg);
      return sample?.relation === undefined ? [] : fromItem(ctx, sample.relation, place, before);
    }
    case 'RangeTableFunc':
      return [xmlTable(ctx, as(node, 'RangeTableFunc'), lateral)];
    case 'JsonTable':
      return [jsonTable(ctx, as(node, 'JsonTable'), lateral)];
    case 'JoinExpr':
      return join(ctx, as(node, 'JoinExpr'), place, before);
    default:
      ctx.refuse('opaque', `FROM items of kind ${kindOf(node) ?? 'none'} are not known`);
      return [];
  }
}

const aliasColumns = (alias: Alias | undefined): string[] => strings(alias?.colnames);

export function findCte(ctes: CteScope | undefined, name: string): CteScope | undefined {
  for (let c = ctes; c !== undefined; c = c.outer) if (c.name === name) return c;
  return undefined;
}

function rangeVar(ctx: LineageContext, range: NodeOf<'RangeVar'> | undefined, place: Place): ScopeItem {
  const name = range?.relname ?? '';
  const cte = range?.schemaname === undefined ? findCte(place.ctes, name) : undefined;
  const item = cte === undefined ? relationItem(ctx, { schema: range?.schemaname, name }, range?.alias?.aliasname) : itemOf(range?.alias?.aliasname ?? name, cte.columns());
  return { ...item, columns: renamed(item.columns, aliasColumns(range?.alias)) };
}

interface FunctionColumns {
  readonly columns: readonly ScopeColumn[];
  readonly open?: (name: string) => Value;
}

function rangeFunction(ctx: LineageContext, body: NodeOf<'RangeFunction'> | undefined, place: Place): ScopeItem {
  const alias = body?.alias?.aliasname;
  const parts = (body?.functions ?? []).map((entry) => {
    const [call, definitions] = as(entry, 'List')?.items ?? [entry];
    const own = as(definitions, 'List')?.items;
    const definitionsOf = own ?? body?.coldeflist;
    return functionColumns(ctx, call, definitionsOf, (body?.functions?.length ?? 0) === 1 ? alias : undefined, place);
  });
  const columns = parts.flatMap((p) => p.columns);
  if (body?.ordinality) columns.push({ name: 'ordinality', value: CONSTANT });
  const open = parts.flatMap((p) => p.open ?? []);
  // Where one part's columns are not known, nobody knows which names and places the others have.
  if (open.length > 0) {
    const value = derived(...columns.map((c) => c.value), ...open.map((o) => o('*')));
    return { ...itemOf(alias ?? columnName(as(body?.functions?.[0], 'List')?.items?.[0]), []), open: () => value };
  }
  return itemOf(alias ?? columnName(as(body?.functions?.[0], 'List')?.items?.[0]), renamed(columns, aliasColumns(body?.alias)));
}

function functionColumns(ctx: LineageContext, call: Node | undefined, definitions: readonly Node[] | undefined, alias: string | undefined, place: Place): FunctionColumns {
  const body = as(call, 'FuncCall');
  const defined = definedColumns(definitions);
  const overloads = body === undefined ? undefined : resolveFunction(qualified(body.funcname), ctx.env);
  // Columns are those of the overload that the server will take.
  const found = overloads === undefined || overloads.candidates.length === 0 ? overloads : fitting(overloads, (body?.args ?? []).map((a) => ctx.engine.expression(a, place).type), ctx.env.catalog);
  // unnest(a, b) gives one column for each argument.
  if (found?.builtin && found.name === 'unnest' && found.candidates.length === 0 && (body?.args?.length ?? 0) > 1) {
    return { columns: (body?.args ?? []).map((a) => ({ name: 'unnest', value: element(ctx, ctx.engine.expression(a, place)) })) };
  }
  const value = ctx.engine.expression(call, place);
  const elements = found?.name === 'unnest' ? elementsOf(ctx, body?.args?.[0], place) : undefined;
  const named = (names: readonly string[]): FunctionColumns => ({ columns: names.map((name) => ({ name, value: value.fields?.find((f) => f.name === name)?.value ?? derived(value) })) });
  if (defined.length > 0) {
    if (allOf(definitions, 'ColumnDef').some(narrowed)) ctx.filter(value, 'other');
    return named(defined);
  }
  if (found === undefined) return named([alias ?? columnName(call)]);
  const known = found.candidates.length === 0 ? BUILTIN_OUT_COLUMNS.get(found.name) : found.builtin ? undefined : outColumns(found);
  // No declared columns means one value, named after the alias.
  if (known !== undefined) return named(known.length === 0 ? [alias ?? found.name] : known);
  if (found.builtin && found.candidates.length === 0 && (elements === 'scalar' || !COMPOSITE_FUNCTIONS.has(found.name))) return named([alias ?? found.name]);
  if (found.builtin && found.candidates.length === 0 && elements !== undefined && elements !== 'scalar') return named(elements);
  // A function of one's own may return a row whose columns the snapshot does not tell.
  return { columns: [], open: () => value };
}

/** A column of the list after AS that not every value fits. */
const narrowed = (c: NodeOf<'ColumnDef'>): boolean => (c.typeName?.typmods?.length ?? 0) > 0 || !ANY_TEXT.has(qualified(c.typeName?.names).name);

const ANY_TEXT: ReadonlySet<string> = new Set(['text', 'varchar']);

/** One element of an array; how many there are shows in the number of rows. */
function element(ctx: LineageContext, array: Value): Value {
  if (!isFirm(array)) ctx.filter(array, 'other');
  return derived(array);
}

/** OIDs of the server's array types whose elements are no rows. */
const ARRAY_TYPES: ReadonlySet<number> = new Set([
  143, 199, 651, 791, 1000, 1001, 1002, 1003, 1005, 1007, 1009, 1010, 1014, 1015, 1016, 1021, 1022, 1028, 1040, 1041, 1115, 1182, 1183, 1185, 1187, 1231, 1270, 1561, 1563, 2951, 3643, 3645, 3807,
]);

/** What unnesting a column gives: one column, the attributes of a composite type, or what is not known. */
function elementsOf(ctx: LineageContext, node: Node | undefined, place: Place): 'scalar' | readonly string[] | undefined {
  if (isScalarArray(node, ctx)) return 'scalar';
  const { type } = as(node, 'ColumnRef') === undefined ? CONSTANT : ctx.engine.expression(node, place);
  if (type === undefined) return undefined;
  if (ARRAY_TYPES.has(type)) return 'scalar';
  const composite = ctx.env.catalog?.relationOfType?.(type);
  return composite?.rowTypes?.[1] === type ? composite.columns.map((c) => c.name) : undefined;
}

/** Builtins that give an array whose elements are no rows. */
const SCALAR_ARRAYS: ReadonlySet<string> = new Set(['string_to_array', 'regexp_split_to_array', 'regexp_match', 'current_schemas', 'pg_blocking_pids', 'parse_ident']);

/** Unnesting it gives one column: an array of a builtin type that has no fields. */
function isScalarArray(node: Node | undefined, ctx: LineageContext): boolean {
  const cast = as(node, 'TypeCast')?.typeName;
  if (cast !== undefined) return qualified(cast.names).schema === 'pg_catalog' || SCALAR_TYPES.has(qualified(cast.names).name);
  const elements = as(node, 'A_ArrayExpr')?.elements;
  if (elements !== undefined) return elements.length > 0 && elements.every((e) => kindOf(e) === 'A_Const' || isScalarArray(e, ctx));
  const call = as(node, 'FuncCall');
  if (call === undefined) return false;
  const found = resolveFunction(qualified(call.funcname), ctx.env);
  return found.builtin && found.candidates.length === 0 && SCALAR_ARRAYS.has(found.name);
}

const SCALAR_TYPES: ReadonlySet<string> = new Set(['text', 'date', 'uuid', 'json', 'jsonb', 'bytea', 'inet', 'name', 'oid', 'regclass', 'regtype']);

/** Builtins whose row type comes from an argument or from a column definition list, or differs between versions. */
const COMPOSITE_FUNCTIONS: ReadonlySet<string> = new Set([
  'json_populate_record',
  'json_populate_recordset',
  'jsonb_populate_record',
  'jsonb_populate_recordset',
  'json_to_record',
  'json_to_recordset',
  'jsonb_to_record',
  'jsonb_to_recordset',
  'unnest',
  'pg_control_init',
  'pg_get_backend_memory_contexts',
  'pg_get_publication_tables',
  'pg_get_replication_slots',
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_stat_get_subscription',
  'pg_stat_get_subscription_stats',
  'pg_stat_get_wal',
]);

function xmlTable(ctx: LineageContext, body: NodeOf<'RangeTableFunc'> | undefined, place: Place): ScopeItem {
  const parts = [body?.docexpr, body?.rowexpr, ...(body?.namespaces ?? [])].map((n) => ctx.engine.expression(n, place));
  const columns = allOf(body?.columns, 'RangeTableFuncCol');
  const values = columns.flatMap((c) => [c.colexpr, c.coldefexpr]).map((n) => ctx.engine.expression(n, place));
  const value = derived(...parts, ...values);
  ctx.filter(value, 'other');
  return itemOf(body?.alias?.aliasname ?? 'xmltable', renamed(columns.map((c) => ({ name: c.colname ?? '', value: c.for_ordinality ? CONSTANT : value })), aliasColumns(body?.alias)));
}

function jsonTable(ctx: LineageContext, body: NodeOf<'JsonTable'> | undefined, place: Place): ScopeItem {
  const context = body?.context_item === undefined ? CONSTANT : ctx.engine.expression({ JsonValueExpr: body.context_item }, place);
  const passing = (body?.passing ?? []).map((p) => ctx.engine.expression(p, place));
  const value = derived(context, ...passing);
  // Rows come and go with what the path finds in the document.
  ctx.filter(value, 'other');
  return itemOf(body?.alias?.aliasname ?? 'json_table', renamed(jsonColumns(ctx, body?.columns, value, place), aliasColumns(body?.alias)));
}

function jsonColumns(ctx: LineageContext, nodes: readonly Node[] | undefined, value: Value, place: Place): ScopeColumn[] {
  return allOf(nodes, 'JsonTableColumn').flatMap((c) => {
    if (c.coltype === 'JTC_NESTED') return jsonColumns(ctx, c.columns, value, place);
    // DEFAULT ... ON EMPTY and ON ERROR call functions.
    const defaults = [c.on_empty?.expr, c.on_error?.expr].map((n) => ctx.engine.expression(n, place));
    return [{ name: c.name ?? '', value: c.coltype === 'JTC_FOR_ORDINALITY' ? CONSTANT : derived(value, ...defaults) }];
  });
}

function join(ctx: LineageContext, body: NodeOf<'JoinExpr'> | undefined, place: Place, before: readonly ScopeItem[]): readonly ScopeItem[] {
  const { larg, rarg } = body ?? {};
  const left = larg === undefined ? [] : ctx.within(larg, () => fromItem(ctx, larg, place, before));
  const right = rarg === undefined ? [] : ctx.within(rarg, () => fromItem(ctx, rarg, place, [...before, ...left]));
  const sides: Place = { scope: { items: [...left, ...right], parent: place.scope }, ctes: place.ctes };
  ctx.engine.predicate(body?.quals, sides);
  const [leftColumns, rightColumns] = [visibleColumns(left), visibleColumns(right)];
  const using = body?.isNatural ? leftColumns.map((c) => c.name).filter((n) => rightColumns.some((r) => r.name === n)) : (body?.usingClause ?? []).flatMap((n) => stringOf(n) ?? []);
  const open = [...left, ...right].filter((i) => i.colVisible && i.open !== undefined);
  const merged = [...new Set(using)].map((name) => mergedColumn(ctx, name, [leftColumns, rightColumns], [left, right]));
  const rest = [...leftColumns, ...rightColumns].filter((c) => !using.includes(c.name));
  const columns = renamed([...merged, ...rest], aliasColumns(body?.alias));
  const whole: ScopeItem = { ...itemOf(body?.alias?.aliasname ?? '', columns), relVisible: body?.alias !== undefined, ...(open.length === 0 ? {} : { open: (name: string) => derivedOpen(open, name) }) };
  if (body?.isNatural && open.length > 0) ctx.unresolved('the columns of a NATURAL join are not known');
  if (body?.alias !== undefined) return [whole];
  const hidden = [...left, ...right].map((i) => ({ ...i, colVisible: false }));
  const usingAlias = body?.join_using_alias?.aliasname;
  return [whole, ...hidden, ...(usingAlias === undefined ? [] : [{ ...itemOf(usingAlias, merged), colVisible: false }])];
}

const derivedOpen = (items: readonly ScopeItem[], name: string): Value => {
  const values = items.map((i) => i.open?.(name) ?? CONSTANT);
  return values.length === 1 ? (values[0] ?? CONSTANT) : derived(...values);
};

const visibleColumns = (items: readonly ScopeItem[]): ScopeColumn[] => items.filter((i) => i.colVisible).flatMap((i) => i.columns);

/** A column of USING: one value for both sides, and a comparison of them. */
function mergedColumn(ctx: LineageContext, name: string, columns: readonly (readonly ScopeColumn[])[], items: readonly (readonly ScopeItem[])[]): ScopeColumn {
  const values = columns.map((side, i) => {
    const hit = side.find((c) => c.name === name);
    if (hit !== undefined) {
      if (hit.guard !== undefined) ctx.refuse('opaque', hit.guard);
      ctx.commit(hit.tests);
      return hit.value;
    }
    const open = (items[i] ?? []).filter((item) => item.colVisible && item.open !== undefined);
    if (open.length === 0) ctx.unresolved(`column "${name}" of USING does not exist on both sides`);
    return derivedOpen(open, name);
  });
  const [left = CONSTANT, right = CONSTANT] = values;
  plainEquality(ctx, values);
  const classes = new Set([...left.sources, ...right.sources].map((ref) => ctx.classOf(ref)?.id));
  const equality = left.exact && right.exact && classes.size <= 1;
  for (const v of values) ctx.filter(ctx.use(v), equality ? 'equality' : 'other');
  return { name, value: either(left, right) };
}
