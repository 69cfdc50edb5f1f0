/**
 * Drivers through the starter bundle: node-postgres with its cursors and streams, postgres.js with its pipelines, and
 * COPY of any size with the gateway's memory as a series. `SALLYPORT_COPY_MIB=1024` for the gigabyte.
 */
import { readFileSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pgConnect, TestGateway } from '../../testing/gateway.ts';
import { leaksIn } from '../../testing/leaks.ts';
import { growth } from '../../testing/memory-probe.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import type { Login } from '../../testing/raw-conversation.ts';
import { createShop, type Shop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';

const MIB = 1_048_576;
const copyBytes = Number(process.env['SALLYPORT_COPY_MIB'] ?? 48) * MIB;

let server: PostgresServer;
let shop: Shop;
let gateway: TestGateway;

beforeAll(async () => {
  server = await startPostgres();
  shop = await createShop(server);
  gateway = await TestGateway.start({ server, labels: { env: 'dev' } });
});

afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

const direct = (): Login => ({ host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'shop' });
const through = (): Login => {
  const { host, port, user, password, database } = gateway.listener();
  return { host, port, user, password, database };
};
const TOKEN = /^msk_email_[a-z]{12}$/;

describe('node-postgres', () => {
  const withClient = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = await pgConnect(through());
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };

  it('pg-cursor reads a masked result in pieces', () =>
    withClient(async (client) => {
      const cursor = client.query(new Cursor('SELECT c.id, c.email FROM customers c, generate_series(1, 50) g ORDER BY c.id'));
      const sizes: number[] = [];
      const seen = new Set<string>();
      for (let rows = await cursor.read(70); rows.length > 0; rows = await cursor.read(70)) {
        sizes.push(rows.length);
        for (const row of rows) seen.add(String((row as { email: unknown }).email));
      }
      await cursor.close();
      expect(sizes).toEqual([70, 70, 70, 70, 20]);
      // Equal values have equal tokens over all pieces.
      expect(seen.size).toBe(6);
      expect([...seen].every((v) => TOKEN.test(v))).toBe(true);
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    }));

  it('pg-query-stream streams rows, and can be left early', () =>
    withClient(async (client) => {
      let rows = 0;
      let masked = 0;
      for await (const row of client.query(new QueryStream('SELECT g, email, md5(g::text) AS m FROM customers, generate_series(1, 5000) g', [], { batchSize: 500 })) as AsyncIterable<{ email: string }>) {
        rows++;
        if (TOKEN.test(row.email)) masked++;
      }
      expect([rows, masked]).toEqual([30_000, 30_000]);
      let early = 0;
      for await (const row of client.query(new QueryStream('SELECT g FROM generate_series(1, 100000) g')) as AsyncIterable<unknown>) {
        expect(row).toBeDefined();
        if (++early === 10) break;
      }
      expect((await client.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
    }));

  it('binary results and named statements, executed again without Describe', () =>
    withClient(async (client) => {
      const ask = (id: number): Promise<pg.QueryResult<{ id: number; email: string; ssn: string; age: number }>> =>
        client.query({ name: 'by-id', text: 'SELECT id, email, ssn, age FROM customers WHERE id = $1', values: [id], binary: true } as pg.QueryConfig);
      for (const id of [1, 2, 3, 1]) {
        const [row] = (await ask(id)).rows;
        expect(row?.id).toBe(id);
        expect(row?.age).toBe(30 + id);
        expect(String(row?.email)).toMatch(TOKEN);
        expect(String(row?.ssn)).toBe('********');
      }
      expect((await ask(1)).rows[0]?.email).toBe((await ask(1)).rows[0]?.email);
    }));

  it('a pool with transactions, errors and parallel queries', async () => {
    const pool = new pg.Pool({ ...through(), max: 8 });
    const results = await Promise.all(Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? pool.query('SELECT 1/0').catch((e: unknown) => (e as { code: string }).code) : pool.query('SELECT $1::int AS i, email FROM customers WHERE id = 1', [i]).then((r) => (r.rows[0] as { i: number }).i))));
    expect(results).toEqual(Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? '22012' : i)));
    await pool.end();
  });
});

