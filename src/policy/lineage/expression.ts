/** Sources of an expression. Every kind of node that the grammar puts into expressions is named here; others are refused. */
import type { JsonOutput } from 'libpg-query';
import { effectivePath, resolveFunction, resolveTable } from '../facts/resolve.ts';
import { as, bodyOf, isObject, kindOf, qualified } from '../facts/tree.ts';
import type { Node, NodeOf } from '../facts/tree.ts';
import { attributeFunction, columnValue, indirect } from './columns.ts';
import type { LineageContext, Place } from './context.ts';
import { functionValue, NEUTRAL_FUNCTIONS, PLACING_FUNCTIONS } from './functions.ts';
import { columnName } from './naming.ts';
import { operatorValue } from './compare.ts';
import { fitsRow } from './fits.ts';
import { isTame, isTotalCast } from './total.ts';
import { booleanValue, boundedParts, caseValue, condition, nullTest, subLinkValue } from './predicate.ts';
import { CONSTANT, derived, isFirm, isWhole, rowOf } from './value.ts';
import type { NamedValue, Value } from './value.ts';

const LEAVES: ReadonlySet<string> = new Set(['A_Const', 'SQLValueFunction', 'SetToDefault', 'MergeSupportFunc', 'CurrentOfExpr', 'String', 'Integer', 'Float', 'Boolean', 'TypeName']);

/** Nodes that only combine the values of the expressions in them. */
const COMBINING: ReadonlySet<string> = new Set([
  'MinMaxExpr',
  'List',
  'NamedArgExpr',
  'ResTarget',
  'JsonObjectConstructor',
  'JsonArrayConstructor',
  'JsonKeyValue',
  'JsonScalarExpr',
  'JsonSerializeExpr',
  'JsonValueExpr',
  'JsonArgument',
  'JsonBehavior',
  'JsonFormat',
  'JsonOutput',
  'JsonReturning',
  'JsonTablePathSpec',
]);

/** Nodes that can fail, or say yes or no, because of what the values in them are. */
const ASKING: ReadonlySet<string> = new Set(['JsonParseExpr', 'JsonIsPredicate', 'JsonFuncExpr']);

/** Functions that have a syntax of their own since PostgreSQL 16 and 17. */
const NEW_NAMES: ReadonlySet<string> = new Set([
  'JsonScalarExpr',
  'JsonSerializeExpr',
  'JsonParseExpr',
  'JsonFuncExpr',
  'JsonObjectConstructor',
  'JsonArrayConstructor',
  'JsonArrayQueryConstructor',
  'JsonObjectAgg',
  'JsonArrayAgg',
  'MergeSupportFunc',
]);

/** For an older server the name is that of any function. */
function ownFunction(ctx: LineageContext, node: Node): void {
  const name = columnName(node);
  const [own] = resolveFunction({ schema: undefined, name }, ctx.env).candidates;
  if (own !== undefined) ctx.refuse('opaque', `"${name}" may mean the function ${own.schema}.${name}; write its name with the schema`);
}

export function expressionValue(ctx: LineageContext, node: Node | undefined, place: Place): Value {
  if (node === undefined) return CONSTANT;
  return ctx.nested('expression', () => ctx.within(node, () => evaluate(ctx, node, place)));
}

