/** A recorded session run again on a copy of its database, through the gateway, on a real PostgreSQL. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDeviceId } from '../base/ids.ts';
import { openRecordingDir } from '../evidence/read-files.ts';
import { readRecords } from '../evidence/read.ts';
import { compileBundle, readBundleDir } from '../policy/bundle/load.ts';
import { replaySteps } from '../policy/replay/steps.ts';
import type { ReplayStep } from '../policy/replay/types.ts';
import { withValues, type Values } from '../policy/replay/values.ts';
import type { Target } from '../proxy/core/ports.ts';
import { bundleDir, gatewayConfig, pgConnect, runCommand, TestGateway } from '../testing/gateway.ts';
import { person } from '../testing/policy.ts';
import { startPostgres, type PostgresServer } from '../testing/postgres-server.ts';
import type { ProcessResult } from '../testing/process.ts';
import { createShop } from '../testing/shop.ts';
import { targetPassword } from '../testing/target-password.ts';
import { loadTrust } from './recordings-place.ts';
import { checkReplay, sandboxOf, verifiedOpen } from './replay-checks.ts';
import { plannedLine } from './replay-report.ts';

vi.setConfig({ testTimeout: 240_000 });

let server: PostgresServer;
let gateway: TestGateway;
let recording: string;

interface Statement {
  readonly n: number;
  readonly sql: string;
  readonly state: string;
  readonly why?: string;
  readonly differences?: readonly { readonly what: string; readonly detail: string }[];
  readonly not_comparable?: readonly string[];
  readonly remarks?: readonly string[];
}
interface Report {
  readonly same: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly statements: readonly Statement[];
}

const owner = (database: string): Promise<pg.Client> => pgConnect({ host: server.host, port: server.port, user: 'app', password: targetPassword, database });

async function copyOf(name: string): Promise<void> {
  const admin = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'postgres' });
  await admin.query(`DROP DATABASE IF EXISTS ${name}`);
  await admin.query(`CREATE DATABASE ${name} TEMPLATE shop OWNER app`);
  await admin.end();
}

/** What a person did on the production database. */
async function work(): Promise<void> {
  const client = await gateway.connect();
  const refused = async (sql: string): Promise<void> => {
    await expect(client.query(sql)).rejects.toThrow();
  };
  await client.query('SELECT id, label FROM plain WHERE id <= 3 ORDER BY id');
  await client.query('SELECT id, email FROM customers ORDER BY id');
  await client.query('SELECT a.email, b.email FROM customers a JOIN customers b USING (id) ORDER BY a.id');
  await client.query({ name: 'by-id', text: 'SELECT label FROM plain WHERE id = $1', values: [7] });
  await client.query({ name: 'by-id', text: 'SELECT label FROM plain WHERE id = $1', values: [8] });
  await client.query('BEGIN');
  await client.query("UPDATE plain SET label = 'changed' WHERE id = 1");
  await refused("COPY plain TO PROGRAM 'true'");
  await refused('SELECT label FROM plain WHERE id = 1');
  await client.query('ROLLBACK');
  await refused('SELECT 10 / (id - 5) FROM plain WHERE id = 5');
  await client.query('SELECT id FROM orders ORDER BY id');
  await client.query("SELECT id FROM customers WHERE email = 'nobody@example.org'");
  await client.query('SELECT count(*) FROM plain; SELECT max(id) FROM plain');
  await client.query("INSERT INTO plain VALUES (2001, 'new', 1) RETURNING id, label");
  await client.query('SELECT id, label, n FROM plain ORDER BY id LIMIT 1000');
  await client.end();
}

const replay = (target: string, ...more: string[]): Promise<ProcessResult> => runCommand(['recordings', 'replay', recording, '--config', gateway.configFile, '--target', target, ...more]);

async function report(target: string, ...more: string[]): Promise<Report & { code: number | null }> {
  const { stdout, stderr, code } = await replay(target, '--json', ...more);
  expect(stderr).toBe('');
  return { ...(JSON.parse(stdout) as Report), code };
}

beforeAll(async () => {
  server = await startPostgres();
  await createShop(server);
  for (const name of ['copy', 'other']) await copyOf(name);
  const [prod] = gatewayConfig({ server })['connections'] as Record<string, unknown>[];
  const sandbox = (database: string, env: string): object => ({ ...prod, name: database, target: { ...(prod?.['target'] as object), database }, labels: { env } });
  gateway = await TestGateway.start({ server, groups: ['engineering', 'security'], config: { connections: [prod, sandbox('copy', 'sandbox'), sandbox('other', 'sandbox')] } });
  await work();
  const closed = await gateway.waitEvent((e) => e.event === 'session.closed');
  recording = String(closed['session_id']);
  await gateway.halt();
}, 240_000);

afterAll(async () => {
  await gateway.stop();
  await server.stop();
});

describe('on the same data', () => {
  it('is the same, and what was refused or is masked is not run', async () => {
    const found = await report('copy');
    expect(found.statements.filter((s) => s.state !== 'skipped')).toEqual([]);
    expect(found).toMatchObject({ same: true, code: 0 });
    expect(found.statements.map((s) => [s.sql.slice(0, 17), s.why?.slice(0, 26)])).toEqual([
      ['COPY plain TO PRO', 'it was refused then: runni'],
      ['SELECT id FROM cu', 'values in its text are mas'],
    ]);
    expect(readdirSync(gateway.recordings).filter((n) => /^[0-9a-f-]{36}$/.test(n)).length).toBe(2);
  });
});

