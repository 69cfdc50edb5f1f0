/** On a real store: decisions made again by the bundle that decided, and what a monitor finds posted as alarms. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import type { SessionId } from '../base/ids.ts';
import { SessionRecorder } from '../evidence/write.ts';
import { digestOf } from '../policy/bundle/files.ts';
import { openInput } from '../testing/evidence-session.ts';
import { bundleOf, PolicyAuthor } from '../testing/policy-repo.ts';
import { recordQuery } from '../testing/search-records.ts';
import { type Person, startTestStore, type TestStore } from '../testing/store-harness.ts';
import { openSession, uploadRest } from '../testing/store-recordings.ts';
import { postAlarms } from './monitor-alarm.ts';
import { monitorCommand } from './monitor.ts';
import { recordingsCommand } from './recordings.ts';

const NO_DELETE = '@id("no-delete")\n@reason("nothing is deleted")\nforbid(principal, action == Action::"sql:delete", resource);\n';
const ALL = '@id("all-7")\npermit(principal, action, resource);\n';
const decided = bundleOf(7, { 'policies/main.cedar': `${ALL}${NO_DELETE}` });
const laxer = bundleOf(8);

let store: TestStore;
let alice: Person;
let session: SessionId;
const elsewhere = mkdtempSync(join(tmpdir(), 'sallyport-test-explain-'));
const config = join(elsewhere, 'gateway.yaml');

/** A session that says which bundle decided it, as the store has it. */
async function recorded(by: Person, bundle: string, fill: (r: SessionRecorder) => void): Promise<SessionId> {
  const { principal } = by.identity;
  const recorder = await SessionRecorder.open({
    dir: join(elsewhere, 'spool'),
    store: 'store.test',
    open: { ...openInput, user: { ...openInput.user, iss: principal.issuer, sub: principal.subject, name: principal.name }, policy: { bundle_sha256: bundle.replace('sha256:', ''), name: 'test', serial: 7 } },
    device: by.device,
    clock: store.clock,
    random: systemRandom,
    onFailure: (e) => {
      throw e;
    },
  });
  await by.client.uploadOpen(recorder.sessionId, recorder.openEnvelope);
  fill(recorder);
  await recorder.sync();
  await recorder.close({ reason: 'client disconnected' });
  await uploadRest(by, { id: recorder.sessionId, dir: recorder.dir, openEnvelope: recorder.openEnvelope, recorder });
  return recorder.sessionId;
}

beforeAll(async () => {
  store = await startTestStore();
  writeFileSync(config, `data_dir: ${store.dataDir}\nstore: embedded\nconnections: []\n`);
  const sam = await store.person('sam@example.com', ['security']);
  const author = await PolicyAuthor.create(sam.client, store.clock);
  author.add('stable', decided);
  author.sign();
  await author.push();
  // Another takes its place: what decided before is found all the same.
  author.add('stable', laxer);
  author.sign();
  await author.push();
  alice = await store.person('alice@example.com', ['engineering']);
  session = await recorded(alice, digestOf(decided), (r) => {
    r.append({ kind: 'conn.open', clear: { db: 'shop' } });
    recordQuery(r, { sql: 'SELECT id FROM orders', pol: ['all-7'] });
    recordQuery(r, { sql: 'DELETE FROM orders WHERE id = 1', dec: 'deny', pol: ['no-delete'], reason: 'nothing is deleted' });
    recordQuery(r, { sql: '/* not shown: 12 characters that could not be read */', dec: 'deny', pol: [] });
  });
}, 120_000);
afterAll(async () => {
  await store.stop();
  rmSync(elsewhere, { recursive: true, force: true });
});

async function run(command: Command, ...args: string[]): Promise<{ out: string; code: number | string | undefined | null }> {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await command.exitOverride().parseAsync(args, { from: 'user' });
    return { out, code: process.exitCode };
  } finally {
    process.exitCode = undefined;
    write.mockRestore();
  }
}
const auditor = ['--config', config, '--as', 'erin@example.com', '--groups', 'audit'];
const explain = (what: string, ...more: string[]): ReturnType<typeof run> => run(recordingsCommand(), 'explain', what, ...auditor, ...more);