function evaluate(ctx: LineageContext, node: Node, place: Place): Value {
  const kind = kindOf(node);
  if (kind !== undefined && NEW_NAMES.has(kind)) ownFunction(ctx, node);
  if (kind === undefined || LEAVES.has(kind)) return CONSTANT;
  if (COMBINING.has(kind)) {
    const value = combined(ctx, bodyOf(node), place);
    return refusesValues(ctx, node) ? asked(ctx, value) : value;
  }
  if (ASKING.has(kind)) return asked(ctx, combined(ctx, bodyOf(node), place));
  switch (kind) {
    case 'BoolExpr':
      return booleanValue(ctx, as(node, 'BoolExpr'), place);
    case 'NullTest':
      return nullTest(ctx, as(node, 'NullTest'), place);
    case 'BooleanTest':
      return condition(ctx, as(node, 'BooleanTest')?.arg, place);
    case 'CaseExpr':
      return caseValue(ctx, as(node, 'CaseExpr'), place);
    case 'CoalesceExpr': {
      const values = (as(node, 'CoalesceExpr')?.args ?? []).map((a) => expressionValue(ctx, a, place));
      return { ...derived(...values), whole: values.every(isWhole), ...boundedParts(ctx, values, as(node, 'CoalesceExpr')?.args ?? []) };
    }
    case 'XmlSerialize': {
      const xml = as(node, 'XmlSerialize');
      const value = expressionValue(ctx, xml?.expr, place);
      return xml?.xmloption === 'XMLOPTION_DOCUMENT' || xml?.indent === true || narrows(ctx, xml) ? asked(ctx, derived(value)) : derived(value);
    }
    case 'A_ArrayExpr':
      return arrayValue((as(node, 'A_ArrayExpr')?.elements ?? []).map((a) => expressionValue(ctx, a, place)));
    case 'XmlExpr': {
      const value = combined(ctx, bodyOf(node), place);
      return XML_ASKING.has(as(node, 'XmlExpr')?.op ?? '') ? asked(ctx, value) : value;
    }
    case 'ColumnRef':
      return columnValue(ctx, as(node, 'ColumnRef')?.fields ?? [], place);
    case 'A_Indirection': {
      const body = as(node, 'A_Indirection');
      return indirect(ctx, expressionValue(ctx, body?.arg, place), body?.indirection ?? [], place, isList(ctx, body?.arg));
    }
    case 'A_Expr':
      return operatorValue(ctx, as(node, 'A_Expr'), place);
    case 'TypeCast': {
      const cast = as(node, 'TypeCast');
      return castValue(ctx, cast, expressionValue(ctx, cast?.arg, place));
    }
    case 'CollateClause': {
      const value = expressionValue(ctx, as(node, 'CollateClause')?.arg, place);
      const { schema, name } = qualified(as(node, 'CollateClause')?.collname);
      if (COLLATIONS.has(name) && isOfServer(ctx, schema, name)) return value;
      // For others, what is equal is for them to say, and some cannot look for one text in another.
      return schema === 'pg_catalog' ? { ...value, exact: false, whole: false, firm: isFirm(value) } : asked(ctx, { ...value, exact: false, whole: false });
    }
    case 'RowExpr':
      return rowOf((as(node, 'RowExpr')?.args ?? []).map((a, i): NamedValue => ({ name: `f${i + 1}`, value: expressionValue(ctx, a, place) })));
    case 'FuncCall':
      return call(ctx, as(node, 'FuncCall'), place);
    // A bind parameter, or inside a function's body its arguments.
    case 'ParamRef':
      return ctx.parameters.at(-1) ?? CONSTANT;
    case 'GroupingFunc':
      return CONSTANT;
    case 'SubLink':
      return subLinkValue(ctx, as(node, 'SubLink'), place);
    case 'JsonObjectAgg':
    case 'JsonArrayAgg':
      return jsonAggregate(ctx, node, place);
    case 'JsonArrayQueryConstructor': {
      const array = as(node, 'JsonArrayQueryConstructor');
      const value = derived(...queryColumns(ctx, array?.query, place));
      return array?.format?.format_type === 'JS_FORMAT_JSON' || narrows(ctx, array?.output) ? asked(ctx, value) : value;
    }
    case 'MultiAssignRef':
      return expressionValue(ctx, as(node, 'MultiAssignRef')?.source, place);
    case 'SelectStmt':
      return derived(...queryColumns(ctx, node, place));
    default:
      ctx.refuse('opaque', `expressions of kind ${kind} are not known`);
      return CONSTANT;
  }
}

/** The union over every expression in a node's fields; enumerations, names and places are no expressions. */
function combined(ctx: LineageContext, body: unknown, place: Place): Value {
  if (Array.isArray(body)) return derived(...body.map((b) => expressionValue(ctx, b as Node, place)));
  if (!isObject(body)) return CONSTANT;
  const parts: Value[] = [];
  for (const [key, value] of Object.entries(body)) {
    if (key === 'typeName' || key === 'output' || key === 'returning' || !isObject(value)) continue;
    if (Array.isArray(value)) parts.push(combined(ctx, value, place));
    // A field holds either a wrapped node, whose key is capitalised, or a bare structure with fields of its own.
    else if (Object.keys(value).some((k) => /^[A-Z]/.test(k))) parts.push(expressionValue(ctx, value as unknown as Node, place));
    else parts.push(combined(ctx, value, place));
  }
  const value = derived(...parts);
  // Text that is said to be JSON has to be.
  return 'raw_expr' in body && isObject(body['format']) && body['format']['format_type'] === 'JS_FORMAT_JSON' ? asked(ctx, value) : value;
}