describe('on other data', () => {
  it('names each difference: a changed row, a changed schema, a missing table', async () => {
    const client = await owner('other');
    await client.query("UPDATE plain SET label = 'not the same' WHERE id = 2");
    await client.query('ALTER TABLE plain RENAME COLUMN n TO amount');
    await client.query('DROP TABLE orders CASCADE');
    await client.query('DELETE FROM plain WHERE id = 5');
    await client.query('DELETE FROM cards');
    await client.query('DELETE FROM customers WHERE id = 6');
    await client.end();
    const found = await report('other');
    expect(found).toMatchObject({ same: false, code: 1 });
    const of = (sql: string): Statement | undefined => found.statements.find((s) => s.sql.startsWith(sql));
    expect(of('SELECT id, label FROM')?.differences).toEqual([{ what: 'cell', detail: 'row 2, label: "label 2" then, "not the same" now' }]);
    expect(of('SELECT id, label, n')?.differences?.[0]?.what).toBe('error');
    expect(of('SELECT id, label, n')?.differences?.[0]?.detail).toMatch(/no error then, error 42703/);
    expect(of('SELECT 10 /')?.differences?.[0]?.detail).toMatch(/^error 22012 .* then, no error now$/);
    expect(of('SELECT id FROM orders')?.differences?.[0]?.detail).toMatch(/^no error then, error \w{5} .*orders/);
    expect(of('SELECT id, email')?.differences).toEqual([
      { what: 'rows', detail: '6 rows then, 5 now' },
      { what: 'rows', detail: expect.stringMatching(/^only then: \["6","msk_email_/) as unknown },
    ]);
    expect(of('SELECT label FROM plain WHERE id = $1')).toBeUndefined();
  });
});

describe('refused', () => {
  it('a recording that does not verify', async () => {
    const copy = path.join(gateway.dir, 'tampered');
    cpSync(path.join(gateway.recordings, recording), copy, { recursive: true });
    const trust = await loadTrust({ config: gateway.configFile });
    await expect(verifiedOpen(openRecordingDir(copy), true, trust)).resolves.toMatchObject({ session_id: recording });
    const log = path.join(copy, 'log.ndjson');
    writeFileSync(log, readFileSync(log, 'utf8').replace('label 2', 'label 9'));
    await expect(verifiedOpen(openRecordingDir(copy), true, trust)).rejects.toThrow(/^the recording does not verify: /);
  });

  it('the database that was recorded under another name, a protocol that is not known, a person whom policy does not let', async () => {
    const open = await verifiedOpen(openRecordingDir(path.join(gateway.recordings, recording)), true, await loadTrust({ config: gateway.configFile }));
    const target = (name: string, labels: Readonly<Record<string, string>>, database: string, protocol: 'postgres' | 'mysql' = 'postgres'): Target => ({ info: { name, protocol, labels, database, tls: 'disable' }, host: server.host, port: server.port });
    const { engine } = compileBundle(await readBundleDir(bundleDir('starter')));
    const check = (who: readonly string[], on: Target): void => checkReplay(engine, person('alice@example.com', ...who), on, open, parseDeviceId(`dev_${'0'.repeat(32)}`));
    expect(() => check(['security'], target('itself', { env: 'sandbox' }, 'shop'))).toThrow(/is the database that was recorded/);
    expect(() => check(['engineering'], target('copy', { env: 'sandbox' }, 'copy'))).toThrow(/policy does not let you replay on copy/);
    expect(() => check(['security'], target('copy', { env: 'sandbox' }, 'copy'))).not.toThrow();
    expect(() => sandboxOf([target('shop', { env: 'prod' }, 'shop')], 'shop')).toThrow('shop is labelled env=prod: statements are run again only where it says env=sandbox');
    expect(() => sandboxOf([target('copy', {}, 'copy')], 'copy')).toThrow(/is not labelled with env/);
    expect(() => sandboxOf([target('copy', { env: 'sandbox' }, 'copy')], 'other')).toThrow(/there is no connection/);
    expect(() => sandboxOf([target('copy', { env: 'sandbox' }, 'copy', 'mysql')], 'copy')).toThrow(/speaks mysql/);
  });
});

it('says what it would run, with the values that are given for masks', async () => {
  const log = openRecordingDir(path.join(gateway.recordings, recording)).log();
  const planned: ReplayStep[] = [];
  if (log !== undefined) for await (const step of replaySteps(readRecords(log))) planned.push(step);
  const lines = (values: Values): string => planned.map((s) => plannedLine(withValues(s, values), false)).join('');
  const bare = lines(new Map());
  expect(bare).toContain('would run: SELECT label FROM plain WHERE id = $1  ["7"]');
  expect(bare).toMatch(/would skip \(it was refused then: .*\): COPY plain TO PROGRAM/);
  const token = /msk_literal_\w+/.exec(bare)?.[0] ?? '';
  expect(lines(new Map([[token, "o'nobody@example.org"]]))).toContain("would run: SELECT id FROM customers WHERE email = 'o''nobody@example.org'");
});
