/** What a function's result is derived from. */
import { FILE_FUNCTIONS, OPAQUE_FUNCTIONS, SIDE_EFFECT_FUNCTIONS } from '../facts/builtin-classes.ts';
import { fitting, functionLabel, vouchedFor } from '../facts/resolve.ts';
import type { ResolvedFunction } from '../facts/resolve.ts';
import { allOf, as, kindOf } from '../facts/tree.ts';
import type { Node } from '../facts/tree.ts';
import { parseSql } from '../parse.ts';
import type { CatalogFunction } from '../types.ts';
import type { LineageContext, Place } from './context.ts';
import { VALUE_FUNCTIONS } from './internals.ts';
import { builtType, buildsParts, growthOf, isKnownStable, isTotal, keepsBounds, MAX_SIZE } from './total.ts';
import type { Call } from './total.ts';
import { fitsInto, fitsRow, mayRefuse, rowTypeOf } from './fits.ts';
import { CONSTANT, derived, GIVEN, grown, isWhole, rowOf, sizeOf } from './value.ts';
import type { NamedValue, Value } from './value.ts';

const set = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));

/** Their result says how many or in which place, never what. */
export const NEUTRAL_FUNCTIONS = set('count row_number rank dense_rank percent_rank cume_dist ntile pg_typeof regr_count');

/** Of them, those that say where among others a value stands, or that count up to it. */
export const PLACING_FUNCTIONS = set('rank dense_rank percent_rank cume_dist ntile');

/** They give another form of the whole value: equal results mean equal values but for case and blanks. */
const WHOLE_FUNCTIONS = set('lower upper btrim ltrim rtrim');

/** Functions of the server that give a value for each of many rows. */
const ROW_FUNCTIONS = set(`
  generate_series generate_subscripts unnest regexp_matches regexp_split_to_table string_to_table json_array_elements json_array_elements_text
  jsonb_array_elements jsonb_array_elements_text json_each json_each_text jsonb_each jsonb_each_text json_object_keys jsonb_object_keys
  jsonb_path_query json_populate_recordset jsonb_populate_recordset json_to_recordset jsonb_to_recordset ts_parse
`);

/** Aggregates that keep one value however many rows there are. */
const MEASURES = set('min max sum avg count');

/** `type(x)` is a cast where no function of that name exists. */
const TYPE_NAMES = set(`
  text varchar bpchar char name int2 int4 int8 float4 float8 numeric bool date time timetz timestamp timestamptz interval json jsonb
  uuid inet cidr macaddr macaddr8 bytea oid xid regclass regtype regproc regprocedure regrole regnamespace regconfig xml point line lseg
  box path polygon circle money bit varbit tsvector tsquery int4range int8range numrange tsrange tstzrange daterange jsonpath
`);

