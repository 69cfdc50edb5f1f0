/**
 * Queries of the proxy's own on a session's connection: what the search path is, what objects an open transaction has
 * made. Only the frontend relay calls this, while it takes no client message, so nothing interleaves.
 */
import { EnvironmentError } from '../../base/errors.ts';
import { encodeBind, encodeClose, encodeExecute, encodeFlush, encodeParse, encodeSync, type BindArgs } from '../../wire/postgres/index.ts';
import { catalogFrom, catalogTexts } from './catalog-source.ts';
import type { SessionContext } from './context.ts';
import type { Injection } from './pending.ts';

/** A name that no client uses; a clash would be an error of the server, not a mix-up. */
const NAME = '_sallyport_own';

const SETTINGS = `SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text,
 pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('client_encoding'), pg_catalog.current_setting('server_encoding'),
 (SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = pg_catalog.pg_my_temp_schema()), pg_catalog.current_setting('search_path')`;

/** A query of the proxy's own: text results; parameters as a client gave them to a statement with the same ones. */
export interface OwnQuery {
  readonly sql: string;
  readonly paramTypes?: readonly number[];
  readonly bind?: Pick<BindArgs, 'paramFormats' | 'params'>;
}

const run = (context: SessionContext, texts: readonly string[]): Promise<(string | null)[][][]> => runOwn(context, texts.map((sql) => ({ sql })));

/**
 * Runs queries one behind the other without a gap: in one implicit transaction where none is open.
 * @throws EnvironmentError when the server refuses one; in a transaction it has then failed, in a pipeline the server skips to Sync
 */
export async function runOwn(context: SessionContext, queries: readonly OwnQuery[]): Promise<(string | null)[][][]> {
  const { state, toServer } = context;
  let finish: (() => void) | undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const results: Injection[] = queries.map((_, i) => ({ rows: [], failed: undefined, done: () => (i === queries.length - 1 ? finish?.() : undefined) }));
  for (const [i, injection] of results.entries()) {
    const { sql = '', paramTypes, bind } = queries[i] ?? {};
    // One that failed has left its statement behind; closing what does not exist is no error.
    toServer.push(Buffer.concat([encodeClose('statement', NAME), encodeParse(NAME, sql, paramTypes), encodeBind({ ...bind, portal: NAME, statement: NAME }), encodeExecute(NAME), encodeClose('portal', NAME), encodeClose('statement', NAME)]));
    state.pending.push({ kind: 'close', injection });
    state.pending.push({ kind: 'parse', injection });
    state.pending.push({ kind: 'bind', injection });
    state.pending.push({ kind: 'execute', injection, record: 0, startedNs: 0n });
    state.pending.push({ kind: 'close', injection });
    state.pending.push({ kind: 'close', injection });
  }
  const last = results.at(-1);
  if (state.pipelineOpen && state.pipelineRuns) toServer.push(encodeFlush());
  else if (last) {
    // Nothing has run since the client's last Sync, and nothing has failed: one more Sync is felt by nobody, whereas our
    // queries would otherwise open the transaction that the client's own statement begins in.
    toServer.push(encodeSync());
    state.pending.push({ kind: 'sync', injection: last });
    state.pipelineOpen = false;
  }
  toServer.flush();
  // An error skips the rest of the batch; its own injection is told, and no later one will be.
  for (const injection of results) injection.failedSignal = () => finish?.();
  await Promise.race([finished, state.ended]);
  const failed = results.find((r) => r.failed !== undefined);
  if (failed) throw new EnvironmentError('env.unreachable', `the target refused the proxy's own query: ${failed.failed ?? ''}`);
  return results.map((r) => r.rows);
}

/** Takes in search_path and text settings. @throws EnvironmentError when the session's text is not UTF-8. */
export async function refreshSettings(context: SessionContext): Promise<void> {
  const { state } = context;
  const row = (await run(context, [SETTINGS]))[0]?.[0] ?? [];
  const path = searchPathFrom(row[0] ?? '');
  const temporary = row[4] ?? undefined;
  // The catalog snapshot calls this session's own temporary schema pg_temp, whatever its number.
  state.searchPath = path.map((schema) => (schema === temporary ? 'pg_temp' : schema));
  state.hasTemporary = temporary !== undefined;
  state.searchPathSetting = row[5] ?? '';
  state.standardConformingStrings = row[1] === 'on';
  state.serverEncoding = row[3] ?? '';
  assertUtf8(row[2] ?? '', state.serverEncoding);
  state.settingsDirty = false;
}

function searchPathFrom(json: string): readonly string[] {
  let path: unknown;
  try {
    path = JSON.parse(json);
  } catch {
    path = undefined;
  }
  if (!Array.isArray(path) || !path.every((s) => typeof s === 'string')) throw new EnvironmentError('env.unreachable', 'the target gave no search path');
  return path;
}

/** Text that is not UTF-8 would be read differently by the server and by us. SQL_ASCII means "as the server stores it". */
export function assertUtf8(clientEncoding: string, serverEncoding: string): void {
  const client = clientEncoding.toUpperCase();
  if (client === 'UTF8' || (client === 'SQL_ASCII' && serverEncoding.toUpperCase() === 'UTF8')) return;
  throw new EnvironmentError('env.cancelled', `client_encoding ${clientEncoding} is not supported: use UTF8`);
}

/** True when only this session's own connection sees all objects that its statements may name. */
export const needsOwnCatalog = (context: SessionContext): boolean => context.state.catalogInTransaction || context.state.hasTemporary;

const ownStamp = (context: SessionContext): string => `own ${context.sessionId} ${context.state.epoch} ${context.catalogs.generation}`;

/** True when the session's catalog is what its next statement has to be analysed against. */
export function catalogIsCurrent(context: SessionContext): boolean {
  if (context.engine.classes.length === 0) return true;
  if (needsOwnCatalog(context)) return context.catalog.stamp === ownStamp(context);
  return context.catalogs.current !== undefined && context.catalog.stamp === context.catalogs.stamp;
}

/**
 * Brings the session's catalog up to date: its own view while it has objects that others do not see.
 * @param changes `CatalogSource.changes` before anything that the catalog is used with was read
 */
export async function refreshCatalog(context: SessionContext, changes = context.catalogs.changes): Promise<void> {
  if (catalogIsCurrent(context)) return;
  const view = await context.catalogs.get();
  if (needsOwnCatalog(context)) {
    // Names in view definitions are printed for the path that is set: none, for the time of these queries only.
    const path = (value: string): string => `SELECT pg_catalog.set_config('search_path', '${value.replaceAll("'", "''")}', true)`;
    const stamp = ownStamp(context);
    const results = await run(context, [path(''), ...catalogTexts(context.catalogs.serverVersion), path(context.state.searchPathSetting)]);
    context.catalog = { view: catalogFrom(results.slice(1, -1)), stamp, changes };
    return;
  }
  context.catalog = { view, stamp: context.catalogs.stamp, changes };
}
