/** Policies that ask how many rows a statement touches, on a real server: asked before anything runs, by every way a statement can come. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type pg from 'pg';
import { bundleDir, pgConnect, TestGateway } from '../../testing/gateway.ts';
import { WireClient } from '../../testing/pg-wire-client.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { createShop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';
import { encodeBind, encodeExecute, encodeParse, encodeQuery, encodeSync, noticeField, type BackendMessage } from '../../wire/postgres/index.ts';

const POLICY = `
@id("few-rows")
@reason("more than 100 rows at once")
forbid(principal, action in Action::"sql", resource)
when { context has estimatedRows && context.estimatedRows > 100 };
`;

let server: PostgresServer;
let gateway: TestGateway;
let direct: pg.Client;
let client: WireClient;
let bundle: string;

beforeAll(async () => {
  bundle = mkdtempSync(path.join(tmpdir(), 'sallyport-bundle-'));
  cpSync(bundleDir('starter'), bundle, { recursive: true });
  writeFileSync(path.join(bundle, 'policies', 'rows.cedar'), POLICY);
  server = await startPostgres();
  await createShop(server);
  direct = await pgConnect({ host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'shop' });
  await direct.query('CREATE TABLE many (id int PRIMARY KEY, n int NOT NULL)');
  await direct.query('INSERT INTO many SELECT i, 0 FROM generate_series(1, 5000) i');
  await direct.query('ANALYZE many');
  gateway = await TestGateway.start({ server, bundle });
}, 120_000);

afterAll(async () => {
  await direct.end();
  await gateway.stop();
  await server.stop();
  rmSync(bundle, { recursive: true, force: true });
});

beforeEach(async () => {
  // Rows that are dead still count for the planner: no more of them than needed.
  await direct.query('UPDATE many SET n = 0 WHERE n <> 0');
  client = await WireClient.connect(gateway.listener());
});

afterEach(() => client.close());

const changed = async (): Promise<number> => Number((await direct.query<{ c: string }>('SELECT count(*) AS c FROM many WHERE n <> 0')).rows[0]?.c);
const errorOf = (messages: readonly BackendMessage[]): string => messages.map((m) => (m.type === 'ErrorResponse' ? (noticeField(m.fields, 'message') ?? '') : '')).join('');
const tagOf = (messages: readonly BackendMessage[]): string => messages.map((m) => (m.type === 'CommandComplete' ? m.tag : '')).join('');
const TOO_MANY = 'more than 100 rows at once';

async function answers(...bytes: readonly Buffer[]): Promise<BackendMessage[]> {
  client.send(...bytes);
  return client.until('ReadyForQuery');
}

const bound = (sql: string, value: string): Buffer[] => [encodeParse('', sql), encodeBind({ params: [Buffer.from(value)] }), encodeExecute(''), encodeSync()];

describe('by a simple query', () => {
  it('passes what touches few rows, and refuses what would touch many', async () => {
    expect(tagOf(await client.query('UPDATE many SET n = 1 WHERE id < 50'))).toBe('UPDATE 49');
    expect(errorOf(await client.query('UPDATE many SET n = 2 WHERE id < 4000'))).toContain(TOO_MANY);
    expect(errorOf(await client.query('SELECT * FROM many'))).toContain(TOO_MANY);
    expect(errorOf(await client.query('WITH d AS (UPDATE many SET n = 3 WHERE id > 50 RETURNING 1) SELECT count(*) FROM d'))).toContain(TOO_MANY);
    expect(errorOf(await client.query('CREATE TABLE t AS SELECT * FROM many'))).toContain(TOO_MANY);
    expect(errorOf(await client.query('CREATE TEMP TABLE t AS SELECT * FROM many'))).toContain(TOO_MANY);
    expect(errorOf(await client.query('CREATE TEMP TABLE t (LIKE many)'))).toBe('');
    expect(errorOf(await client.query('SELECT * INTO TEMP t2 FROM many'))).toContain(TOO_MANY);
    expect(tagOf(await client.query('SELECT count(*) FROM many'))).toBe('SELECT 1');
    expect(await changed()).toBe(49);
  });

  it('looks at each statement of a text, before any of them runs', async () => {
    expect(errorOf(await client.query('UPDATE many SET n = 1 WHERE id = 1; UPDATE many SET n = 1 WHERE id > 1'))).toContain(TOO_MANY);
    expect(await changed()).toBe(0);
  });

  it('asks in the session that runs it: its temporary tables, its search path', async () => {
    await client.query('CREATE TEMP TABLE many (id int, n int)');
    const own = await client.query('UPDATE many SET n = 1 WHERE id = 7');
    expect(errorOf(own) + tagOf(own)).toBe('UPDATE 0');
    expect(errorOf(await client.query('UPDATE public.many SET n = 1 WHERE id > 7'))).toContain(TOO_MANY);
  });

  it('sees through PREPARE and EXECUTE', async () => {
    await client.query('PREPARE p(int) AS UPDATE many SET n = 1 WHERE id < $1');
    expect(tagOf(await client.query('EXECUTE p(10)'))).toBe('UPDATE 9');
    expect(errorOf(await client.query('EXECUTE p(4000)'))).toContain(TOO_MANY);
    expect(await changed()).toBe(9);
  });

  it('refuses what the planner does not answer for, and a transaction fails by it as by any error', async () => {
    expect(errorOf(await client.query('UPDATE many SET no_such_column = 1 WHERE id = 1'))).toMatch(/planner did not say|does not exist/);
    await client.query('BEGIN');
    await client.query('UPDATE many SET n = 1 WHERE id = 1');
    expect(errorOf(await client.query('UPDATE no_such_table SET n = 1 WHERE id = 1'))).not.toBe('');
    expect((await client.query('SELECT 1')).at(-1)).toMatchObject({ status: 'E' });
    expect((await client.query('ROLLBACK')).at(-1)).toMatchObject({ status: 'I' });
    expect(tagOf(await client.query('UPDATE many SET n = 1 WHERE id < 3'))).toBe('UPDATE 2');
  });
});

describe('by the extended protocol', () => {
  it('asks with the values that are bound', async () => {
    const sql = 'UPDATE many SET n = 1 WHERE id < $1::int';
    const few = await answers(...bound(sql, '20'));
    expect(errorOf(few) + tagOf(few)).toBe('UPDATE 19');
    const refused = await answers(...bound(sql, '4000'));
    expect(errorOf(refused)).toContain(TOO_MANY);
    expect(refused.at(-1)).toMatchObject({ type: 'ReadyForQuery', status: 'I' });
    expect(await changed()).toBe(19);
  });

  it('decides each of a pipeline of its own, and skips after the first that is refused', async () => {
    const sql = 'UPDATE many SET n = n + 1 WHERE id < $1::int';
    const one = (value: string): Buffer[] => [encodeBind({ statement: 's', params: [Buffer.from(value)] }), encodeExecute('')];
    const messages = await answers(encodeParse('s', sql), ...one('3'), ...one('4000'), ...one('5'), encodeSync());
    expect(errorOf(messages)).toContain(TOO_MANY);
    // One pipeline is one implicit transaction: the first goes with it.
    expect(await changed()).toBe(0);
    expect(tagOf(await answers(...one('5'), encodeSync()))).toBe('UPDATE 4');
  });

  it('answers in the server\'s place when the planner fails inside a running pipeline', async () => {
    const messages = await answers(encodeParse('', 'UPDATE many SET n = 1 WHERE id = 1'), encodeBind(), encodeExecute(''), encodeParse('t', 'SELECT * FROM many WHERE id = $1::int'), encodeBind({ statement: 't', params: [Buffer.from('no number')] }), encodeExecute(''), encodeSync());
    expect(errorOf(messages)).not.toBe('');
    expect(messages.filter((m) => m.type === 'ErrorResponse')).toHaveLength(1);
    expect(messages.at(-1)).toMatchObject({ type: 'ReadyForQuery', status: 'I' });
    expect(await changed()).toBe(0);
    expect(tagOf(await answers(encodeQuery('SELECT 1')))).toBe('SELECT 1');
  });
});
