/** From the signers' commands to the sessions of a gateway: what docs/distribution.md tells people to type. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { messageOf } from '../base/errors.ts';
import type { BundleReport } from '../contract/store/index.ts';
import { parseEnvelope, payloadJson } from '../evidence/dsse.ts';
import { parseOpen } from '../evidence/statements.ts';
import { digestOf, readBundleDir } from '../policy/bundle/files.ts';
import { TestGateway } from '../testing/gateway.ts';
import { bundleOf } from '../testing/policy-repo.ts';
import { createStoreClient } from '../proxy/core/store-client.ts';
import { startPostgres, type PostgresServer } from '../testing/postgres-server.ts';
import { createShop } from '../testing/shop.ts';
import { StoreProcess } from '../testing/store-process.ts';
import { bundleCommand } from './bundle.ts';

vi.setConfig({ testTimeout: 120_000 });

let server: PostgresServer;
let store: StoreProcess;
let dir: string;
let gateway: TestGateway | undefined;

beforeAll(async () => {
  server = await startPostgres();
  await createShop(server);
  store = await StoreProcess.start(server);
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-bundle-'));
}, 120_000);

afterAll(async () => {
  await gateway?.stop();
  await store.stop();
  await server.stop();
  rmSync(dir, { recursive: true });
});

const at = (...names: string[]): string => path.join(dir, ...names);

interface Ran {
  readonly error: string | undefined;
  readonly code: string | number | undefined | null;
  readonly out: string;
}

/** The command inside this process: a fresh one takes seconds. */
async function run(...args: string[]): Promise<Ran> {
  const written = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const said = (): string => written.mock.calls.map(([text]) => String(text)).join('');
  try {
    await bundleCommand().exitOverride().parseAsync(args, { from: 'user' });
    return { error: undefined, code: process.exitCode, out: said() };
  } catch (error) {
    return { error: messageOf(error), code: 1, out: said() };
  } finally {
    process.exitCode = undefined;
    written.mockRestore();
  }
}

/** @returns the error's text when it fails */
const bundle = async (...args: string[]): Promise<string | undefined> => (await run(...args)).error;
const asSecurity = (): string[] => ['--config', store.configFile, '--as', 'sam@example.com', '--groups', 'platform', '--json'];

/** A bundle that permits all, and what else `change` does. */
function source(serial: number, change: (dir: string) => void = () => undefined): string {
  const to = at(`source-${serial}`);
  for (const folder of ['policies', 'tests']) mkdirSync(path.join(to, folder), { recursive: true });
  for (const [name, bytes] of bundleOf(serial)) writeFileSync(path.join(to, name), bytes);
  change(to);
  return to;
}

async function release(serial: number, change?: (dir: string) => void): Promise<string> {
  const from = source(serial, change);
  expect(await bundle('build', from, '-o', at(`bundle-${serial}.tar.gz`), '--json')).toBeUndefined();
  expect(await bundle('add', at('repo'), at(`bundle-${serial}.tar.gz`), '--ring', 'stable')).toBeUndefined();
  expect(await bundle('sign', at('repo'), '--key', at('ann.key'))).toBeUndefined();
  expect(await bundle('push', at('repo'), ...asSecurity())).toMatch(/not enough signatures: .*stable\.json has 1 of 2, missing bob/);
  expect(await bundle('sign', at('repo'), '--key', at('bob.key'))).toBeUndefined();
  expect(await bundle('push', at('repo'), ...asSecurity())).toBeUndefined();
  return digestOf(await readBundleDir(from));
}

async function openedBy(g: TestGateway): Promise<ReturnType<typeof parseOpen>> {
  const mark = g.mark;
  const client = await g.connect('shop');
  await client.query('SELECT 1');
  await client.end();
  const opened = await g.waitEvent((e) => e.event === 'session.opened', mark);
  return parseOpen(payloadJson(parseEnvelope(readFileSync(path.join(String(opened['recording']), 'open.dsse.json'), 'utf8'), 'open')));
}

/** What the gateway's device has told the store last. */
async function reports(): Promise<(BundleReport | undefined)[]> {
  const client = createStoreClient({ url: store.url });
  await client.signIn(await store.token('sam@example.com', ['platform']));
  return (await client.policyDevices()).flatMap((d) => (d.owner.sub === 'alice@example.com' ? [d.report] : []));
}