describe('postgres.js', () => {
  const withSql = async <T>(work: (sql: postgres.Sql) => Promise<T>, options: postgres.Options<Record<string, postgres.PostgresType>> = {}): Promise<T> => {
    const { host, port, user, password, database } = through();
    const sql = postgres({ host, port, user, password, database, max: 4, onnotice: () => undefined, ...options });
    try {
      return await work(sql);
    } finally {
      await sql.end({ timeout: 5 });
    }
  };

  it('prepared statements by default, types fetched from the catalog, arrays and JSON', () =>
    withSql(async (sql) => {
      const rows = await sql<{ id: number; email: string; tags: string[]; extra: { n: number } }[]>`SELECT c.id, c.email, o.tags, o.extra FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = ${2}`;
      expect(rows[0]?.email).toMatch(TOKEN);
      expect(rows[0]?.tags[0]).toBe('gift');
      expect(rows[0]?.extra.n).toBe(2);
      expect(leaksIn(Buffer.from(JSON.stringify(rows)), shop.canaries)).toEqual([]);
      for (let i = 0; i < 20; i++) expect((await sql`SELECT ${i}::int4 AS i, email FROM customers WHERE id = 1`)[0]).toMatchObject({ i, email: expect.stringMatching(TOKEN) as string });
    }));

  it('pipelines: many queries on one connection without waiting', () =>
    withSql(
      async (sql) => {
        const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => (i % 25 === 24 ? sql`SELECT ${i}::int / 0 AS i`.catch((e: unknown) => [{ i: (e as { code: string }).code }]) : sql`SELECT ${i}::int AS i`)));
        expect(answers.map((rows) => (rows[0] as { i: unknown } | undefined)?.i)).toEqual(Array.from({ length: 200 }, (_, i) => (i % 25 === 24 ? '22012' : i)));
      },
      { max: 1 },
    ));

  it('transactions, savepoints and a rollback', () =>
    withSql(async (sql) => {
      await sql.begin(async (tx) => {
        await tx`UPDATE plain SET label = 'in a transaction' WHERE id = 5`;
        await tx.savepoint((sp) => sp`SELECT 1/0`).catch(() => undefined);
        expect((await tx`SELECT label FROM plain WHERE id = 5`)[0]).toEqual({ label: 'in a transaction' });
      });
      await sql.begin((tx) => tx`UPDATE plain SET label = 'undone' WHERE id = 5`.then(() => Promise.reject(new Error('no')))).catch(() => undefined);
      expect((await sql`SELECT label FROM plain WHERE id = 5`)[0]).toEqual({ label: 'in a transaction' });
      // Bulk insert and a list of values, as the driver builds them.
      await sql`INSERT INTO plain ${sql([{ id: 5001, label: 'a' }, { id: 5002, label: 'b' }])}`;
      expect((await sql`DELETE FROM plain WHERE id IN ${sql([5001, 5002])} RETURNING id`).length).toBe(2);
    }));

  it('cursors, forEach and unprepared queries', () =>
    withSql(async (sql) => {
      const sizes: number[] = [];
      await sql`SELECT email FROM customers, generate_series(1, 50) g`.cursor(64, (rows) => {
        sizes.push(rows.length);
        expect(rows.every((r) => TOKEN.test(String(r['email'])))).toBe(true);
      });
      expect(sizes).toEqual([64, 64, 64, 64, 44]);
      let n = 0;
      await sql`SELECT * FROM plain WHERE id <= 100`.forEach(() => n++);
      expect(n).toBe(100);
      expect(await sql.unsafe('SELECT 1 AS a; SELECT email AS b FROM customers WHERE id = 1').simple()).toMatchObject([[{ a: 1 }], [{ b: expect.stringMatching(TOKEN) as string }]]);
      expect((await sql`SELECT email FROM customers LIMIT 3`.values()).flat().every((v) => TOKEN.test(String(v)))).toBe(true);
      expect((await sql`SELECT id, email FROM customers`.describe()).columns.map((c) => c.name)).toEqual(['id', 'email']);
    }));

  it('a cancel stops the running statement', () =>
    withSql(async (sql) => {
      const running = sql`SELECT pg_sleep(600)`;
      const outcome = running.catch((e: unknown) => (e as { code: string }).code);
      const watcher = await pgConnect(direct());
      for (let active = 0; active === 0; ) active = (await watcher.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid()")).rows.length;
      await watcher.end();
      running.cancel();
      expect(await outcome).toBe('57014');
    }));

  it('LISTEN and NOTIFY', () =>
    withSql(async (sql) => {
      let heard: (payload: string) => void = () => undefined;
      const payload = new Promise<string>((resolve) => (heard = resolve));
      await sql.listen('js_news', heard);
      await sql.notify('js_news', 'tidings');
      expect(await payload).toBe('tidings');
    }));

  it('COPY in and out as streams', () =>
    withSql(async (sql) => {
      await sql`CREATE TABLE js_copy (a int, b text)`;
      await pipeline(Readable.from(Array.from({ length: 5_000 }, (_, i) => `${i}\tline ${i}\n`)), await sql`COPY js_copy FROM STDIN`.writable());
      expect((await sql`SELECT count(*)::int AS n FROM js_copy`)[0]).toEqual({ n: 5_000 });
      const chunks: Buffer[] = [];
      for await (const chunk of await sql`COPY (SELECT email, id FROM customers) TO STDOUT`.readable()) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      expect(text.split('\n').filter((l) => l.startsWith('msk_email_'))).toHaveLength(6);
      expect(leaksIn(Buffer.concat(chunks), shop.canaries)).toEqual([]);
    }));
});

