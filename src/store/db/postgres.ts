/** The store on a PostgreSQL server: a pool for statements, one connection of its own for notifications. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { BugError, EnvironmentError } from '../../base/errors.ts';
import { type Database, type Queries, queriesOver, type RawQueries } from './database.ts';
import { migrate } from './migrate.ts';
import { NotificationListener } from './postgres-listener.ts';
import { explained, isRetryable } from './postgres-errors.ts';

const OLDEST_VERSION = 150_000;
const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;
/** A little more than the server's own limit: it is for a server that does not answer at all. */
const ANSWER_MS = STATEMENT_MS + 5_000;
const LOCK_MS = 15_000;
const IDLE_IN_TRANSACTION_MS = 60_000;
const ATTEMPTS = 4;
const CHANGES = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

export interface PostgresOptions {
  /** From `postgresUrl`. */
  readonly connection: pg.ConnectionConfig;
  /** Connections of the pool. */
  readonly connections: number;
  readonly onProblem: (message: string) => void;
}

/**
 * Connects, and brings the schema up to date.
 * @throws EnvironmentError env.unreachable when the server is away, env.io when it is too old or was used by a newer store
 */
export async function openPostgres(o: PostgresOptions): Promise<Database> {
  const base: pg.ClientConfig = { ...o.connection, types: typesOfPglite(), connectionTimeoutMillis: CONNECT_MS, keepAlive: true, keepAliveInitialDelayMillis: 10_000, application_name: 'sallyport store' };
  const { options } = await prepare(base, o.onProblem);
  const pool = new pg.Pool({
    ...base,
    options,
    max: o.connections,
    idleTimeoutMillis: 30_000,
    statement_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  });
  // Without listeners a lost connection would end the process. The pool replaces it; a query on it fails by itself.
  pool.on('error', (error) => o.onProblem(`store: a database connection was lost: ${error.message}`));
  pool.on('connect', (client) => client.on('error', () => undefined));
  const listener = new NotificationListener(() => new pg.Client({ ...base, query_timeout: CONNECT_MS }), o.onProblem);
  return {
    ...queriesOver(rawOver(pool)),
    transaction: (work) => transaction(pool, work),
    listen: (channel, onPayload, onGap) => listener.listen(channel, onPayload, onGap),
    close: async () => {
      await listener.close();
      await pool.end();
    },
  };
}

/**
 * On a connection without time limits: a migration may wait for another process's, and may take long.
 * @returns settings for the store's own connections: a receipt may only be signed for what is on the server's disk
 */
async function prepare(base: pg.ClientConfig, onProblem: (message: string) => void): Promise<{ options: string }> {
  const client = new pg.Client(base);
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw explained(error);
  }
  try {
    const raw = rawOver(client);
    const queries = queriesOver(raw);
    const version = await queries.first(z.object({ server_version_num: z.coerce.number() }), 'show server_version_num');
    if (version === undefined || version.server_version_num < OLDEST_VERSION) throw new EnvironmentError('env.io', `database: PostgreSQL 15 or newer is needed, this is ${version?.server_version_num ?? 'unknown'}`);
    await migrate({ ...queries, exec: (sql) => client.query(sql) });
    const durable = await queries.first(z.object({ fsync: z.string(), commit: z.string() }), "select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit");
    if (durable?.fsync !== 'on') onProblem('store: the database runs with fsync off: what it has acknowledged can be lost with its machine');
    // A stronger setting of the operator (remote_apply) stays.
    return { options: durable?.commit === 'off' ? '-c synchronous_commit=on' : '' };
  } finally {
    await client.end();
  }
}

function rawOver(client: Pick<pg.ClientBase, 'query'>): RawQueries {
  return {
    query: async (sql, params = []) => {
      try {
        const result = await client.query<pg.QueryResultRow>(sql, params);
        return { rows: result.rows, affectedRows: CHANGES.has(result.command) ? (result.rowCount ?? 0) : 0 };
      } catch (error) {
        throw explained(error);
      }
    },
  };
}

async function transaction<T>(pool: pg.Pool, work: (tx: Queries) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await connected(pool);
    let broken = true;
    try {
      const raw = rawOver(client);
      await raw.query('begin');
      const result = await work(queriesOver(raw));
      const { command } = await client.query('commit').catch((error: unknown) => {
        throw explained(error);
      });
      broken = false;
      // A COMMIT after a failed statement is answered with ROLLBACK, and not with an error.
      if (command !== 'COMMIT') throw new BugError('a transaction went on after one of its statements had failed');
      return result;
    } catch (error) {
      if (broken) broken = !(await rolledBack(client));
      if (attempt >= ATTEMPTS || !isRetryable(error)) throw error;
    } finally {
      client.release(broken);
    }
    await delay(Math.random() * 40 * attempt);
  }
}

async function connected(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw explained(error);
  }
}

/** False when the connection is of no more use. */
async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('rollback');
    return true;
  } catch {
    return false;
  }
}

/** int8 as a number, as PGlite gives it. One beyond 2^53 stays text, which no schema of ours takes for a number. */
function typesOfPglite(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text));
  return types;
}
