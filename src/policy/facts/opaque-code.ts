/** Definitions after which other statements run code that cannot be followed. */
import type { AnalysisEnv, CatalogView } from '../types.ts';
import { effectivePath, resolveFunction, vouchedFor } from './resolve.ts';
import { allOf, as, qualified, stringOf, strings } from './tree.ts';
import type { Node, QualifiedName } from './tree.ts';

/** True for a trigger, event trigger or cast that calls such code, and for a new body of such code that is called already. */
export function definesOpaqueCode(node: Node, env: AnalysisEnv): boolean {
  if (changesBuiltins(node)) return true;
  const called = calledBy(node);
  if (called !== undefined) return as(node, 'CreateTrigStmt') === undefined ? !isHarmless(called, env) : !isQuietTrigger(called, env);
  // An index that is built with such a class calls its functions for every value.
  const items = as(node, 'CreateOpClassStmt')?.items ?? as(node, 'AlterOpFamilyStmt')?.items;
  if (items !== undefined) return allOf(items, 'CreateOpClassItem').some((i) => i.itemtype === 2 && !isHarmless(qualified(i.name?.objname), env));
  const create = as(node, 'CreateFunctionStmt');
  if (create === undefined || env.catalog === undefined) return false;
  const name = qualified(create.funcname);
  const schemas = name.schema === undefined ? effectivePath(env) : [name.schema];
  // Operators, casts, indexes and other functions call compiled code by what it has always done.
  if (schemas.some((s) => env.catalog?.functions(s, name.name).some((f) => f.language === 'c' || f.language === 'internal'))) return true;
  const language = stringOf(allOf(create.options, 'DefElem').find((o) => o.defname === 'language')?.arg) ?? 'sql';
  if (language.toLowerCase() === 'sql') return false;
  if (schemas.some((s) => isVouchedName(env, s, name.name))) return true;
  const known = calledInCatalog(env.catalog);
  return schemas.some((s) => known.has(JSON.stringify([s, name.name])));
}

const isVouchedName = (env: AnalysisEnv, schema: string, name: string): boolean => env.vouched?.some((v) => v.schema === schema && v.name === name) ?? false;

const ROUTINES: ReadonlySet<string> = new Set(['OBJECT_FUNCTION', 'OBJECT_PROCEDURE', 'OBJECT_ROUTINE', 'OBJECT_AGGREGATE']);

/** True for a rename or a move to a name that the bundle vouches for: it knows another body by that name. */
export function takesVouchedName(node: Node, env: AnalysisEnv): boolean {
  const rename = as(node, 'RenameStmt');
  const move = as(node, 'AlterObjectSchemaStmt');
  const named = qualified(as(rename?.object ?? move?.object, 'ObjectWithArgs')?.objname);
  const schemas = named.schema === undefined ? env.searchPath : [named.schema];
  if (rename !== undefined && ROUTINES.has(rename.renameType ?? '')) return schemas.some((s) => isVouchedName(env, s, rename.newname ?? ''));
  return move !== undefined && ROUTINES.has(move.objectType ?? '') && isVouchedName(env, move.newschema ?? '', named.name);
}

/** The function that a trigger, event trigger or cast will call, or a range type once it is analysed. */
function calledBy(node: Node): QualifiedName | undefined {
  const trigger = as(node, 'CreateTrigStmt') ?? as(node, 'CreateEventTrigStmt');
  const difference = as(allOf(as(node, 'CreateRangeStmt')?.params, 'DefElem').find((o) => o.defname === 'subtype_diff')?.arg, 'TypeName');
  const names = trigger?.funcname ?? as(node, 'CreateCastStmt')?.func?.objname ?? difference?.names;
  return names === undefined ? undefined : qualified(names);
}

/** Triggers of the server that neither copy values nor tell of them. */
const QUIET_TRIGGERS: ReadonlySet<string> = new Set(['suppress_redundant_updates_trigger']);

function isQuietTrigger(name: QualifiedName, env: AnalysisEnv): boolean {
  const found = resolveFunction(name, env);
  if (found.candidates.length === 0) return found.builtin && QUIET_TRIGGERS.has(found.name);
  return found.candidates.every((f) => (f.language === 'c' && STAMPING_TRIGGERS.has(f.name)) || vouchedFor(env, f) !== undefined);
}

/** Of PostgreSQL's own extensions: they put the time, a name or a number into the row. */
const STAMPING_TRIGGERS: ReadonlySet<string> = new Set(['moddatetime', 'insert_username', 'autoinc']);

/** Names of the server's types, as people and the parser write them. */
const TYPES: ReadonlySet<string> = new Set(
  'bool boolean bytea char name int8 bigint int2 smallint int4 int integer text oid json jsonb xml float4 real float8 numeric decimal money varchar bpchar date time timetz timestamp timestamptz interval bit varbit uuid inet cidr macaddr tsvector tsquery regclass regproc regtype'.split(' '),
);

/** Operators that the server has for its own types. */
const SYMBOLS: ReadonlySet<string> = new Set('= <> < > <= >= || + - * / % ^ ~ !~ ~* !~* ~~ !~~ ~~* !~~* ^@ -> ->> #> #>> @> <@ && & | # @@ ? <-> << >>'.split(' '));

const isServerType = (node: Node | undefined): boolean => {
  const type = as(node, 'TypeName');
  const { schema, name } = qualified(type?.names);
  return (schema === undefined || schema === 'pg_catalog') && TYPES.has(name);
};

/** A cast or an operator between types of the server changes what other statements mean. */
function changesBuiltins(node: Node): boolean {
  const cast = as(node, 'CreateCastStmt');
  if (cast !== undefined) return [cast.sourcetype, cast.targettype].every((t) => t !== undefined && isServerType({ TypeName: t }));
  const define = as(node, 'DefineStmt');
  if (define?.kind !== 'OBJECT_OPERATOR' || !SYMBOLS.has(strings(define.defnames).at(-1) ?? '')) return false;
  const operands = allOf(define.definition, 'DefElem').filter((d) => d.defname === 'leftarg' || d.defname === 'rightarg');
  return operands.length > 0 && operands.every((d) => isServerType(d.arg));
}

/** Compiled code, and what the bundle vouches for. */
function isHarmless(name: QualifiedName, env: AnalysisEnv): boolean {
  const found = resolveFunction(name, env);
  if (found.candidates.length === 0) return found.builtin;
  return found.candidates.every((f) => f.language === 'c' || f.language === 'internal' || vouchedFor(env, f) !== undefined);
}

const calledFunctions = new WeakMap<CatalogView, ReadonlySet<string>>();

/** Functions that triggers, defaults and the like of the database call. */
function calledInCatalog(catalog: CatalogView): ReadonlySet<string> {
  let known = calledFunctions.get(catalog);
  if (known === undefined) {
    const all = catalog.relations().flatMap((r) => r.hidden ?? []);
    known = new Set(all.flatMap((h) => (h.function === undefined ? [] : [JSON.stringify([h.function.schema, h.function.name])])));
    calledFunctions.set(catalog, known);
  }
  return known;
}
