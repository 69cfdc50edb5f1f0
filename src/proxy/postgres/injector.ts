/**
 * Queries of the proxy's own on a session's connection: what the search path is, what objects an open transaction has
 * made. Only the frontend relay calls this, while it takes no client message, so nothing interleaves.
 */
import { EnvironmentError } from '../../base/errors.ts';
import { encodeBind, encodeClose, encodeExecute, encodeFlush, encodeParse, encodeSync } from '../../wire/postgres/index.ts';
import { readCatalog } from './catalog-source.ts';
import type { SessionContext } from './context.ts';
import type { Injection } from './pending.ts';

/** A name that no client uses; a clash would be an error of the server, not a mix-up. */
const NAME = '_sallyport_own';

const SETTINGS = `SELECT pg_catalog.array_to_json(pg_catalog.current_schemas(true))::pg_catalog.text,
 pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('client_encoding'), pg_catalog.current_setting('server_encoding')`;

async function run(context: SessionContext, sql: string): Promise<(string | null)[][]> {
  const { state, toServer } = context;
  let finish: (() => void) | undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const injection: Injection = { rows: [], failed: undefined, done: () => finish?.() };
  toServer.push(Buffer.concat([encodeParse(NAME, sql), encodeBind({ portal: NAME, statement: NAME }), encodeExecute(NAME), encodeClose('portal', NAME), encodeClose('statement', NAME)]));
  state.pending.push({ kind: 'parse', injection });
  state.pending.push({ kind: 'bind', injection });
  state.pending.push({ kind: 'execute', injection, record: 0, startedNs: 0n });
  state.pending.push({ kind: 'close', injection });
  state.pending.push({ kind: 'close', injection });
  if (state.pipelineOpen) toServer.push(encodeFlush());
  else {
    toServer.push(encodeSync());
    state.pending.push({ kind: 'sync', injection });
  }
  toServer.flush();
  await Promise.race([finished, state.until(() => false)]);
  if (injection.failed !== undefined) throw new EnvironmentError('env.unreachable', `the target refused the proxy's own query: ${injection.failed}`);
  return injection.rows;
}

/** Takes in search_path and text settings. @throws EnvironmentError when the session's text is not UTF-8. */
export async function refreshSettings(context: SessionContext): Promise<void> {
  const { state } = context;
  const row = (await run(context, SETTINGS))[0] ?? [];
  const path: unknown = JSON.parse(row[0] ?? '[]');
  if (!Array.isArray(path) || !path.every((s) => typeof s === 'string')) throw new EnvironmentError('env.unreachable', 'the target gave no search path');
  state.searchPath = path;
  state.standardConformingStrings = row[1] === 'on';
  state.serverEncoding = row[3] ?? '';
  assertUtf8(row[2] ?? '', state.serverEncoding);
  state.settingsDirty = false;
}

/** Text that is not UTF-8 would be read differently by the server and by us. SQL_ASCII means "as the server stores it". */
export function assertUtf8(clientEncoding: string, serverEncoding: string): void {
  const client = clientEncoding.toUpperCase();
  if (client === 'UTF8' || (client === 'SQL_ASCII' && serverEncoding.toUpperCase() === 'UTF8')) return;
  throw new EnvironmentError('env.cancelled', `client_encoding ${clientEncoding} is not supported: use UTF8`);
}

/** Brings the session's catalog up to date: its own view while an open transaction has changed objects. */
export async function refreshCatalog(context: SessionContext): Promise<void> {
  if (context.engine.classes.length === 0) return;
  if (context.state.catalogInTransaction) {
    if (context.catalog.stamp.startsWith('private')) return;
    const view = await readCatalog(async (sql) => (await run(context, sql))[0]?.[0] ?? '[]');
    context.catalog = { view, stamp: `private ${context.sessionId} ${context.state.epoch}` };
    return;
  }
  const view = await context.catalogs.get();
  context.catalog = { view, stamp: context.catalogs.stamp };
}