/** Value of a call. `nodes` are the argument trees, for the functions of which the form of the call decides. */
export function functionValue(ctx: LineageContext, named: ResolvedFunction, args: readonly Value[], nodes: readonly Node[] = []): Value {
  const found = fitting(named, args.map((a) => a.type), ctx.env.catalog);
  const { name } = found;
  const label = functionLabel(found);
  // A result that the bundle vouches for holds nothing of the arguments.
  const clean = found.candidates.length > 0 && !found.builtin && found.candidates.every((c) => vouchedFor(ctx.env, c)?.taint === 'none');
  const byArguments = clean ? CONSTANT : derived(...args);
  if (OPAQUE_FUNCTIONS.has(name) || (name === 'ts_rewrite' && nodes.length === 2)) ctx.refuse('opaque', `function ${label} reads data that the statement does not name`);
  if (VALUE_FUNCTIONS.has(name)) ctx.refuse('opaque', `function ${label} shows values of tables or text of other statements`);
  if (FILE_FUNCTIONS.has(name) && name.startsWith('pg_read')) ctx.refuse('opaque', `function ${label} reads files that may hold classified values`);
  if (SIDE_EFFECT_FUNCTIONS.has(name)) carries(ctx, label, byArguments);
  const builtin = found.builtin && found.candidates.length === 0;
  // Overloads of extensions are for values of their own types; an aggregate of somebody's own may be for any.
  const extended = found.candidates.every((c) => c.language === 'c');
  const form: Call = { name, builtin: found.builtin && extended, compiled: extended && found.candidates.length > 0, args, nodes, hidden: ctx.hidden };
  const compiled = found.candidates.length === 0 || found.builtin || found.candidates.some((c) => c.language === 'c' || c.language === 'internal');
  // What EXPLAIN ANALYZE says of memory tells sizes of whatever is computed.
  const growth = builtin ? growthOf(name, nodes, args) : 2;
  const swells = sizeOf(byArguments) * growth > MAX_SIZE || (args.some((a) => a.loops) && (growth > 1 || args.filter((a) => a.loops).length > 1));
  const total = isTotal(form) && !(swells && ctx.hidden(byArguments)) && !(ctx.measured && !MEASURES.has(name) && ctx.hidden(byArguments));
  if (compiled && !total) ctx.filter(byArguments, 'other');
  // The server may leave out a column of a view that nobody asks for, but not one that has effects or gives rows.
  if (!builtin || !isKnownStable(name)) ctx.needed();
  // What a body makes of its arguments is seen in the body.
  const parts = found.candidates.length === 0 || found.builtin ? [byArguments] : [];
  for (const candidate of found.candidates) parts.push(candidateValue(ctx, candidate, args));
  if (found.candidates.length === 0 && !found.builtin && ctx.env.catalog !== undefined && !(args.length === 1 && TYPE_NAMES.has(name))) {
    ctx.refuse('unresolved', `function "${label}" is not in the catalog snapshot`);
  }
  const [only] = parts;
  if (parts.length === 1 && only?.fields !== undefined) return only;
  if (ROW_FUNCTIONS.has(name) || found.candidates.some((c) => c.returnsSet)) parts.push(GIVEN);
  // The size of what is repeated counts even where nothing of it is hidden.
  const bounded = builtin && keepsBounds(name, args, ctx.hidden);
  const value = { ...grown(derived(...parts), SIZED.has(name) || ctx.hidden(byArguments) ? growth : 1), ...(bounded ? { bounded } : {}) };
  if (builtin && WHOLE_FUNCTIONS.has(name) && args.length === 1 && isWhole(args[0])) return { ...value, whole: true };
  if (!buildsParts(form)) return value;
  const type = builtType(name);
  return { ...value, firm: true, ...(type === undefined ? {} : { type }) };
}

/** What they make of a short constant may be long. */
const SIZED = set('repeat lpad rpad');

function carries(ctx: LineageContext, label: string, value: Value): void {
  const [first] = ctx.classified(value);
  if (first !== undefined) ctx.refuse('opaque', `function ${label} would carry ${first.schema}.${first.table}.${first.column} out of the query`);
}

function candidateValue(ctx: LineageContext, f: CatalogFunction, given: readonly Value[]): Value {
  const label = `${f.schema}.${f.name}`;
  const omitted = f.args !== undefined && given.length < f.args.length && f.defaultValues !== undefined;
  const args = omitted ? [...given, defaultValue(ctx, label, f.defaultValues)] : given;
  const vouched = vouchedFor(ctx.env, f);
  if (vouched !== undefined) return vouched.taint === 'none' ? CONSTANT : derived(...args);
  if (f.language === 'c' || f.language === 'internal') return derived(...args);
  if (f.language === 'sql' && f.body !== undefined && f.body.trim() !== '') {
    // A value that does not fit the type of the argument fails before the body is run.
    given.forEach((v, i) => {
      if (!fitsInto(ctx.env, v, f.args?.[i])) ctx.filter(v, 'other');
    });
    const value = bodyValue(ctx, label, f.body, args, f);
    if (ctx.explained && f.volatility === 'i' && ctx.hidden(value) && !ctx.hidden(derived(...args))) ctx.refuse('opaque', `the plan would show what function ${label} computes from classified columns, as it is declared IMMUTABLE`);
    return value;
  }
  ctx.refuse('opaque', `function ${label} (${f.language}) has a body that cannot be followed`);
  return derived(...args);
}

/** What stands in for arguments that are left out. */
function defaultValue(ctx: LineageContext, label: string, expressions: string): Value {
  const parsed = parseSql(`SELECT ${expressions}`);
  const [statement] = parsed.ok ? parsed.statements : [];
  if (statement === undefined) {
    ctx.refuse('opaque', `the defaults of function ${label} cannot be parsed`);
    return CONSTANT;
  }
  const columns = ctx.elsewhere(() => ctx.computed(() => ctx.underPath(ctx.printedPath, () => ctx.engine.query(statement.node, { scope: undefined, ctes: undefined }))));
  return derived(...columns.map((c) => c.value));
}

