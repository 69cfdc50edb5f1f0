/** Promise 6 and the end of promise 1: the store away, lying, back again; the spool full; the disk full. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestGateway } from '../../testing/gateway.ts';
import { filesUnder, leaksIn, leaksUnder } from '../../testing/leaks.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { recordingDirs, uploadedParts, verifyAll } from '../../testing/recordings.ts';
import { createShop } from '../../testing/shop.ts';
import { StoreProcess } from '../../testing/store-process.ts';
import { targetPassword } from '../../testing/target-password.ts';

// Several starts of real servers in one test take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let server: PostgresServer;
let store: StoreProcess;
/** Serves all tests that can share one: a start takes seconds. */
let gateway: TestGateway;
/** Of one test. */
let own: TestGateway | undefined;

beforeAll(async () => {
  server = await startPostgres();
  await createShop(server);
  store = await StoreProcess.start(server);
  gateway = await TestGateway.start(await store.client(server));
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  await store.stop();
  await server.stop();
});

afterEach(async () => {
  await own?.stop();
  own = undefined;
  // A test that failed half-way must not fail the next ones.
  await store.ensureUp();
});

const sessionsOf = (g: TestGateway): string[] => recordingDirs(g).map((dir) => path.basename(dir));

/** A session after an outage makes the gateway look for the store at once. */
async function touch(g: TestGateway): Promise<void> {
  const client = await g.connect('shop');
  await client.query('SELECT 1');
  await client.end();
}

const waiting = (g: TestGateway): string[] => g.process.stderr.split('\n').filter((line) => line.startsWith('recordings wait'));

