/** Definitions after which other statements run code that cannot be followed. */
import type { AnalysisEnv, CatalogView } from '../types.ts';
import { resolveFunction, vouchedFor } from './resolve.ts';
import { allOf, as, qualified, stringOf } from './tree.ts';
import type { Node, QualifiedName } from './tree.ts';

/** True for a trigger, event trigger or cast that calls such code, and for a new body of such code that is called already. */
export function definesOpaqueCode(node: Node, env: AnalysisEnv): boolean {
  const called = calledBy(node);
  if (called !== undefined) return !isHarmless(called, env);
  // An index that is built with such a class calls its functions for every value.
  const items = as(node, 'CreateOpClassStmt')?.items ?? as(node, 'AlterOpFamilyStmt')?.items;
  if (items !== undefined) return allOf(items, 'CreateOpClassItem').some((i) => i.itemtype === 2 && !isHarmless(qualified(i.name?.objname), env));
  const create = as(node, 'CreateFunctionStmt');
  if (create === undefined || env.catalog === undefined) return false;
  const language = stringOf(allOf(create.options, 'DefElem').find((o) => o.defname === 'language')?.arg) ?? 'sql';
  if (language.toLowerCase() === 'sql') return false;
  const name = qualified(create.funcname);
  const schemas = name.schema === undefined ? env.searchPath : [name.schema];
  const known = calledInCatalog(env.catalog);
  return schemas.some((s) => known.has(JSON.stringify([s, name.name])));
}

/** The function that a trigger, event trigger or cast will call. */
function calledBy(node: Node): QualifiedName | undefined {
  const trigger = as(node, 'CreateTrigStmt') ?? as(node, 'CreateEventTrigStmt');
  const names = trigger?.funcname ?? as(node, 'CreateCastStmt')?.func?.objname;
  return names === undefined ? undefined : qualified(names);
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
