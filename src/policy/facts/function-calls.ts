/** What a function call does beside computing its value. */
import type { Collector } from './collect.ts';
import { ADMIN_FUNCTIONS, FILE_FUNCTIONS, LOCK_FUNCTIONS, OPAQUE_FUNCTIONS, OPAQUE_SCHEMAS, QUIET_EFFECTS, SIDE_EFFECT_FUNCTIONS } from './builtin-classes.ts';
import { functionLabel, resolveTable, vouchedFor } from './resolve.ts';
import type { ResolvedFunction } from './resolve.ts';
import { isStrict } from './strict-settings.ts';
import { constText } from './tree.ts';
import type { Node } from './tree.ts';
import type { SqlObject } from '../types.ts';

/**
 * Adds the operations of one call. A dangerous name counts in any schema: extensions are installed where people like,
 * and a look-alike of one's own is a function with an unknown body anyway.
 */
export function functionOperations(out: Collector, found: ResolvedFunction, args: readonly Node[]): void {
  const { name } = found;
  const object: SqlObject = found.schema === undefined ? { kind: 'function', name } : { kind: 'function', schema: found.schema, name };
  const label = `function ${functionLabel(found)}`;
  if (ADMIN_FUNCTIONS.has(name)) {
    out.add('sql:admin', object, label);
    out.sideEffects = true;
  }
  if (FILE_FUNCTIONS.has(name)) {
    out.add('sql:call', object, label);
    out.fileAccess = true;
  }
  if (OPAQUE_FUNCTIONS.has(name) || isOfOpaqueSchema(found)) out.add('sql:opaque', object, label);
  if (SIDE_EFFECT_FUNCTIONS.has(name)) {
    out.sideEffects = true;
    if (!QUIET_EFFECTS.has(name)) out.writes = true;
  }
  if (LOCK_FUNCTIONS.has(name) || name.startsWith('pg_advisory_unlock')) out.add('sql:lock', object, label);
  if (name === 'nextval' || name === 'setval') out.add('sql:update', sequence(out, args[0]), label);
  // ALTER SEQUENCE ... RESTART in other words.
  if (name === 'setval') out.add('sql:ddl', sequence(out, args[0]), 'setval');
  if (name === 'setseed' || name === 'pg_export_snapshot') out.add('sql:session', object, label);
  // Of extensions: they are compiled code, which is otherwise taken for a computation.
  if (/^(?:postgres_fdw|dblink)_/.test(name) && !OPAQUE_FUNCTIONS.has(name)) out.add('sql:call', object, label);
  if (WRITING_FUNCTIONS.has(name)) out.add('sql:call', object, label);
  if (name === 'pg_notify') out.add('sql:notify', object, label);
  if (name.startsWith('lo_') || name === 'lowrite' || name === 'loread') out.add('sql:call', object, label);
  if (name === 'set_config') settingCall(out, args, object, label);
  if (name === 'ts_rewrite' && args.length === 2) out.add('sql:opaque', object, label);
  if (!found.builtin || found.candidates.length > 0) userFunction(out, found, object, label, args.length);
}

/** True for the name of a function that does more than compute. */
export const isWatched = (name: string): boolean => [ADMIN_FUNCTIONS, FILE_FUNCTIONS, OPAQUE_FUNCTIONS, SIDE_EFFECT_FUNCTIONS].some((s) => s.has(name)) || /^(dblink|postgres_fdw)_/.test(name);

/** Compiled functions of extensions that run what they are given, or send it elsewhere, by the schema that the extension has of its own. */
const isOfOpaqueSchema = (found: ResolvedFunction): boolean => [found.schema, ...found.candidates.map((c) => c.schema)].some((s) => s !== undefined && OPAQUE_SCHEMAS.has(s));

/** Write to the log of transactions or to indexes. */
const WRITING_FUNCTIONS: ReadonlySet<string> = new Set(['pg_logical_emit_message', 'gin_clean_pending_list', 'brin_desummarize_range', 'brin_summarize_new_values', 'brin_summarize_range']);

/** The sequence that a literal names. */
function sequence(out: Collector, node: Node | undefined): SqlObject {
  const parts = (constText(node) ?? '').split('.').map((p) => (p.startsWith('"') ? p.slice(1, -1) : p.toLowerCase()));
  const name = parts.at(-1);
  if (name === undefined || name === '') return { kind: 'none' };
  const found = resolveTable({ schema: parts.length > 1 ? parts.at(-2) : undefined, name }, out.env);
  return { kind: 'table', schema: found.schema, name: found.name };
}

/** A function of somebody's own: its body runs with whatever it holds, unless it is plain SQL or compiled code. */
function userFunction(out: Collector, found: ResolvedFunction, object: SqlObject, label: string, count: number): void {
  const known = found.candidates.length > 0;
  const volatile = !known || found.candidates.some((c) => c.volatility === 'v');
  const plain = known && found.candidates.every((c) => c.language === 'c' || c.language === 'internal' || (c.language === 'sql' && c.volatility !== 'v') || vouchedFor(out.env, c) !== undefined);
  if (plain || (!known && vouchedFor(out.env, { schema: found.schema ?? 'public', name: found.name }, count) !== undefined)) {
    // What the bundle vouches for shows nothing, but it may write.
    if (volatile && found.candidates.some((c) => c.language !== 'c' && c.language !== 'internal')) [out.sideEffects, out.writes] = [true, true];
    return;
  }
  out.add('sql:call', object, label);
  if (volatile) out.sideEffects = true;
}

function settingCall(out: Collector, args: readonly Node[], object: SqlObject, label: string): void {
  const name = constText(args[0])?.toLowerCase();
  if (name === undefined) {
    out.add('sql:opaque', object, `${label} with a computed name`);
    return;
  }
  if (name === 'role' || name === 'session_authorization') {
    // SET ROLE in other words.
    out.add('sql:role', { kind: 'role', name: constText(args[1]) ?? '' }, `set_config ${name}`);
    return;
  }
  if (isStrict(name, constText(args[1]))) {
    out.add('sql:session', { kind: 'setting', name }, `set_config ${name}`);
    return;
  }
  out.add('sql:set', { kind: 'setting', name }, `set_config ${name}`);
  out.setting = name;
}
