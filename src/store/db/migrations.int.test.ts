/** Every migration, from the one before, with a row in every table, on both databases. A new one is covered by being listed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentOf, fillEmptyTables, lostRows, schemaOf, tablesOf } from '../../testing/schema-data.ts';
import { freshDatabase } from '../../testing/database-of.ts';
import { type PostgresServer, startPostgres } from '../../testing/postgres-server.ts';
import { queriesOver } from './database.ts';
import { migrate, type MigrationSession } from './migrate.ts';
import { migrations } from './migrations/index.ts';

let server: PostgresServer;
const closers: (() => Promise<void>)[] = [];
const schemas: string[][] = [];

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  for (const close of closers) await close();
  await server.stop();
});

async function embedded(): Promise<MigrationSession> {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-migrations-'));
  const db = await PGlite.create(join(dir, 'pg'));
  closers.push(async () => {
    await db.close();
    rmSync(dir, { recursive: true });
  });
  return { ...queriesOver(db), exec: (sql) => db.exec(sql) };
}

async function onServer(): Promise<MigrationSession> {
  const client = new pg.Client({ connectionString: await freshDatabase(server) });
  await client.connect();
  closers.push(() => client.end());
  return { ...queriesOver({ query: (sql, params) => client.query<pg.QueryResultRow>(sql, params) }), exec: (sql) => client.query(sql) };
}

const inOrder = [...migrations].sort((a, b) => a.id - b.id);

it('migrations have numbers and names of their own', () => {
  expect(new Set(migrations.map((m) => m.id)).size).toBe(migrations.length);
  expect(new Set(migrations.map((m) => m.name)).size).toBe(migrations.length);
});

describe.each([['PGlite', embedded], ['PostgreSQL', onServer]] as const)('on %s', (_name, open) => {
  it('each migration keeps what lies in every table', async () => {
    const session = await open();
    for (const [i, step] of inOrder.entries()) {
      const before = await contentOf(session);
      await migrate(session, inOrder.slice(0, i + 1));
      expect(lostRows(before, await contentOf(session)), `rows lost by migration ${step.id}`).toEqual([]);
      await fillEmptyTables(session);
    }
    expect((await contentOf(session)).size).toBe((await tablesOf(session)).length);
    for (const [table, rows] of await contentOf(session)) expect(rows.length, `rows of ${table}`).toBeGreaterThan(0);
    // Search adds trigram indexes where the server has the extension; PGlite is opened without.
    schemas.push((await schemaOf(session)).filter((line) => !line.includes('gin_trgm_ops')));
  });

  it('a step that fails leaves nothing of itself', async () => {
    const session = await open();
    const bad = { id: inOrder[0]?.id ?? 1, name: 'half', sql: 'create table half (id integer); select no_such_function();' };
    await expect(migrate(session, [bad])).rejects.toThrow(/migration 1 \(half\) failed/);
    expect(await tablesOf(session)).toEqual([]);
    await migrate(session);
  });
});

it('both databases end with the same schema', () => {
  expect(schemas).toHaveLength(2);
  expect(schemas[0]).toEqual(schemas[1]);
});

describe('the test itself', () => {
  it('sees a row or a table that a migration lost', () => {
    const before = new Map([['t', [{ a: 1, b: 2 }]]]);
    expect(lostRows(before, new Map([['t', [{ a: 1 }]]]))).toEqual([]);
    expect(lostRows(before, new Map([['t', [{ a: 1, b: 3 }]]]))).toHaveLength(1);
    expect(lostRows(before, new Map())).toHaveLength(1);
  });
});
