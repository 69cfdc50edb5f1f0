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
import { WireClient } from '../testing/pg-wire-client.ts';
import { startPostgres, type PostgresServer } from '../testing/postgres-server.ts';
import type { ProcessResult } from '../testing/process.ts';
import { createShop } from '../testing/shop.ts';
import { targetPassword } from '../testing/target-password.ts';
import { encodeBind, encodeExecute, encodeParse, encodeSync } from '../wire/postgres/index.ts';
import { loadTrust } from './recordings-place.ts';
import { checkReplay, sandboxOf, verifiedOpen } from './replay-checks.ts';
import { ReplayClient } from './replay-client.ts';
import { plannedLine } from './replay-report.ts';
import { type RanStep, type RunOptions, runSteps } from './replay-run.ts';

vi.setConfig({ testTimeout: 240_000 });

let server: PostgresServer;
let gateway: TestGateway;
let recording: string;
let inBinary: string;

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
  await client.query('COPY (SELECT id, label FROM plain WHERE id <= 5 ORDER BY id) TO STDOUT');
  await client.end();
}

/** What drivers do and psql does not: a parameter of a declared size in binary, a portal that is read in parts, binary rows. */
async function workInBinary(): Promise<string> {
  const mark = gateway.mark;
  const client = await WireClient.connect(gateway.listener());
  const eight = Buffer.alloc(8);
  eight.writeBigInt64BE(7n);
  client.send(encodeParse('', 'SELECT id, label FROM plain WHERE id = $1', [20]), encodeBind({ params: [eight], paramFormats: [1], resultFormats: [1, 0] }), encodeExecute(), encodeSync());
  await client.until();
  await client.query('BEGIN');
  client.send(encodeParse('all', 'SELECT id FROM plain ORDER BY id'), encodeBind({ portal: 'p', statement: 'all' }), encodeExecute('p', 2), encodeSync());
  await client.until();
  client.send(encodeExecute('p', 3), encodeSync());
  await client.until();
  await client.query('COMMIT');
  client.close();
  const closed = await gateway.waitEvent((e) => e.event === 'session.closed', mark);
  return String(closed['session_id']);
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
  inBinary = await workInBinary();
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
    expect(readdirSync(gateway.recordings).filter((n) => /^[0-9a-f-]{36}$/.test(n)).length).toBe(3);
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

/** Straight at the server: what it answers is what the gateway would pass on here. */
const sandbox = (): Promise<ReplayClient> => ReplayClient.connect({ connection: 'copy', host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'copy' }, 'test');

async function ran(steps: AsyncIterable<ReplayStep>, o: Partial<RunOptions> = {}): Promise<RanStep[]> {
  const client = await sandbox();
  const all: RanStep[] = [];
  try {
    for await (const r of runSteps(steps, client, { values: new Map(), limitMs: 60_000, signal: new AbortController().signal, ...o })) all.push(r);
  } finally {
    await client.close();
  }
  return all;
}

async function* asked(...texts: readonly string[]): AsyncGenerator<ReplayStep> {
  for (const [n, sql] of texts.entries()) {
    await Promise.resolve();
    yield { n, t: 0, kind: 'query', sql, params: [], maxRows: 0, outcome: { results: [{ index: 0, tag: 'SELECT 1', rows: 1, columns: ['x'], cells: [['1']], kept: 1, masked: new Map(), hasMasks: false, removed: [] }], copies: [] } };
  }
}

describe('one request after the other', () => {
  it('with binary parameters and rows, and portals in parts', async () => {
    const log = openRecordingDir(path.join(gateway.recordings, inBinary)).log();
    const found = log === undefined ? [] : await ran(replaySteps(readRecords(log)));
    expect(found.map((r) => [r.step.kind, r.step.sql, r.state, r.found.differences])).toEqual([
      ['bind', 'SELECT id, label FROM plain WHERE id = $1', 'same', []],
      ['query', 'BEGIN', 'same', []],
      ['bind', 'SELECT id FROM plain ORDER BY id', 'same', []],
      ['fetch', '', 'same', []],
      ['query', 'COMMIT', 'same', []],
    ]);
    expect(found[0]?.step.outcome.results[0]?.cells).toEqual([[{ b64: 'AAAABw==' }, 'label 7']]);
  });

  it('each within its time, and what comes after is run', async () => {
    const found = await ran(asked('SELECT 1 AS x', 'SELECT pg_sleep(60)', 'SELECT 1 AS x'), { limitMs: 300 });
    expect(found.map((r) => r.state)).toEqual(['same', 'different', 'same']);
    expect(found[1]?.found.differences[0]?.detail).toBe('cancelled: it took longer than 0.3 seconds');
  });

  it('until the person stops it, and what was not run is named', async () => {
    const stop = new AbortController();
    const steps = async function* (): AsyncGenerator<ReplayStep> {
      for await (const step of asked('SELECT 1 AS x', 'SELECT pg_sleep(60)', 'SELECT 1 AS x')) {
        if (step.n === 1) setImmediate(() => stop.abort());
        yield step;
      }
    };
    const found = await ran(steps(), { signal: stop.signal });
    expect(found.map((r) => r.state).slice(1)).toEqual(found[1]?.state === 'not run' ? ['not run', 'not run'] : ['different', 'not run']);
    expect(found[2]?.why).toBe('the replay was stopped');
  });

  it('to the end of the connection, if the target ends it', async () => {
    const found = await ran(asked('SELECT pg_terminate_backend(pg_backend_pid())', 'SELECT 1 AS x'));
    expect(found.map((r) => r.state)).toEqual(['not run', 'not run']);
    expect(found[1]?.why).toMatch(/^the connection ended/);
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
