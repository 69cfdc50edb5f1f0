/**
 * `sallyport bundle simulate` against a real store, from the list of its recordings to the report. With
 * SALLYPORT_SIMULATE_REQUESTS=100000 the history is as large as the promise, and what it took is printed.
 */
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { recordQuery } from '../testing/search-records.ts';
import { bundleOf } from '../testing/policy-repo.ts';
import { type Person, startTestStore, type TestStore } from '../testing/store-harness.ts';
import { openSession, uploadRest } from '../testing/store-recordings.ts';
import { simulateCommand } from './bundle-simulate.ts';

const REQUESTS = Number(process.env['SALLYPORT_SIMULATE_REQUESTS'] ?? 300);
const PER_SESSION = REQUESTS > 10_000 ? 250 : 30;
const SESSIONS = Math.ceil(REQUESTS / PER_SESSION);
/** Of a hundred statements: a third are one of few texts, the others differ in their numbers. */
const statement = (i: number): string => (i % 3 === 0 ? 'SELECT id, status FROM orders WHERE status = 4' : i % 50 === 7 ? `DELETE FROM orders WHERE id = ${i}` : `SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = ${i} ORDER BY o.id LIMIT 20`);

let store: TestStore;
const elsewhere = mkdtempSync(join(tmpdir(), 'sallyport-test-simulate-'));
const config = join(elsewhere, 'gateway.yaml');
const candidate = join(elsewhere, 'candidate');
const NO_DELETE = '@id("all")\npermit(principal, action, resource);\n@id("no-delete")\n@reason("nothing is deleted")\nforbid(principal, action == Action::"sql:delete", resource);\n';

async function session(by: Person, from: number): Promise<void> {
  const s = await openSession(store, by);
  await by.client.uploadOpen(s.id, s.openEnvelope);
  for (let i = from; i < Math.min(from + PER_SESSION, REQUESTS); i++) recordQuery(s.recorder, { sql: statement(i) });
  await s.recorder.sync();
  await s.recorder.close({ reason: 'client disconnected' });
  await uploadRest(by, s);
  // A store of this size has taken them over weeks.
  rmSync(s.dir, { recursive: true });
}

beforeAll(async () => {
  store = await startTestStore({ limits: { requests_per_minute: 1_000_000, failures_per_minute: 40, request_seconds: 120 } });
  writeFileSync(config, `data_dir: ${store.dataDir}\nstore: embedded\nconnections: []\n`);
  mkdirSync(join(candidate, 'policies'), { recursive: true });
  for (const [name, bytes] of bundleOf(9, { 'policies/main.cedar': NO_DELETE })) writeFileSync(join(candidate, name), bytes);
  const alice = await store.person('alice@example.com', ['engineering']);
  for (let i = 0; i < SESSIONS; i++) await session(alice, i * PER_SESSION);
}, 3_600_000);
afterAll(async () => {
  await store.stop();
  rmSync(elsewhere, { recursive: true, force: true });
});

it('decides every recorded request again', { timeout: 3_600_000 }, async () => {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const [began, before] = [performance.now(), process.cpuUsage()];
  await simulateCommand().exitOverride().parseAsync([candidate, '--config', config, '--as', 'erin@example.com', '--groups', 'audit', '--json'], { from: 'user' });
  write.mockRestore();
  const { user, system } = process.cpuUsage(before);
  const report = JSON.parse(out) as { sessions: number; skipped: string[]; requests: number; changed: { denied: number } };
  expect(report).toMatchObject({ sessions: SESSIONS, skipped: [], requests: REQUESTS, changed: { denied: Array.from({ length: REQUESTS }, (_, i) => statement(i)).filter((s) => s.startsWith('DELETE')).length } });
  expect(process.exitCode).toBe(1);
  process.exitCode = undefined;
  if (REQUESTS > 10_000) process.stderr.write(`${REQUESTS} requests of ${SESSIONS} sessions: ${((performance.now() - began) / 1000).toFixed(1)} s by the clock, ${((user + system) / 1e6).toFixed(1)} s of processor, store and command together\n`);
});
