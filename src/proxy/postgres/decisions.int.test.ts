/** Promises 2, 4 and 10 on real servers: denials look like errors of the server, held statements run once and only when approved. */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type pg from 'pg';
import { pgConnect, TestGateway, type GatewayEvent } from '../../testing/gateway.ts';
import { postgresBin, startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { startProcess } from '../../testing/process.ts';
import { sendCancel, WireClient } from '../../testing/pg-wire-client.ts';
import { createShop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';
import { libpqEnv } from '../../testing/gateway.ts';
import { encodeBind, encodeExecute, encodeParse, encodeQuery, encodeSync, noticeField, type BackendMessage } from '../../wire/postgres/index.ts';

let server: PostgresServer;
let gateway: TestGateway;
let direct: pg.Client;
let client: WireClient;
let mark: number;

beforeAll(async () => {
  server = await startPostgres({ settings: ['log_statement = all'] });
  await createShop(server);
  gateway = await TestGateway.start({ server });
  direct = await pgConnect({ host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'shop' });
}, 120_000);

afterAll(async () => {
  await direct.end();
  await gateway.stop();
  await server.stop();
});

beforeEach(async () => {
  await direct.query("UPDATE plain SET label = 'x', n = 0");
  mark = gateway.mark;
  const { host, port, user, password, database } = gateway.listener();
  client = await WireClient.connect({ host, port, user, password, database });
});

afterEach(() => client.close());

const types = (messages: readonly BackendMessage[]): string[] => messages.map((m) => m.type);
const errorsOf = (messages: readonly BackendMessage[]): { code: string; message: string; detail: string; hint: string }[] =>
  messages.flatMap((m) => {
    if (m.type !== 'ErrorResponse') return [];
    const field = (name: Parameters<typeof noticeField>[1]): string => noticeField(m.fields, name) ?? '';
    return [{ code: field('code'), message: field('message'), detail: field('detail'), hint: field('hint') }];
  });
const statusOf = (messages: readonly BackendMessage[]): string => {
  const last = messages.at(-1);
  return last?.type === 'ReadyForQuery' ? last.status : '';
};
const held = (): Promise<GatewayEvent> => gateway.waitEvent((e) => e.event === 'request.held', mark);
const released = (): Promise<GatewayEvent> => gateway.waitEvent((e) => e.event === 'request.released', mark);
const ran = async (): Promise<number> => Number((await direct.query<{ c: string }>("SELECT count(*) AS c FROM plain WHERE n > 0")).rows[0]?.c);
const updateAll = 'UPDATE plain SET n = n + 1';

describe('denied', () => {
  it('is an error with the reason, the policies and a reference, and the connection goes on', async () => {
    const messages = await client.query('DROP DATABASE shop');
    const [error] = errorsOf(messages);
    expect(error).toMatchObject({ code: '42501' });
    expect(error?.message).toContain('databases in production are not dropped from a session');
    expect(error?.detail).toContain('prod-no-drop-database');
    const event = await gateway.waitEvent((e) => e.event === 'request.denied', mark);
    expect(error?.hint).toContain(String(event['reference']));
    expect(event['policy_ids']).toContain('prod-no-drop-database');
    expect(types(await client.query('SELECT 1'))).toContain('DataRow');
    expect(server.log()).not.toMatch(/statement: DROP DATABASE/);
  });

  it('inside a transaction leaves it aborted, as any error does', async () => {
    await client.query('BEGIN');
    await client.query("UPDATE plain SET label = 'y' WHERE id = 1");
    expect(statusOf(await client.query('DROP DATABASE shop'))).toBe('E');
    expect(errorsOf(await client.query('SELECT 1'))).toMatchObject([{ code: '25P02' }]);
    expect(statusOf(await client.query('ROLLBACK'))).toBe('I');
    expect((await direct.query('SELECT label FROM plain WHERE id = 1')).rows).toEqual([{ label: 'x' }]);
  });

  it('inside a savepoint can be rolled back to it', async () => {
    for (const sql of ['BEGIN', "UPDATE plain SET label = 'kept' WHERE id = 2", 'SAVEPOINT s']) await client.query(sql);
    expect(statusOf(await client.query('DROP DATABASE shop'))).toBe('E');
    await client.query('ROLLBACK TO s');
    await client.query('COMMIT');
    expect((await direct.query('SELECT label FROM plain WHERE id = 2')).rows).toEqual([{ label: 'kept' }]);
  });

  it('one statement of several denies the whole query', async () => {
    const messages = await client.query("UPDATE plain SET label = 'z' WHERE id = 3; DROP DATABASE shop; SELECT 1");
    expect(types(messages)).toEqual(['ErrorResponse', 'ReadyForQuery']);
    expect((await direct.query('SELECT label FROM plain WHERE id = 3')).rows).toEqual([{ label: 'x' }]);
  });

  it('in a pipeline the rest is skipped up to Sync, and what stood before in the same batch is undone', async () => {
    const one = (sql: string): Buffer[] => [encodeParse('', sql), encodeBind({}), encodeExecute('')];
    client.send(...one("UPDATE plain SET label = 'p' WHERE id = 4"), ...one('DROP DATABASE shop'), ...one("UPDATE plain SET label = 'q' WHERE id = 5"), encodeSync(), ...one("UPDATE plain SET label = 'r' WHERE id = 6"), encodeSync());
    const first = await client.until();
    const second = await client.until();
    expect(types(first)).toEqual(['ParseComplete', 'BindComplete', 'CommandComplete', 'ErrorResponse', 'ReadyForQuery']);
    expect(types(second)).toEqual(['ParseComplete', 'BindComplete', 'CommandComplete', 'ReadyForQuery']);
    expect((await direct.query('SELECT label FROM plain WHERE id IN (4, 5, 6) ORDER BY id')).rows.map((r: { label: string }) => r.label)).toEqual(['x', 'x', 'r']);
  });

  it('messages that come after an error of the server, before Sync, are skipped as the server skips them', async () => {
    client.send(encodeParse('', 'SELECT nothing FROM nowhere'));
    await client.until('ErrorResponse');
    client.send(encodeParse('', 'SELECT 1'), encodeBind({}));
    client.send(encodeExecute(''), encodeQuery(updateAll));
    client.send(encodeSync());
    expect(types(await client.until())).toEqual(['ReadyForQuery']);
    expect(types(await client.query('SELECT 1'))).toContain('DataRow');
    expect(await ran()).toBe(0);
  });

  it('what the parser rejects is denied, and said so', async () => {
    const messages = await client.query('SELEC 1');
    expect(errorsOf(messages)[0]?.code).toMatch(/^42/);
    expect(statusOf(messages)).toBe('I');
    expect(types(await client.query('SELECT 1'))).toContain('DataRow');
  });
});

describe('held', () => {
  it('waits with a notice, runs once after approval, and the same bytes wait again', async () => {
    client.send(encodeQuery(updateAll));
    const notice = await client.next();
    if (notice.type !== 'NoticeResponse') throw new Error(`got ${notice.type}`);
    expect(noticeField(notice.fields, 'message')).toContain('held for approval');
    const event = await held();
    const id = String(event['approval_id']);
    expect(noticeField(notice.fields, 'detail')).toContain(id);
    expect(await ran()).toBe(0);
    const shown = await gateway.approvals('show', id);
    expect(shown.stdout).toContain(updateAll);
    const approved = await gateway.approvals('approve', id, 'checked with the owner');
    expect(approved.stderr).toBe('');
    expect(approved.code).toBe(0);
    const messages = await client.until();
    expect(types(messages)).toEqual(['CommandComplete', 'ReadyForQuery']);
    expect(await ran()).toBe(1000);
    expect((await direct.query('SELECT max(n)::int AS n FROM plain')).rows).toEqual([{ n: 1 }]);
    // Once is once: a second decision changes nothing, and the same bytes need an approval of their own.
    expect((await gateway.approvals('approve', id, 'again')).code).not.toBe(0);
    mark = gateway.mark;
    client.send(encodeQuery(updateAll));
    const again = await held();
    expect(again['approval_id']).not.toBe(id);
    expect((await direct.query('SELECT max(n)::int AS n FROM plain')).rows).toEqual([{ n: 1 }]);
    await gateway.approvals('deny', String(again['approval_id']), 'not twice');
    expect(errorsOf(await client.until())).toMatchObject([{ code: '42501' }]);
  });

  it('a denial gives the reason of the approver to the client', async () => {
    client.send(encodeQuery(updateAll));
    await gateway.decide('deny', String((await held())['approval_id']), 'wait for the release on Monday');
    const [error] = errorsOf(await client.until());
    expect(error?.code).toBe('42501');
    expect(error?.message).toContain('wait for the release on Monday');
    expect(error?.message).toContain('carol');
    expect(await ran()).toBe(0);
    expect(types(await client.query('SELECT 1'))).toContain('DataRow');
  });

  it('the requester and people outside the group cannot approve', async () => {
    client.send(encodeQuery(updateAll));
    const id = String((await held())['approval_id']);
    expect((await gateway.decide('approve', id, 'mine', 'alice@example.com', 'dba')).refusal).toBeDefined();
    expect((await gateway.decide('approve', id, 'me too', 'mallory@example.com', 'engineering')).refusal).toBeDefined();
    expect(await ran()).toBe(0);
    await gateway.decide('deny', id, 'enough');
    await client.until();
  });

  it('a cancel withdraws it', async () => {
    client.send(encodeQuery(updateAll));
    const id = String((await held())['approval_id']);
    if (!client.keyData) throw new Error('no key');
    await sendCancel('127.0.0.1', gateway.listener().port, client.keyData);
    expect(errorsOf(await client.until())).toMatchObject([{ code: '57014' }]);
    expect((await released())['outcome']).toBe('cancelled');
    expect((await gateway.decide('approve', id, 'too late')).refusal).toBeDefined();
    expect(await ran()).toBe(0);
    expect(types(await client.query('SELECT 1'))).toContain('DataRow');
  });

  it('Ctrl-C in psql withdraws it', async () => {
    const psql = startProcess(path.join(postgresBin(), 'psql'), ['-X', '-c', updateAll], { env: libpqEnv(gateway.listener()) });
    await held();
    psql.kill('SIGINT');
    const { stderr } = await psql.ended();
    expect(stderr).toMatch(/ERROR: {2}withdrawn before a decision; it did not run\n[^]*Reference \S+\/\d+\./);
    expect((await released())['outcome']).toBe('cancelled');
    expect(await ran()).toBe(0);
  });

  it('clients that go away at once leave nothing that waits', async () => {
    const { host, port, user, password, database } = gateway.listener();
    const gone = await Promise.all(Array.from({ length: 12 }, () => WireClient.connect({ host, port, user, password, database })));
    const seen = gateway.mark;
    for (const c of gone) {
      c.send(encodeQuery('TRUNCATE plain'));
      c.close();
    }
    const closed = (): number => gateway.process.stdout.slice(seen).split('"event":"session.closed"').length - 1;
    for (let from = gateway.mark; closed() < gone.length; from = gateway.mark) await gateway.waitEvent((e) => e.event === 'session.closed', from).catch(() => expect(closed()).toBe(gone.length));
  });

  it('a client that goes away withdraws it', async () => {
    client.send(encodeQuery(updateAll));
    const id = String((await held())['approval_id']);
    client.close();
    expect((await released())['outcome']).toBe('cancelled');
    expect((await gateway.decide('approve', id, 'too late')).refusal).toBeDefined();
    const closed = await gateway.waitEvent((e) => e.event === 'session.closed', mark);
    const verified = await gateway.verify(String(closed['recording']));
    expect(verified.stdout).toContain('PASS');
    expect(await ran()).toBe(0);
  });

  it('in the extended protocol other parameters need another approval', async () => {
    const sql = 'UPDATE plain SET n = n + $1::int';
    client.send(encodeParse('u', sql), encodeSync());
    await client.until();
    for (const [value, verb] of [['5', 'approve'], ['7', 'deny'], ['5', 'deny']] as const) {
      mark = gateway.mark;
      client.send(encodeBind({ statement: 'u', params: [Buffer.from(value)] }), encodeExecute(''), encodeSync());
      await gateway.decide(verb, String((await held())['approval_id']), 'looked at it');
      expect(errorsOf(await client.until())).toHaveLength(verb === 'approve' ? 0 : 1);
    }
    expect((await direct.query('SELECT max(n)::int AS n FROM plain')).rows).toEqual([{ n: 5 }]);
  });

  it('what is pipelined behind it waits, and is skipped when it is denied', async () => {
    const one = (sql: string): Buffer[] => [encodeParse('', sql), encodeBind({}), encodeExecute('')];
    client.send(...one("UPDATE plain SET label = 'before' WHERE id = 7"), ...one(updateAll), ...one("UPDATE plain SET label = 'behind' WHERE id = 8"), encodeSync());
    await gateway.decide('deny', String((await held())['approval_id']), 'no');
    const messages = await client.until();
    expect(types(messages).filter((t) => t !== 'NoticeResponse')).toEqual(['ParseComplete', 'BindComplete', 'CommandComplete', 'ParseComplete', 'ErrorResponse', 'ReadyForQuery']);
    expect((await direct.query('SELECT label FROM plain WHERE id IN (7, 8) ORDER BY id')).rows.map((r: { label: string }) => r.label)).toEqual(['x', 'x']);
  });

  it('what failed before it in the pipeline: nobody is asked', async () => {
    client.send(encodeParse('', 'SELECT 1/0'), encodeBind({}), encodeExecute(''), encodeParse('', updateAll), encodeBind({}), encodeExecute(''), encodeSync());
    const messages = await client.until();
    expect(errorsOf(messages)).toMatchObject([{ code: '22012' }]);
    expect(types(messages)).not.toContain('NoticeResponse');
    expect(await ran()).toBe(0);
  });

  it('a PREPARE in SQL is held at each EXECUTE', async () => {
    await client.query(`PREPARE u2 AS ${updateAll}`);
    client.send(encodeQuery('EXECUTE u2'));
    await gateway.decide('approve', String((await held())['approval_id']), 'fine');
    await client.until();
    expect((await direct.query('SELECT max(n)::int AS n FROM plain')).rows).toEqual([{ n: 1 }]);
    mark = gateway.mark;
    client.send(encodeQuery('EXECUTE u2'));
    await gateway.decide('deny', String((await held())['approval_id']), 'no');
    expect(errorsOf(await client.until())).toHaveLength(1);
  });

  it('an approver on a new machine counts with the key enrolled there', async () => {
    client.send(encodeQuery(updateAll));
    const id = String((await held())['approval_id']);
    const devices = path.join(gateway.dataDir, 'devices');
    expect(existsSync(devices)).toBe(true);
    rmSync(devices, { recursive: true });
    expect((await gateway.decide('approve', id, 'from a new machine', 'dave@example.com')).refusal).toBeUndefined();
    expect(errorsOf(await client.until())).toEqual([]);
    expect(await ran()).toBe(1000);
  });
});

describe('recordings of all this', () => {
  it('prove themselves and tell what was decided', async () => {
    client.close();
    await gateway.halt();
    const closed = gateway.events.filter((e) => e.event === 'session.closed');
    expect(closed.length).toBeGreaterThan(10);
    const sample = closed.filter((_, i) => i % 9 === 0);
    for (const event of sample) expect((await gateway.verify(String(event['recording']))).stdout).toContain('PASS');
  });
});