describe(`COPY of ${copyBytes / MIB} MiB`, () => {
  const residentMib = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1024;

  /** Counts bytes and takes a sample of the gateway's memory every sixteenth of the whole. */
  class Meter {
    bytes = 0;
    readonly series: number[] = [];
    add(n: number): void {
      this.bytes += n;
      if (this.bytes >= ((this.series.length + 1) * copyBytes) / 16) this.series.push(Math.round(residentMib()));
    }
    report(what: string, started: number): void {
      process.stdout.write(`${what}: ${(this.bytes / MIB).toFixed(0)} MiB in ${((Date.now() - started) / 1000).toFixed(1)} s, gateway's resident MiB: ${this.series.join(' ')}\n`);
    }
  }
  /** Prose: what digits cost the detectors is measured elsewhere. */
  const prose = 'The quick brown fox jumps over the lazy dog, and then again. '.repeat(16);
  const line = `${prose}\n`;

  it('out of a masked table: memory is flat', { timeout: 1_200_000 }, async () => {
    const { host, port, user, password, database } = through();
    const sql = postgres({ host, port, user, password, database, max: 1 });
    const rows = Math.ceil(copyBytes / (line.length + 20) / 6);
    const meter = new Meter();
    const started = Date.now();
    await pipeline(
      await sql.unsafe(`COPY (SELECT email, repeat('The quick brown fox jumps over the lazy dog, and then again. ', 16) FROM customers, generate_series(1, ${rows}) g) TO STDOUT`).readable(),
      new Writable({
        write(chunk: Buffer, _encoding, done): void {
          meter.add(chunk.length);
          done();
        },
      }),
    );
    await sql.end();
    meter.report('COPY TO STDOUT', started);
    expect(meter.bytes).toBeGreaterThan(copyBytes * 0.95);
    expect(growth(meter.series.slice(4))).toBeLessThan(64);
  });

  it('into a table: memory is flat', { timeout: 1_200_000 }, async () => {
    const { host, port, user, password, database } = through();
    const sql = postgres({ host, port, user, password, database, max: 1 });
    await sql`CREATE UNLOGGED TABLE big_copy (t text)`;
    const meter = new Meter();
    const block = Buffer.from(line.repeat(64));
    const lines = Math.ceil(copyBytes / block.length) * 64;
    const blocks = function* (): Generator<Buffer> {
      for (let i = 0; i < lines / 64; i++) {
        meter.add(block.length);
        yield block;
      }
    };
    const started = Date.now();
    await pipeline(Readable.from(blocks()), await sql`COPY big_copy FROM STDIN`.writable());
    meter.report('COPY FROM STDIN', started);
    expect((await sql`SELECT count(*)::int AS n FROM big_copy`)[0]).toEqual({ n: lines });
    await sql`DROP TABLE big_copy`;
    await sql.end();
    expect(growth(meter.series.slice(4))).toBeLessThan(64);
  });
});