/** A constructor of JSON that fails for some values: of keys that are equal, of text that is no JSON, of what does not fit its type. */
function refusesValues(ctx: LineageContext, node: Node): boolean {
  if (as(node, 'JsonObjectConstructor')?.unique === true || as(node, 'JsonSerializeExpr') !== undefined) return true;
  return narrows(ctx, (as(node, 'JsonObjectConstructor') ?? as(node, 'JsonArrayConstructor') ?? as(node, 'JsonScalarExpr'))?.output);
}

/** RETURNING a type that does not take every JSON text. */
function narrows(ctx: LineageContext, output: Pick<JsonOutput, 'typeName'> | undefined): boolean {
  const type = output?.typeName;
  if (type === undefined) return false;
  const { schema, name } = qualified(type.names);
  return (type.typmods?.length ?? 0) > 0 || (type.arrayBounds?.length ?? 0) > 0 || !JSON_RESULTS.has(name) || !isOfServer(ctx, schema, name);
}

/** True when a name of the server's means what the server made: no other schema comes first, and the session has hidden it by nothing of its own. */
function isOfServer(ctx: LineageContext, schema: string | undefined, name: string): boolean {
  if (schema !== undefined) return schema === 'pg_catalog';
  const path = effectivePath(ctx.env);
  return path[0] === 'pg_catalog' && !['pg_temp', ...path].some((s) => ctx.env.catalog?.hidingTypes?.has(`${s}.${name}`));
}

/** An array whose elements are there whatever they hold. */
function isList(ctx: LineageContext, node: Node | undefined): boolean {
  if (as(node, 'A_ArrayExpr') !== undefined || as(node, 'SubLink')?.subLinkType === 'ARRAY_SUBLINK') return true;
  const call = as(node, 'FuncCall');
  const found = call === undefined ? undefined : resolveFunction(qualified(call.funcname), ctx.env);
  return found?.builtin === true && found.candidates.length === 0 && found.name === 'array_agg';
}

const JSON_RESULTS: ReadonlySet<string> = new Set(['json', 'jsonb', 'text', 'varchar', 'bytea']);

const queryColumns = (ctx: LineageContext, query: Node | undefined, place: Place): Value[] => (query === undefined ? [] : ctx.engine.query(query, place).map((c) => c.value));

/** Collations that every server has, under which nothing is equal but what is the same. */
const COLLATIONS: ReadonlySet<string> = new Set(['C', 'POSIX', 'default', 'ucs_basic']);

const XML_ASKING: ReadonlySet<string> = new Set(['IS_XMLPARSE', 'IS_XMLPI', 'IS_DOCUMENT', 'IS_XMLROOT']);

function asked(ctx: LineageContext, value: Value): Value {
  ctx.filter(value, 'other');
  return value;
}

const arrayValue = (elements: readonly Value[]): Value => ({ ...derived(...elements), firm: elements.every(isFirm) });

/** A cast of a hidden value that can fail tells whether the value looks like the type. */
function castValue(ctx: LineageContext, cast: NodeOf<'TypeCast'> | undefined, value: Value): Value {
  const { schema, name } = qualified(cast?.typeName?.names);
  if (ctx.env.catalog?.opaqueCasts !== undefined && ctx.env.catalog.opaqueCasts.size > 0) opaqueCast(ctx, schema, name);
  const { relation, ambiguous } = value.fields === undefined ? NO_TABLE : resolveTable({ schema, name }, ctx.env);
  // A cast of a row to a table's row type keeps the fields by position.
  if (value.fields !== undefined && relation !== undefined && !ambiguous && relation.columns.length === value.fields.length) {
    // Each field has to become one of its type.
    if (!fitsRow(relation.columns, value.fields.map((f) => f.value))) ctx.filter(value, 'other');
    return rowOf(value.fields.map((f, i) => ({ name: relation.columns[i]?.name ?? f.name, value: f.value })));
  }
  if (!ctx.hidden(value)) return derived(value);
  const total = isOfServer(ctx, schema, name) && isTotalCast(value, cast?.typeName);
  if (!total) ctx.filter(value, 'other');
  return { ...derived(value), ...(total && isWhole(value) && (cast?.typeName?.typmods ?? []).length === 0 && name !== 'char' && name !== 'name' ? { whole: true } : {}), ...(total && JSON_TYPES.has(name) && isFirm(value) ? { firm: true } : {}), ...(total && name === 'numeric' ? { type: 1700, ...(isTame(value, ctx.hidden) ? { bounded: true } : {}) } : {}) };
}