describe('the decisions of a recording', () => {
  it('come out as recorded by the bundle that decided, which the store finds by its digest', async () => {
    const { out, code } = await explain(session);
    expect(out).toContain(`bundle test 7 (${digestOf(decided)}), the one that decided`);
    expect(out).toContain('4 requests: 3 decided as recorded, 1 that cannot be decided');
    expect(code).toBeUndefined();
  });

  it('come out otherwise by another bundle, and each difference is named', async () => {
    const other = join(elsewhere, 'laxer');
    mkdirSync(join(other, 'policies'), { recursive: true });
    for (const [name, bytes] of laxer) writeFileSync(join(other, name), bytes);
    const { out, code } = await explain(session, '--bundle', other, '--json');
    const report = JSON.parse(out) as { bundle: object; counts: object; requests: { state: string }[] };
    expect(report).toMatchObject({ session, bundle: { serial: 8, decided: false }, counts: { same: 2, different: 1, unclear: 1 } });
    expect(report.requests.filter((r) => r.state === 'different')).toMatchObject([{ sql: 'DELETE FROM orders WHERE id = 1', was: { effect: 'deny', policyIds: ['no-delete'] }, is: { effect: 'allow' } }]);
    expect(code).toBe(1);
  });

  it('that the gate got wrong are found', async () => {
    const wrong = await recorded(alice, digestOf(decided), (r) => void recordQuery(r, { sql: 'DELETE FROM orders', pol: ['all-7'] }));
    const { out, code } = await explain(wrong);
    expect(out).toMatch(/#0 different: DELETE FROM orders\n {2}then: allow \(all-7\)\n {2}again: deny \(no-delete\): .*nothing is deleted/);
    expect(code).toBe(1);
  });

  it('are not made again by a bundle that is not to be had, or on a recording that does not verify', async () => {
    const unknown = await recorded(alice, 'ab'.repeat(32), (r) => void recordQuery(r, { sql: 'SELECT 1' }));
    await expect(explain(unknown)).rejects.toThrow(/never published bundle test 7/);
    const erin = await store.person('erin@example.com', ['audit']);
    const file = join(elsewhere, 'tampered.srz');
    const chunk = join(store.dataDir, 'store/objects/recordings', session, 'chunks', '000000.ndjson.gz');
    const before = readFileSync(chunk);
    writeFileSync(chunk, gzipSync(gunzipSync(before).toString().replace('SELECT id FROM orders', 'SELECT no FROM orders')));
    writeFileSync(file, await erin.client.downloadSrz(session));
    writeFileSync(chunk, before);
    await expect(explain(file)).rejects.toThrow(/does not verify/);
  });
});

it('alarms of a monitor are posted once, and again only when they are new', async () => {
  const gone = await openSession(store, alice);
  await alice.client.uploadOpen(gone.id, gone.openEnvelope);
  const memory = join(elsewhere, 'monitor.json');
  const watch = (): ReturnType<typeof run> => run(monitorCommand(), ...auditor, '--state', memory, '--alarm', '--max-open-hours', '0', '--json');
  const raised = async (): Promise<(string | undefined)[]> => {
    const admin = await store.person('root@example.com', ['platform', 'audit']);
    const response = await fetch(`${store.url()}/v1/security-events?open=false`, { headers: { authorization: `Bearer ${admin.identity.token}` } });
    const { events } = (await response.json()) as { events: { kind: string; object: string; detail: string }[] };
    return events.map((e) => `${e.kind} ${e.object} ${e.detail.split(':')[0] ?? ''}`);
  };
  const first = await vi.waitFor(async () => {
    const looked = await watch();
    expect(looked.out).toContain(`Session ${gone.id}`);
    return looked;
  }, 20_000);
  expect(first.code).toBe(1);
  expect(await raised()).toContain(`never_closed ${gone.id} never_closed`);
  const before = (await raised()).length;
  const second = await watch();
  expect(second.out).toContain('"code":"never_closed"');
  expect(second.out).not.toContain('"event":"posted"');
  expect((await raised()).length).toBe(before);
  // What the store does not take is posted later, and what was posted is kept.
  const news = { code: 'device_gap', key: 'dev_1 7', message: 'Number 7 is missing.' } as const;
  expect(await postAlarms(alice.client, [news], join(elsewhere, 'alice'))).toMatchObject({ posted: 0, problem: expect.stringMatching(/roles/) as unknown });
  const erin = await store.person('erin@example.com', ['audit']);
  expect(await postAlarms(erin.client, [news], join(elsewhere, 'alice'))).toEqual({ posted: 1 });
  expect(await postAlarms(erin.client, [news], join(elsewhere, 'alice'))).toEqual({ posted: 0 });
  expect(await raised()).toContain('device_gap dev_1 device_gap');
  writeFileSync(join(elsewhere, 'alice'), 'damaged');
  await expect(postAlarms(erin.client, [news], join(elsewhere, 'alice'))).rejects.toThrow(/cannot be read/);
});