/** Answers everything with something that is no answer of a store. */
async function liar(port: number, answer: (url: string) => { status: number; body: string }): Promise<Server> {
  const http = createServer((request, response) => {
    request.resume();
    const { status, body } = answer(request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  return http;
}

const close = (http: Server): Promise<void> =>
  new Promise((resolve) => {
    http.close(() => resolve());
    http.closeAllConnections();
  });

describe('the store killed during a session', () => {
  it('work goes on, and everything is uploaded once after it is back, nothing twice', async () => {
    const client = await gateway.connect('shop');
    await client.query('SELECT 1');
    await store.crash();
    for (let i = 0; i < 300; i++) await client.query(`SELECT ${i}, repeat(md5(random()::text), 300)`);
    // Nobody can be asked: the held statement is refused, with the reason, and the session goes on.
    await expect(client.query('UPDATE plain SET n = 0')).rejects.toMatchObject({ code: '42501', message: expect.stringContaining('approval could not be asked for') as string });
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    await gateway.waitEvent((e) => e.event === 'session.closed');
    // A session that begins now has no credential: the error says so, in the protocol.
    await expect(gateway.connect('shop')).rejects.toMatchObject({ code: '08001' });
    await store.run();
    await touch(gateway);
    await gateway.uploaded(sessionsOf(gateway));
    for (const dir of recordingDirs(gateway)) {
      const parts = uploadedParts(dir);
      expect(parts.length).toBe(new Set(parts).size);
      const stored = filesUnder(store.objects).filter((f) => f.includes(path.basename(dir)) && f.includes('chunks'));
      expect(stored).toHaveLength(parts.filter((p) => typeof p === 'number').length);
    }
    expect((await verifyAll(gateway)).map((r) => r.verdict)).toEqual(['PASS', 'PASS', 'PASS']);
    expect(waiting(gateway)).toHaveLength(1);
  });

  it('recordings of a gateway that stopped meanwhile go up at its next start', async () => {
    own = await TestGateway.start(await store.client(server));
    const client = await own.connect('shop');
    await client.query('SELECT 1');
    await store.crash();
    await client.query('SELECT 2');
    await client.end();
    await own.halt();
    expect(sessionsOf(own)).toHaveLength(1);
    await store.run();
    await store.client(server);
    await own.run();
    await own.uploaded(sessionsOf(own));
  });
});

describe('a store that answers garbage', () => {
  it.each([
    ['HTML', () => ({ status: 200, body: '<html>Welcome to the captive portal</html>' })],
    ['JSON of something else', () => ({ status: 200, body: '{"ok":true}' })],
    ['a receipt of its own making', () => ({ status: 200, body: JSON.stringify({ envelope: '{"payloadType":"x","payload":"e30=","signatures":[]}', cosignature: '' }) })],
    ['errors', () => ({ status: 500, body: '{"error":{"code":"internal","message":"oops"}}' })],
  ])('%s: one clear message, and the spool stays', async (_, answer) => {
    const client = await gateway.connect('shop');
    await store.crash();
    const said = waiting(gateway).length;
    const http = await liar(store.port, answer);
    await client.query('SELECT 1');
    const before = sessionsOf(gateway);
    await client.end();
    await vi.waitFor(() => expect(waiting(gateway).length).toBeGreaterThan(said), { timeout: 20_000, interval: 50 });
    expect(waiting(gateway)).toHaveLength(said + 1);
    expect(sessionsOf(gateway)).toEqual(before);
    await close(http);
    await store.run();
    await touch(gateway);
    await gateway.uploaded(sessionsOf(gateway));
    expect((await verifyAll(gateway)).filter((r) => r.verdict !== 'PASS')).toEqual([]);
  });
});

/** Results until the session ends. Why it ends may be said while a query runs or between two of them. */
function filling(client: pg.Client): Promise<never> {
  return new Promise((_resolve, reject) => {
    client.on('error', reject);
    const next = (): void => void client.query('SELECT repeat(md5(random()::text), 3000)').then(next, reject);
    next();
  });
}

describe('no room', () => {
  it('the spool limit ends the session with a clear error, and the recording verifies', async () => {
    const g = await TestGateway.start(await store.client(server, { config: { spool_mib: 1 } }));
    own = g;
    const client = await g.connect('shop');
    await store.crash();
    await expect(filling(client)).rejects.toMatchObject({ code: '53400', message: expect.stringContaining('cannot be recorded') as string });
    const closed = await g.waitEvent((e) => e.event === 'session.closed');
    expect(closed['reason']).toContain('cannot be recorded');
    await store.run();
    await g.uploaded(sessionsOf(g));
    expect((await verifyAll(g)).map((r) => r.verdict)).toEqual(['PASS']);
    // And there is room again.
    const next = await g.connect('shop');
    expect((await next.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await next.end();
  });

  it.runIf(process.getuid?.() === 0)('a full disk ends the session with 53100, and the recording verifies', async () => {
    const g = TestGateway.prepare(await store.client(server));
    own = g;
    mkdirSync(g.recordings, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', g.recordings]);
    try {
      await g.run();
      const client = await g.connect('shop');
      await store.crash();
      await expect(filling(client)).rejects.toMatchObject({ code: '53100', message: expect.stringContaining('cannot be recorded') as string });
      await g.waitEvent((e) => e.event === 'session.closed');
      // No session begins without room for its recording.
      await expect(g.connect('shop')).rejects.toThrow();
      await g.halt();
      expect((await verifyAll(g)).map((r) => r.verdict).filter((v) => v !== 'PASS' && v !== 'RECOVERED')).toEqual([]);
    } finally {
      await g.halt();
      execFileSync('umount', [g.recordings]);
      await store.run();
    }
  });
});

describe('the credential of the target', () => {
  it('is in no file of gateway or store, no output, no argument and no environment', async () => {
    const g = gateway;
    const client = await g.connect('shop');
    await client.query('SELECT 1');
    const proc = [`/proc/${g.pid}/cmdline`, `/proc/${g.pid}/environ`].map((f) => readFileSync(f));
    await client.end();
    await g.waitEvent((e) => e.event === 'session.closed');
    await g.uploaded(sessionsOf(g));
    for (const bytes of proc) expect(leaksIn(bytes, [targetPassword])).toEqual([]);
    expect(leaksUnder(g.dir, [targetPassword])).toEqual([]);
    expect(leaksUnder(path.join(store.dir, 'data'), [targetPassword])).toEqual([]);
    expect(leaksIn(Buffer.from(g.stdout + g.process.stderr), [targetPassword])).toEqual([]);
    // The listener's own secret is for this process's life: it is printed, and kept nowhere.
    expect(leaksUnder(g.dataDir, [g.listener().password])).toEqual([]);
  });
});