const NO_TABLE = { relation: undefined, ambiguous: false };

function opaqueCast(ctx: LineageContext, schema: string | undefined, name: string): void {
  const schemas = schema === undefined ? effectivePath(ctx.env) : [schema];
  if (schemas.some((s) => ctx.env.catalog?.opaqueCasts?.has(`${s}.${name}`))) ctx.refuse('opaque', `a cast to ${name} runs a function whose body is not known`);
}

const JSON_TYPES: ReadonlySet<string> = new Set(['json', 'jsonb']);

function call(ctx: LineageContext, body: NodeOf<'FuncCall'> | undefined, place: Place): Value {
  if (body === undefined) return CONSTANT;
  const name = qualified(body.funcname);
  if (name.name === 'system_user' && body.funcformat === 'COERCE_SQL_SYNTAX' && hasColumn(place, 'system_user')) return derived(columnValue(ctx, [{ String: { sval: 'system_user' } }], place));
  const found = resolveFunction(name, ctx.env);
  const args = (body.args ?? []).map((a) => expressionValue(ctx, a, place));
  ctx.engine.predicate(body.agg_filter, place);
  for (const sort of body.agg_order ?? []) {
    const by = expressionValue(ctx, as(sort, 'SortBy')?.node, place);
    // The order of what is put together shows in no other place than the hidden result, unless the result is a rank.
    ctx.filter(by, 'other', sort);
    // For an ordered-set aggregate the ordered values are its input.
    if (body.agg_within_group) args.push(by);
  }
  if (body.over) window(ctx, body.over, place);
  if (body.agg_distinct) args.forEach((a, i) => ctx.group(a, body.args?.[i]));
  // `f(row)` may be written for `row.f`: a field of the row.
  const [only] = args;
  if (args.length === 1 && name.schema === undefined && only?.fields && found.candidates.length === 0 && !found.builtin) {
    return only.fields.find((f) => f.name === name.name)?.value ?? attributeFunction(ctx, name.name, only, `function "${name.name}" does not exist`);
  }
  if (NEUTRAL_FUNCTIONS.has(name.name) && found.builtin && found.candidates.length === 0) {
    // How often an expression is not null tells as much as a filter on it would.
    args.forEach((a, i) => (PLACING_FUNCTIONS.has(name.name) ? ctx.filter(a, 'other', body.args?.[i]) : ctx.group(a, body.args?.[i])));
    return CONSTANT;
  }
  return functionValue(ctx, found, args, body.args ?? []);
}

/** A word of the grammar since PostgreSQL 16 is a column's name for an older server. */
function hasColumn(place: Place, name: string): boolean {
  for (let level = place.scope; level !== undefined; level = level.parent) {
    if (level.items.some((i) => i.open !== undefined || i.columns.some((c) => c.name === name))) return true;
  }
  return false;
}

/** PARTITION BY sorts, and rows come out as it sorted them, as with ORDER BY; frame offsets are plain expressions. */
export function window(ctx: LineageContext, over: NodeOf<'WindowDef'>, place: Place): void {
  for (const p of over.partitionClause ?? []) ctx.filter(expressionValue(ctx, p, place), 'other', p);
  for (const s of over.orderClause ?? []) ctx.filter(expressionValue(ctx, as(s, 'SortBy')?.node, place), 'other', s);
  for (const offset of [over.startOffset, over.endOffset]) ctx.filter(expressionValue(ctx, offset, place), 'other', offset);
}

function jsonAggregate(ctx: LineageContext, node: Node, place: Place): Value {
  const object = as(node, 'JsonObjectAgg');
  const array = as(node, 'JsonArrayAgg');
  const own = array?.constructor ?? object?.constructor;
  ctx.engine.predicate(own?.agg_filter, place);
  for (const s of own?.agg_order ?? []) ctx.filter(expressionValue(ctx, as(s, 'SortBy')?.node, place), 'other', s);
  if (own?.over) window(ctx, own.over, place);
  const value = derived(combined(ctx, object?.arg, place), combined(ctx, array?.arg, place));
  return object?.unique === true || narrows(ctx, own?.output) ? asked(ctx, value) : value;
}
