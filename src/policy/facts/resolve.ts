/** Which object a name means: by the catalog and the search_path where there is a catalog, else by spelling. */
import type { AnalysisEnv, CatalogFunction, CatalogRelation, CatalogView, VouchedFunction } from '../types.ts';
import { FIRST_USER_OID } from '../user-oids.ts';
import { BUILTIN_FUNCTIONS } from './builtin-names.ts';
import type { QualifiedName } from './tree.ts';

export interface ResolvedTable {
  readonly schema: string;
  readonly name: string;
  readonly relation: CatalogRelation | undefined;
  /** More than one relation may be meant: temporary schemas of which the owner is not known. */
  readonly ambiguous: boolean;
}

export interface ResolvedFunction {
  /** Undefined when no schema of the path has it. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly builtin: boolean;
  /** Every overload in the schemas that the server may pick from. */
  readonly candidates: readonly CatalogFunction[];
}

const isTemp = (schema: string): boolean => schema === 'pg_temp' || /^pg_temp_\d+$/.test(schema);

/** The path that the server searches: pg_catalog comes first unless it is named. Temporary schemas are handled apart. */
export function effectivePath(env: AnalysisEnv): readonly string[] {
  return env.searchPath.includes('pg_catalog') ? env.searchPath : ['pg_catalog', ...env.searchPath];
}

const tempSchemas = new WeakMap<CatalogView, readonly string[]>();

/** Temporary schemas in the snapshot; `pg_temp` is the session's own when the snapshot knows it. */
function temporary(catalog: CatalogView): readonly string[] {
  let known = tempSchemas.get(catalog);
  if (known === undefined) {
    known = catalog.schemas().filter(isTemp);
    tempSchemas.set(catalog, known);
  }
  return known;
}

/** Resolves a relation name as the server would. Names that the catalog lacks keep their spelling (`public` when bare). */
export function resolveTable(name: QualifiedName, env: AnalysisEnv): ResolvedTable {
  const { catalog } = env;
  const bare = name.schema === undefined;
  const fallback = (): ResolvedTable => ({
    schema: name.schema ?? (name.name.startsWith('pg_') && catalog === undefined ? 'pg_catalog' : (effectivePath(env).find((s) => s !== 'pg_catalog' && !isTemp(s)) ?? 'public')),
    name: name.name,
    relation: undefined,
    ambiguous: false,
  });
  if (catalog === undefined) return fallback();
  const hit = (schema: string): ResolvedTable | undefined => {
    const relation = catalog.relation(schema, name.name);
    return relation && { schema, name: name.name, relation, ambiguous: false };
  };
  if (!bare && name.schema !== 'pg_temp') return hit(name.schema) ?? fallback();
  const own = catalog.relation('pg_temp', name.name) ? ['pg_temp'] : env.searchPath.filter(isTemp);
  // A temporary schema named in the path takes its place there; otherwise temporary relations hide all others.
  const path = bare ? effectivePath(env) : [];
  const ordered = path.some(isTemp) ? path : [...own, ...path];
  const temps = own.length > 0 ? [] : temporary(catalog).flatMap((s) => hit(s) ?? []);
  for (const schema of ordered) {
    const found = hit(schema);
    if (found !== undefined) return temps.length > 0 ? { ...found, ambiguous: true } : found;
  }
  const [first] = temps;
  if (first !== undefined) return { ...first, ambiguous: temps.length > 1 };
  return fallback();
}

/** Resolves a function name to every overload that the server may choose; arguments are not looked at. */
export function resolveFunction(name: QualifiedName, env: AnalysisEnv): ResolvedFunction {
  const schemas = name.schema === undefined ? effectivePath(env) : [name.schema];
  const { catalog } = env;
  const candidates = catalog === undefined ? [] : schemas.flatMap((s) => catalog.functions(s, name.name));
  const builtin = schemas.includes('pg_catalog') && BUILTIN_FUNCTIONS.has(name.name);
  if (candidates[0] !== undefined) return { schema: builtin ? 'pg_catalog' : candidates[0].schema, name: name.name, builtin, candidates };
  if (builtin) return { schema: 'pg_catalog', name: name.name, builtin, candidates };
  return { schema: name.schema, name: name.name, builtin: false, candidates };
}

/**
 * Without the overloads that a call with these argument types cannot mean: those of another number of arguments, and
 * those that want a type of somebody's own where a type of the server's is given that does not become one unasked.
 * `undefined` is a type that is not known.
 */
export function fitting(found: ResolvedFunction, types: readonly (number | undefined)[], catalog: CatalogView | undefined): ResolvedFunction {
  if (found.candidates.length === 0) return found;
  const candidates = found.candidates.filter((c) => fits(c, types, catalog?.implicitTypes));
  if (candidates.length === found.candidates.length) return found;
  // Nothing fits: the server will say so, or the snapshot is stale. Then every overload counts.
  return candidates.length === 0 && !found.builtin ? found : { ...found, candidates };
}

function fits(c: CatalogFunction, types: readonly (number | undefined)[], implicit: ReadonlySet<number> | undefined): boolean {
  const { args } = c;
  if (args === undefined || c.variadic) return true;
  if (types.length > args.length || types.length < args.length - (c.defaults ?? 0)) return false;
  return types.every((type, i) => type === undefined || type >= FIRST_USER_OID || (args[i] ?? 0) < FIRST_USER_OID || implicit?.has(args[i] ?? 0) === true);
}

/** What the bundle says of a function, or undefined when it says nothing. Without a catalog the number of arguments decides. */
export function vouchedFor(env: AnalysisEnv, f: Pick<CatalogFunction, 'schema' | 'name' | 'signature'>, count?: number): VouchedFunction | undefined {
  return env.vouched?.find((v) => v.schema === f.schema && v.name === f.name && (f.signature === undefined ? v.args.length === count : v.args.join(', ') === f.signature));
}

/** `schema.name`, or the bare name when the schema is not known. */
export const functionLabel = (f: ResolvedFunction): string => (f.schema === undefined ? f.name : `${f.schema}.${f.name}`);
