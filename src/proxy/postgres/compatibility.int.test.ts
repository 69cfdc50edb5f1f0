/** With a bundle that permits everything, clients cannot tell the gateway from the server: real programs, and bytes compared. */
import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Cursor from 'pg-cursor';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libpqEnv, pgConnect, TestGateway } from '../../testing/gateway.ts';
import { postgresBin, startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { runProcess, type ProcessResult } from '../../testing/process.ts';
import { RawConnection, type Login } from '../../testing/raw-conversation.ts';
import { createShop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';
import * as wire from '../../wire/postgres/index.ts';

let server: PostgresServer;
let gateway: TestGateway;
let dir: string;

beforeAll(async () => {
  server = await startPostgres();
  await createShop(server);
  const app = await pgConnect({ ...direct(), database: 'postgres' });
  await app.query('CREATE DATABASE copy');
  await app.query('CREATE DATABASE bench');
  await app.end();
  gateway = await TestGateway.start({ server, bundle: 'permit-all', databases: ['shop', 'copy', 'bench'] });
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-compat-'));
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  await server.stop();
  rmSync(dir, { recursive: true });
});

const direct = (database = 'shop'): Login => ({ host: server.host, port: server.port, user: 'app', password: targetPassword, database });
const through = (database = 'shop'): Login => {
  const { host, port, user, password } = gateway.listener(database);
  return { host, port, user, password, database };
};
const program = (name: string, args: readonly string[], to: Login, input?: string): Promise<ProcessResult> =>
  runProcess(path.join(postgresBin(), name), args, { env: libpqEnv(to), timeoutMs: 120_000, ...(input === undefined ? {} : { input }) });

describe('programs of PostgreSQL', () => {
  it.each(['simple', 'extended', 'prepared'])('pgbench, %s', async (mode) => {
    if (mode === 'simple') expect((await program('pgbench', ['-i', '-q', '-s', '1'], through('bench'))).code).toBe(0);
    const { code, stdout, stderr } = await program('pgbench', ['-n', '-M', mode, '-c', '4', '-j', '1', '-t', '25'], through('bench'));
    expect(stderr).not.toMatch(/error|aborted/i);
    expect(code).toBe(0);
    expect(stdout).toContain('number of transactions actually processed: 100/100');
    expect((await program('pgbench', ['-n', '-S', '-M', mode, '-c', '2', '-t', '100'], through('bench'))).stdout).toContain('200/200');
  });

  it('pgbench --pipeline', async () => {
    const script = path.join(dir, 'pipeline.sql');
    writeFileSync(script, '\\startpipeline\nSELECT 1;\nINSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, 1, 1, now());\nSELECT count(*) FROM pgbench_branches;\n\\endpipeline\n');
    const { code, stderr } = await program('pgbench', ['-n', '-M', 'prepared', '-f', script, '-c', '2', '-t', '50'], through('bench'));
    expect(stderr).not.toMatch(/error|aborted/i);
    expect(code).toBe(0);
  });

  it('pg_dump through the gateway gives the same dump, and psql restores it through the gateway', async () => {
    const strip = (text: string): string => text.replace(/^\\(un)?restrict .*$/gm, '');
    const [a, b] = [await program('pg_dump', ['--no-owner'], direct()), await program('pg_dump', ['--no-owner'], through())];
    expect(b.code).toBe(0);
    expect(strip(b.stdout)).toBe(strip(a.stdout));
    const restored = await program('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1'], through('copy'), b.stdout);
    expect(restored.stderr).toBe('');
    expect(restored.code).toBe(0);
    expect(strip((await program('pg_dump', ['--no-owner'], direct('copy'))).stdout)).toBe(strip(a.stdout));
    const inserts = await program('pg_dump', ['--no-owner', '--inserts', '--data-only'], through());
    expect(strip(inserts.stdout)).toBe(strip((await program('pg_dump', ['--no-owner', '--inserts', '--data-only'], direct())).stdout));
  });

  it('psql prints the same for a script with errors, meta-commands and variables', async () => {
    const script = ['\\d customers', '\\dt', '\\df', 'SELECT * FROM plain ORDER BY id LIMIT 20;', 'SELECT 1/0;', 'BEGIN;', 'SELECT nope;', 'SELECT 1;', 'ROLLBACK;', '\\set n 5', 'SELECT :n;', "SELECT 'a' AS x \\gset", '\\echo :x', 'SELECT 1 \\; SELECT 2;', "\\copy plain to 'FILE' csv", 'TABLE plain \\g FILE2', 'EXPLAIN (COSTS OFF) SELECT * FROM plain;', "DO $$ BEGIN RAISE NOTICE 'hello %', 1; RAISE WARNING 'w'; END $$;", '\\l shop', '\\crosstabview', '\\errverbose', '\\conninfo'].join('\n');
    const run = (to: Login): Promise<ProcessResult> => program('psql', ['-X', '-e'], to, script.replaceAll('FILE2', path.join(dir, 'o2')).replaceAll('FILE', path.join(dir, 'o1')));
    const [a, b] = [await run(direct()), await run(through())];
    const same = (text: string): string => text.replace(/^You are connected.*$/gm, '');
    expect(same(b.stdout)).toBe(same(a.stdout));
    expect(b.stderr).toBe(a.stderr);
  });

  it('\\copy in and out, text, CSV and binary', async () => {
    for (const format of ['text', 'csv', 'binary']) {
      const file = path.join(dir, `c.${format}`);
      expect((await program('psql', ['-X', '-q', '-c', `\\copy plain to '${file}' (format ${format})`], through())).stderr).toBe('');
      const { stderr, stdout } = await program('psql', ['-X', '-q', '-A', '-t', '-c', 'CREATE TEMP TABLE back (LIKE plain)', '-c', `\\copy back from '${file}' (format ${format})`, '-c', 'SELECT count(*) FROM back JOIN plain USING (id, label, n)'], through());
      expect(stderr).toBe('');
      expect(stdout.trim()).toBe('1000');
      expect(readFileSync(file).length).toBeGreaterThan(1000);
    }
  });
});

describe('node-postgres', () => {
  const both = async <T>(work: (client: pg.Client) => Promise<T>): Promise<[T, T]> => {
    const results: T[] = [];
    for (const to of [direct(), through()]) {
      const client = await pgConnect({ ...to });
      results.push(await work(client));
      await client.end();
    }
    const [a, b] = results;
    if (a === undefined || b === undefined) throw new Error('no result');
    return [a, b];
  };

  it.each([false, true])('types, binary %s', async (binary) => {
    // The driver reads few types in binary form.
    const inBinary = "SELECT 1::int2 a, -2::int4 b, 9007199254740993::int8 c, 1.5::float4 d, 2.5::float8 e, 12345.678::numeric f, true g, 'x'::text h, '\\xdeadbeef'::bytea j, NULL::text x, $1::numeric n1, $2::text n2";
    const inText = `SELECT 1::int2 a, -2::int4 b, 9007199254740993::int8 c, 1.5::float4 d, 'NaN'::float8 e, 123456789.000000001::numeric f, true g, 'x'::text h, 'y'::char(5) i,
      '\\xdeadbeef'::bytea j, '2024-02-29'::date k, '2024-02-29 12:34:56.789'::timestamp l, '2024-02-29 12:34:56+02'::timestamptz m, '1 day 2 hours'::interval n, '{"a":[1,null]}'::json o,
      '{"a": 1}'::jsonb p, '{1,2,NULL}'::int[] q, '{a,"d,e"}'::text[] r, 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid s, '192.168.0.1/24'::inet t, '[1,5)'::int4range u,
      '(1,2)'::point v, B'1010' w, NULL::text x, '12.34'::money y, row(1,'z') z, $1::numeric n1, $2::text n2`;
    const [a, b] = await both((client) => client.query({ text: binary ? inBinary : inText, values: ['-0.00001', 'ü世界🌍'], binary } as pg.QueryConfig));
    expect(b.rows).toEqual(a.rows);
    expect(b.fields).toEqual(a.fields);
  });

  it('20,000 rows, a cell of 5 MB, and an empty result', async () => {
    const [a, b] = await both(async (client) => [
      (await client.query("SELECT g, md5(g::text) AS m FROM generate_series(1, 20000) g")).rows,
      (await client.query("SELECT repeat('0123456789', 500000) AS big, $1::text AS own", ['x'.repeat(3_000_000)])).rows,
      (await client.query('SELECT * FROM plain WHERE false')).fields.length,
    ]);
    expect(b).toEqual(a);
  });

  it('a cursor in pieces', async () => {
    const [a, b] = await both(async (client) => {
      await client.query('BEGIN');
      const cursor = client.query(new Cursor('SELECT g FROM generate_series(1, 1000) g'));
      const sizes: number[] = [];
      for (let rows = await cursor.read(300); rows.length > 0; rows = await cursor.read(300)) sizes.push(rows.length);
      await cursor.close();
      await client.query('COMMIT');
      return sizes;
    });
    expect(a).toEqual([300, 300, 300, 100]);
    expect(b).toEqual(a);
  });

  it('errors, transactions and savepoints', async () => {
    const [a, b] = await both(async (client) => {
      const seen: unknown[] = [];
      const run = async (sql: string, values?: unknown[]): Promise<void> => {
        try {
          const { command, rowCount, rows } = await client.query(sql, values);
          seen.push([command, rowCount, rows]);
        } catch (error) {
          const { code, message, detail, position, constraint, table, severity } = error as Record<string, unknown>;
          seen.push({ code, message, detail, position, constraint, table, severity });
        }
      };
      for (const sql of ['BEGIN', "INSERT INTO plain VALUES (1, 'dup')", 'SELECT 1', 'ROLLBACK', 'BEGIN', 'SAVEPOINT a', 'SELECT 1/0', 'ROLLBACK TO a', 'RELEASE a', 'COMMIT', 'SELECT * FROM nowhere', 'SELEKT', '', ';', 'SELECT 1; SELECT 2']) await run(sql);
      await run('SELECT $1::int', ['no number']);
      await run('SELECT $1::int + $2::int AS s', [1, 2]);
      return seen;
    });
    // What the proxy's parser rejects never reaches the server; all else is the server's own answer.
    const isSyntax = (x: unknown): boolean => typeof x === 'object' && x !== null && 'code' in x && String(x.code).startsWith('42601');
    expect(b.filter((_, i) => !isSyntax(a[i]))).toEqual(a.filter((x) => !isSyntax(x)));
  });

  it('LISTEN and NOTIFY between two sessions', async () => {
    const [listener, speaker] = [await pgConnect({ ...through() }), await pgConnect({ ...through() })];
    const heard = new Promise<pg.Notification>((resolve) => listener.once('notification', resolve));
    await listener.query('LISTEN news');
    await speaker.query("NOTIFY news, 'good'");
    expect(await heard).toMatchObject({ channel: 'news', payload: 'good' });
    await listener.end();
    await speaker.end();
  });

  it('a cancel stops the running statement', async () => {
    const connection = await pgConnect({ ...through() });
    const key = connection as unknown as { processID: number; secretKey: number };
    const running = connection.query('SELECT pg_sleep(60)');
    // The cancel only counts once the server runs the statement.
    const watcher = await pgConnect(direct());
    for (let n = 0; n === 0; ) n = (await watcher.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")).rows.length;
    await watcher.end();
    const secret = Buffer.alloc(4);
    secret.writeInt32BE(key.secretKey);
    const { sendCancel } = await import('../../testing/pg-wire-client.ts');
    await Promise.all([expect(running).rejects.toMatchObject({ code: '57014' }), sendCancel('127.0.0.1', through().port, { processId: key.processID, secretKey: secret })]);
    expect((await connection.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await connection.end();
  });
});

describe('bytes', () => {
  const q = (sql: string): Buffer => wire.encodeQuery(sql);
  const sync = wire.encodeSync();
  const one = (sql: string): Buffer[] => [wire.encodeParse('', sql), wire.encodeBind({}), wire.encodeDescribe('portal', ''), wire.encodeExecute('')];
  const flat = (...parts: readonly (Buffer | readonly Buffer[])[]): Buffer => Buffer.concat(parts.flatMap((part) => (Buffer.isBuffer(part) ? [part] : [...part])));
  /** What to send, and the letter of the message that ends the answer. */
  const script: readonly (readonly [Buffer, string])[] = [
    [q('SELECT 1, NULL, \'x\''), 'Z'],
    [q(''), 'Z'],
    [q(' -- nothing '), 'Z'],
    [q('SELECT 1; ; SELECT 2; SELECT * FROM plain WHERE id < 4'), 'Z'],
    [q("SELECT 1; SELECT 1/0; SELECT 3"), 'Z'],
    [q('SELECT FROM plain LIMIT 2'), 'Z'],
    [flat(one('SELECT * FROM plain WHERE id < 3'), sync), 'Z'],
    [flat(one(''), sync), 'Z'],
    [flat(one("INSERT INTO plain VALUES (7001, 'a')"), one('SELECT count(*) FROM plain'), one('SELECT nowhere'), one('SELECT 1'), sync), 'Z'],
    [flat(wire.encodeParse('s1', 'SELECT $1::int4 + 1, $2::text', [23]), wire.encodeDescribe('statement', 's1'), wire.encodeFlush()), 'T'],
    [flat(wire.encodeBind({ portal: 'p1', statement: 's1', params: [Buffer.from('41'), null], resultFormats: [1] }), wire.encodeExecute('p1'), wire.encodeClose('portal', 'p1'), sync), 'Z'],
    [flat(wire.encodeBind({ statement: 's1', paramFormats: [1, 0], params: [Buffer.from([0, 0, 0, 7]), Buffer.from('t')] }), wire.encodeExecute(''), sync), 'Z'],
    [flat(wire.encodeBind({ statement: 's1', params: [Buffer.from('nan'), null] }), wire.encodeExecute(''), sync), 'Z'],
    [flat(wire.encodeClose('statement', 's1'), wire.encodeClose('statement', 'never'), sync), 'Z'],
    [q('BEGIN'), 'Z'],
    [flat(wire.encodeParse('', 'SELECT g FROM generate_series(1, 7) g'), wire.encodeBind({ portal: 'c' }), wire.encodeExecute('c', 3), wire.encodeExecute('c', 3), wire.encodeExecute('c', 3), sync), 'Z'],
    [q('SELECT broken'), 'Z'],
    [q('SELECT 1'), 'Z'],
    [q('ROLLBACK'), 'Z'],
    [q('COPY (SELECT * FROM plain WHERE id < 5 ORDER BY id) TO STDOUT'), 'Z'],
    [q('COPY (SELECT 1, NULL) TO STDOUT (FORMAT binary)'), 'Z'],
    [q('CREATE TEMP TABLE ct (a int, b text)'), 'Z'],
    [q('COPY ct FROM STDIN'), 'G'],
    [flat(wire.encodeCopyData(Buffer.from('1\tx\n2\t')), wire.encodeCopyData(Buffer.from('y\n')), wire.encodeCopyDone()), 'Z'],
    [q('COPY ct FROM STDIN'), 'G'],
    [flat(wire.encodeCopyData(Buffer.from('1\tx\n')), wire.encodeCopyFail('changed my mind')), 'Z'],
    [q('COPY ct FROM STDIN'), 'G'],
    [flat(wire.encodeCopyData(Buffer.from('no number\tx\n')), wire.encodeCopyDone()), 'Z'],
    [flat(one('COPY ct FROM STDIN'), sync), 'G'],
    [flat(wire.encodeCopyData(Buffer.from('5\tz\n')), wire.encodeCopyDone(), sync), 'Z'],
    [flat(one('COPY ct FROM STDIN'), sync), 'G'],
    [flat(wire.encodeCopyFail('no'), sync), 'Z'],
    [q('SELECT * FROM ct ORDER BY 1'), 'Z'],
    [flat(one('COPY ct TO STDOUT'), sync), 'Z'],
    [q("DO $$ BEGIN RAISE NOTICE 'n'; END $$"), 'Z'],
    [q('LISTEN x; NOTIFY y'), 'Z'],
    [q("SET application_name = 'renamed'"), 'Z'],
    [q('SHOW application_name'), 'Z'],
    [q('PREPARE pp AS SELECT $1::int'), 'Z'],
    [q('EXECUTE pp(3); DEALLOCATE pp'), 'Z'],
    [q('EXPLAIN (COSTS OFF) SELECT * FROM plain'), 'Z'],
    [flat(q('SELECT 1'), q('SELECT 2'), one('SELECT 3'), sync, q('SELECT 4')), 'Z'],
    [sync, 'Z'],
    [sync, 'Z'],
    [sync, 'Z'],
    [sync, 'Z'],
    [q('CREATE SCHEMA s2; SET search_path = s2, public; CREATE TABLE t2 (a int PRIMARY KEY)'), 'Z'],
    [flat(one('INSERT INTO t2 VALUES (1), (2) RETURNING a'), one('SELECT * FROM t2'), sync), 'Z'],
    [q('INSERT INTO t2 VALUES (1)'), 'Z'],
    [q('DROP SCHEMA s2 CASCADE'), 'Z'],
    [q('DELETE FROM plain WHERE id = 7001; DISCARD ALL'), 'Z'],
  ];

  /** Table OIDs and process numbers differ between two runs on one server; they are cut out of both. */
  async function converse(to: Login): Promise<string[]> {
    const connection = await RawConnection.open(to);
    const answers: string[] = [];
    for (const [bytes, end] of script) {
      connection.send(bytes);
      answers.push((await connection.until(end)).toString('latin1'));
    }
    connection.close();
    return answers;
  }

  const comparable = (answer: string): string[] => {
    const framer = new wire.MessageFramer({ direction: 'backend' });
    framer.push(Buffer.from(answer, 'latin1'));
    const out: string[] = [];
    for (let raw = framer.next(); raw; raw = framer.next()) {
      const message = wire.decodeBackend(raw);
      if (message.type === 'RowDescription') out.push(JSON.stringify(message.fields.map((f) => ({ ...f, tableOid: f.tableOid === 0 ? 0 : 1 }))));
      else out.push(raw.raw.toString('latin1'));
    }
    return out;
  };

  it('of a conversation with every message are the same', async () => {
    const [a, b] = [await converse(direct()), await converse(through())];
    expect(b.map(comparable)).toEqual(a.map(comparable));
  });

  it('are the same when every message comes byte by byte', async () => {
    const connection = await RawConnection.open(through());
    const plain = await RawConnection.open(direct());
    const bytes = flat(one('SELECT * FROM plain WHERE id < 3'), sync);
    for (const byte of bytes) connection.send(Buffer.of(byte));
    plain.send(bytes);
    expect((await connection.until('Z')).equals(await plain.until('Z'))).toBe(true);
    connection.close();
    plain.close();
  });

  it('of 2,000 statements in one pipeline are the same', async () => {
    const batch = flat(...Array.from({ length: 2_000 }, (_, i) => [...one(`SELECT ${i}, repeat('x', 100)`), ...(i % 50 === 49 ? [sync] : [])]));
    const answers: Buffer[] = [];
    for (const to of [direct(), through()]) {
      const connection = await RawConnection.open(to);
      connection.send(batch);
      const kept: Buffer[] = [];
      for (let i = 0; i < 40; i++) kept.push(await connection.until('Z'));
      connection.close();
      answers.push(Buffer.concat(kept));
    }
    expect(answers[1]?.equals(answers[0] ?? Buffer.alloc(0))).toBe(true);
  });
});
