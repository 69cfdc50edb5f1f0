/** PostgreSQL's own programs through the starter bundle: what they print of objects is the server's, what they print of people is masked. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describing, everyObject } from '../../testing/every-object.ts';
import { libpqEnv, pgConnect, TestGateway } from '../../testing/gateway.ts';
import { leaksIn } from '../../testing/leaks.ts';
import { postgresBin, startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { runProcess, type ProcessResult } from '../../testing/process.ts';
import type { Login } from '../../testing/raw-conversation.ts';
import { createShop, type Shop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';

let server: PostgresServer;
let shop: Shop;
let gateway: TestGateway;
let dir: string;

beforeAll(async () => {
  server = await startPostgres();
  shop = await createShop(server);
  const admin = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'shop' });
  await admin.query(everyObject(15));
  for (const name of ['copy', 'bench', 'masked']) await admin.query(`CREATE DATABASE ${name} OWNER app`);
  await admin.end();
  gateway = await TestGateway.start({ server, databases: ['shop', 'copy', 'bench', 'masked'], labels: { env: 'dev' } });
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-psql-'));
});

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
/** Lines that differ from run to run. */
const strip = (text: string): string => text.replace(/^\\(un)?restrict .*$/gm, '').replace(/^;.*$/gm, '');

describe('psql', () => {
  it(`prints the same for ${describing.length} describing commands`, { timeout: 300_000 }, async () => {
    const script = describing.map((c) => `\\echo >>> ${c.replaceAll('\\', '')}\n${c}`).join('\n');
    const run = (to: Login): Promise<ProcessResult> => program('psql', ['-X', '-v', 'VERBOSITY=default'], to, script);
    const [a, b] = [await run(direct()), await run(through())];
    const sections = (text: string): string[] => text.split('>>> ');
    const differing = sections(a.stdout).flatMap((text, i) => (text === sections(b.stdout)[i] ? [] : [{ command: describing[i - 1], expected: text, got: sections(b.stdout)[i] }]));
    expect(differing).toEqual([]);
    expect(b.stderr).toBe(a.stderr);
    expect(a.stdout.length).toBeGreaterThan(20_000);
  });

  it('describes what the session itself has made, in an open transaction too', async () => {
    const script = ['CREATE TEMP TABLE mine (a int PRIMARY KEY, b text);', '\\d mine', 'BEGIN;', 'SELECT 1/0;', 'ROLLBACK;', 'BEGIN;', 'CREATE TABLE kinds.made (a int PRIMARY KEY);', '\\d kinds.made', 'SELECT * FROM kinds.made;', 'ROLLBACK;', '\\d kinds.made'].join('\n');
    const [a, b] = [await program('psql', ['-X'], direct(), script), await program('psql', ['-X'], through(), script)];
    // Temporary schemas have the number of their session.
    const same = (text: string): string => text.replaceAll(/pg_temp_\d+/g, 'pg_temp_N');
    expect(same(b.stdout)).toBe(same(a.stdout));
    expect(b.stderr).toBe(a.stderr);
  });
});

describe('pg_dump and pg_restore', () => {
  // The options of user mappings hold passwords: a dump of foreign servers waits for an approval, which is not the matter here.
  beforeAll(async () => {
    const admin = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'shop' });
    await admin.query('DROP FOREIGN DATA WRAPPER kind_fdw CASCADE');
    // libpq reads large objects by function calls outside of SQL, which are refused.
    await admin.query('SELECT lo_unlink(424242)');
    await admin.end();
    // The dumps below make it anew.
    for (const database of ['copy', 'masked']) {
      const owner = await pgConnect(direct(database));
      await owner.query('DROP SCHEMA public');
      await owner.end();
    }
  });

  it('a custom-format dump has the same schema, and no value of a classified column', async () => {
    const [a, b] = [path.join(dir, 'direct.dump'), path.join(dir, 'through.dump')];
    expect(await program('pg_dump', ['-Fc', '-f', a], direct())).toMatchObject({ code: 0, stderr: '' });
    expect(await program('pg_dump', ['-Fc', '-f', b], through())).toMatchObject({ code: 0, stderr: '' });
    const restore = async (file: string, ...args: string[]): Promise<string> => strip((await program('pg_restore', [...args, file], direct())).stdout);
    expect(await restore(b, '-l')).toBe(await restore(a, '-l'));
    for (const section of ['pre-data', 'post-data']) expect(await restore(b, '-f', '-', `--section=${section}`)).toBe(await restore(a, '-f', '-', `--section=${section}`));
    expect(await restore(b, '-f', '-', '--data-only', '-t', 'plain')).toBe(await restore(a, '-f', '-', '--data-only', '-t', 'plain'));
    const masked = await program('pg_restore', ['-f', '-', b], direct());
    expect(masked.stdout).toContain('msk_email_');
    expect(leaksIn(Buffer.from(masked.stdout), shop.canaries)).toEqual([]);
    expect(leaksIn(readFileSync(b), shop.canaries)).toEqual([]);
    // The same with the rows as INSERTs: pg_dump then reads through a cursor.
    const inserts = await program('pg_dump', ['--inserts', '--rows-per-insert=3', '-t', 'customers', '-t', 'plain'], through());
    expect(inserts.stderr).toBe('');
    expect(inserts.stdout).toContain('msk_email_');
    expect(leaksIn(Buffer.from(inserts.stdout), shop.canaries)).toEqual([]);
  });

  it('a dump is restored through the gateway to the last row, classified columns too', async () => {
    const file = path.join(dir, 'full.dump');
    await program('pg_dump', ['-Fc', '-n', 'public', '-f', file], direct());
    const { code, stderr } = await program('pg_restore', ['-d', 'copy', '--exit-on-error', '--no-owner', '--no-publications', file], through('copy'));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const data = async (database: string): Promise<string> => strip((await program('pg_dump', ['--data-only', '-n', 'public'], direct(database))).stdout);
    expect(await data('copy')).toBe(await data('shop'));
  });

  it('a masked dump is not restored over real values: the tokens in it are refused', async () => {
    const file = path.join(dir, 'masked.dump');
    await program('pg_dump', ['-Fc', '-n', 'public', '-f', file], through());
    const { code, stderr } = await program('pg_restore', ['-d', 'masked', '--no-owner', '--no-publications', file], through('masked'));
    expect(code).toBe(1);
    expect(stderr).toContain('mask token');
    const check = await pgConnect(direct('masked'));
    expect((await check.query('SELECT count(*)::int AS n FROM customers')).rows).toEqual([{ n: 0 }]);
    expect((await check.query('SELECT count(*)::int AS n FROM plain')).rows).toEqual([{ n: 1000 }]);
    await check.end();
  });
});

describe('pgbench', () => {
  it.each(['simple', 'extended', 'prepared'])('initialises and runs, %s', async (mode) => {
    if (mode === 'simple') expect((await program('pgbench', ['-i', '-q', '-s', '1', '-I', 'dtgvpf'], through('bench'))).code).toBe(0);
    for (const builtin of ['tpcb-like', 'simple-update', 'select-only']) {
      const { code, stdout, stderr } = await program('pgbench', ['-n', '-M', mode, '-b', builtin, '-c', '4', '-j', '1', '-t', '10'], through('bench'));
      expect(stderr).not.toMatch(/error|aborted/i);
      expect(code).toBe(0);
      expect(stdout).toContain('number of transactions actually processed: 40/40');
    }
  });
});