/** What the body's last statement gives. Whatever else it reads can only decide about that, and is noted as a filter. */
export function bodyValue(ctx: LineageContext, label: string, body: string, args: readonly Value[], f?: Pick<CatalogFunction, 'outColumns' | 'results'>): Value {
  const names = f?.outColumns ?? [];
  const argument = derived(...args);
  const key = `function ${label} ${body}`;
  if (ctx.expanding.includes(key)) return argument;
  const printed = PRINTED_BODY.test(body);
  const statements = bodyStatements(body);
  if (statements === undefined) {
    ctx.refuse('opaque', `the body of function ${label} cannot be parsed`);
    return argument;
  }
  const parameters = { alias: label.split('.').at(-1) ?? label, columns: [], open: () => argument, parameters: true, system: false, relVisible: true, colVisible: true };
  ctx.expanding.push(key);
  ctx.parameters.push(argument);
  let last: readonly NamedValue[] = [];
  try {
    for (const statement of statements) {
      const path = printed ? ctx.printedPath : ctx.sessionPath;
      last = ctx.elsewhere(() => ctx.nested(`function ${label}`, () => ctx.underPath(path, () => ctx.computed(() => bodyStatement(ctx, label, statement, { scope: { items: [parameters], parent: undefined }, ctes: undefined })))));
    }
  } finally {
    ctx.expanding.pop();
    ctx.parameters.pop();
  }
  // What the body gives is made to fit the declared types.
  last.forEach((c, i) => {
    const type = (f?.results?.length ?? 0) > 1 ? f?.results?.[i] : f?.results?.[0];
    if (mayRefuse(ctx.env, c.value, type)) ctx.filter(c.value, 'other');
  });
  const row = f?.results?.length === 1 ? rowTypeOf(ctx.env, f.results[0]) : undefined;
  if (row !== undefined && last.length === row.columns.length && last[0]?.value.type !== f?.results?.[0] && !fitsRow(row.columns, last.map((c) => c.value))) for (const c of last) ctx.filter(c.value, 'other');
  if (names.length > 1 && names.length === last.length) return rowOf(last.map((c, i) => ({ name: names[i] ?? c.name, value: derived(c.value) })));
  return derived(...last.map((c) => c.value));
}

const QUERIES: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

function bodyStatement(ctx: LineageContext, label: string, node: Node, place: Place): readonly NamedValue[] {
  const returned = as(node, 'ReturnStmt');
  if (returned !== undefined) return [{ name: '', value: ctx.engine.expression(returned.returnval, place) }];
  if (QUERIES.has(kindOf(node) ?? '')) return ctx.engine.query(node, place);
  ctx.refuse('opaque', `function ${label} runs ${kindOf(node) ?? 'something'} in its body`);
  return [];
}

/** A body that the server keeps as a tree is printed with the whole CREATE FUNCTION around it. */
const PRINTED_BODY = /^CREATE OR REPLACE (FUNCTION|PROCEDURE)\b/;

/** Statements of a SQL function's body: a string of them, RETURN, or BEGIN ATOMIC. */
function bodyStatements(body: string): readonly Node[] | undefined {
  if (PRINTED_BODY.test(body)) {
    const parsed = parseSql(body);
    const tree = parsed.ok ? as(parsed.statements[0]?.node, 'CreateFunctionStmt')?.sql_body : undefined;
    return tree === undefined ? undefined : flatten(tree);
  }
  const parsed = parseSql(body);
  return parsed.ok ? parsed.statements.map((s) => s.node) : undefined;
}

const flatten = (node: Node): readonly Node[] => {
  const list = as(node, 'List');
  return list === undefined ? [node] : (list.items ?? []).flatMap(flatten);
};

/** Names of the columns that a call in FROM gives, where its catalog entry says so. */
export function outColumns(found: ResolvedFunction): readonly string[] | undefined {
  const known = found.candidates.map((c) => c.outColumns);
  const [first] = known;
  return first !== undefined && known.every((k) => k !== undefined && k.join('\0') === first.join('\0')) ? first : undefined;
}

/** Names given by a column definition list: `AS t(a int, b text)`. */
export const definedColumns = (nodes: readonly Node[] | undefined): string[] => allOf(nodes, 'ColumnDef').map((c) => c.colname ?? '');