describe('a policy repository', () => {
  it('is made by signers with keys of their own', async () => {
    expect(await bundle('keygen', at('ann.key'))).toBeUndefined();
    expect(await bundle('keygen', at('bob.key'), '--alg', 'p256')).toBeUndefined();
    expect(await bundle('keygen', at('bob.key'))).toMatch(/exists already/);
    expect(await bundle('online-keys', ...asSecurity(), '-o', at('online.json'))).toBeUndefined();
    expect(await bundle('init', at('repo'), '--root', `${at('ann.key.pub')},${at('bob.key.pub')}`, '--online', at('online.json'))).toBeUndefined();
    expect(await bundle('init', at('repo'), '--root', at('ann.key.pub'), '--online', at('online.json'))).toMatch(/policy repository already/);
  });

  it('builds the same bytes each time, and nothing when a test of the bundle fails', async () => {
    const from = source(90);
    expect(await bundle('build', from, '-o', at('a.tar.gz'))).toBeUndefined();
    expect(await bundle('build', from, '-o', at('b.tar.gz'))).toBeUndefined();
    expect(readFileSync(at('a.tar.gz'))).toEqual(readFileSync(at('b.tar.gz')));
    const broken = source(91, (d) => writeFileSync(path.join(d, 'tests', 'wrong.yaml'), '- name: wrong\n  as: { subject: a }\n  action: connect\n  expect: hold\n'));
    await bundle('build', broken, '-o', at('c.tar.gz'));
    expect(() => readFileSync(at('c.tar.gz'))).toThrow();
  });

  it('reaches a gateway, whose sessions carry digest and versions', async () => {
    const digest = await release(101);
    const options = await store.client(server, { config: { policy: { root_file: at('repo', 'metadata', '1.root.json') } } });
    gateway = await TestGateway.start(options);
    expect((await openedBy(gateway)).policy).toMatchObject({ bundle_sha256: digest.replace('sha256:', ''), serial: 101, tuf: { root: 1, targets: 1, ring: 1 } });
  });

  it('is heard of by the push hint, and the next session is decided by the new bundle while a running one keeps the old', async () => {
    const g = gateway!;
    const running = await g.connect('shop');
    const mark = g.mark;
    const digest = await release(102);
    expect(await g.waitEvent((e) => e.event === 'policy.activated', mark)).toMatchObject({ serial: 102, bundle: digest, ring: 'stable' });
    await running.query('SELECT 1');
    expect((await openedBy(g)).policy).toMatchObject({ bundle_sha256: digest.replace('sha256:', ''), serial: 102, tuf: { ring: 2 } });
    await running.end();
  });

  it('stops all work in an emergency but break-glass, which is recorded and reported', async () => {
    const g = gateway!;
    await release(103, (d) => writeFileSync(path.join(d, 'policies', 'glass.cedar'), '@id("glass")\n@break_glass("on call")\npermit(principal in Group::"engineering", action in [Action::"connect", Action::"sql:read"], resource);\n'));
    await g.waitEvent((e) => e.event === 'policy.activated' && e['serial'] === 103);
    const running = await g.connect('shop');
    const mark = g.mark;
    await bundle('stop', at('repo'), '--reason', 'a leak');
    for (const key of ['ann.key', 'bob.key']) await bundle('sign', at('repo'), '--key', at(key));
    expect(await bundle('push', at('repo'), ...asSecurity())).toBeUndefined();
    expect(await g.waitEvent((e) => e.event === 'policy.degraded', mark)).toMatchObject({ why: 'stopped', reason: 'security has stopped all work: a leak' });
    await expect(running.query('SELECT 1')).rejects.toThrow();
    const glass = await g.connect('shop');
    await glass.query('SELECT 1');
    await expect(glass.query('CREATE TABLE public.more (id integer)')).rejects.toThrow(/no policy permits/);
    await glass.end();
    const opened = await g.waitEvent((e) => e.event === 'session.break_glass', mark);
    expect(opened).toMatchObject({ connection: 'shop', reason: 'security has stopped all work: a leak' });
    await g.uploaded([String(opened['session_id'])]);
    expect(await reports()).toMatchObject([{ outcome: 'break_glass', session_id: opened['session_id'] }]);
    await bundle('resume', at('repo'));
    for (const key of ['ann.key', 'bob.key']) await bundle('sign', at('repo'), '--key', at(key));
    expect(await bundle('push', at('repo'), ...asSecurity())).toBeUndefined();
    await g.waitEvent((e) => e.event === 'policy.restored', mark);
    expect((await openedBy(g)).policy.serial).toBe(103);
  });

  it('says where everything stands', async () => {
    const { out } = await run('status', at('repo'), ...asSecurity());
    expect(JSON.parse(out)).toMatchObject({ repository: { roles: expect.arrayContaining([expect.objectContaining({ role: 'stable', isComplete: true, isPublished: true, signed: ['ann', 'bob'] })]) as unknown }, store: { versions: { root: 1 }, devices: expect.arrayContaining([expect.objectContaining({ report: expect.objectContaining({ ring: 'stable' }) as unknown })]) as unknown } });
    expect(await bundle('status')).toMatch(/name a repository/);
  });

  it('decides what was recorded again, from the store and from files', async () => {
    const candidate = source(110, (d) => writeFileSync(path.join(d, 'policies', 'no-select.cedar'), '@id("no-select")\n@reason("nobody reads")\nforbid(principal, action == Action::"sql:select", resource);\n'));
    const asAuditor = ['--config', store.configFile, '--as', 'ada@example.com', '--groups', 'audit', '--json'];
    const fromStore = await run('simulate', candidate, ...asAuditor);
    expect(fromStore.error).toBeUndefined();
    const report = JSON.parse(fromStore.out) as { sessions: number; requests: number; same: number; skipped: string[]; changed: { denied: number } };
    expect(report.skipped).toEqual([]);
    expect(report.sessions).toBeGreaterThanOrEqual(4);
    expect(fromStore.code ?? 0).toBe(report.changed.denied > 0 ? 1 : 0);
    const fromFiles = await run('simulate', candidate, '--from', gateway!.recordings, '--json', '--fail-on', 'none');
    expect(JSON.parse(fromFiles.out)).toMatchObject({ sessions: report.sessions, requests: report.requests, changed: report.changed });
    expect(fromFiles.code).toBeUndefined();
    expect((await run('simulate', source(111, (d) => writeFileSync(path.join(d, 'policies', 'all.cedar'), 'permit(')), '--from', gateway!.recordings)).error).toMatch(/all\.cedar/);
    expect((await run('simulate', candidate)).error).toMatch(/say where the recordings are/);
  });
});
