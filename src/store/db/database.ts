/**
 * The store's PostgreSQL: embedded (PGlite in a directory) or a server. Rows leave here through a zod schema, so a
 * column that is not what the code believes is an error at the query and not later.
 */
import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { z } from 'zod';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import { migrate } from './migrate.ts';

export type SqlValue = string | number | boolean | null | Uint8Array;

/** Runs one statement. Inside a transaction or outside of one, the same face. */
export interface Queries {
  /** Rows as `schema` reads them. */
  rows<T>(schema: z.ZodType<T>, sql: string, params?: readonly SqlValue[]): Promise<T[]>;
  /** The only row, or undefined when there is none. */
  first<T>(schema: z.ZodType<T>, sql: string, params?: readonly SqlValue[]): Promise<T | undefined>;
  /** Number of rows changed. */
  run(sql: string, params?: readonly SqlValue[]): Promise<number>;
}

export interface Database extends Queries {
  /**
   * Commits when `work` resolves, rolls back when it rejects. On a server `work` is run again after a deadlock, a
   * serialization failure or a lost race for a unique key: the second run finds what the winner wrote. It must
   * therefore touch nothing but `tx` and what may be done twice.
   */
  transaction<T>(work: (tx: Queries) => Promise<T>): Promise<T>;
  /**
   * Calls `onPayload` for each NOTIFY on `channel` after its commit, whichever process sent it, and `onGap` after a
   * time in which notifications may have been missed.
   */
  listen(channel: string, onPayload: (payload: string) => void, onGap?: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface RawQueries {
  query(sql: string, params?: unknown[]): Promise<{ rows: unknown[]; affectedRows?: number }>;
}

export function queriesOver(raw: RawQueries): Queries {
  return {
    rows: async (schema, sql, params = []) => z.array(schema).parse((await raw.query(sql, [...params])).rows),
    first: async (schema, sql, params = []) => {
      const row = (await raw.query(sql, [...params])).rows[0];
      return row === undefined ? undefined : schema.parse(row);
    },
    run: async (sql, params = []) => (await raw.query(sql, [...params])).affectedRows ?? 0,
  };
}

/**
 * Opens the embedded database and brings its schema up to date.
 * @throws EnvironmentError env.io when the directory cannot be opened, or was written by a newer version.
 */
export async function openEmbedded(dir: string): Promise<Database> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  let pg: PGlite;
  try {
    pg = await PGlite.create(dir);
  } catch (cause) {
    throw new EnvironmentError('env.io', `cannot open the store's database in ${dir}: ${messageOf(cause)}`, { cause });
  }
  const db: Database = {
    ...queriesOver(pg),
    transaction: (work) => pg.transaction((tx) => work(queriesOver(tx))),
    listen: (channel, onPayload) => pg.listen(channel, onPayload),
    close: () => pg.close(),
  };
  try {
    await migrate({ ...db, exec: (sql) => pg.exec(sql) });
  } catch (error) {
    await pg.close();
    throw error;
  }
  return db;
}
