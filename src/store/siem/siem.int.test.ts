import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { ocsfProblems } from '../../testing/ocsf-schema.ts';
import { ranStatement, uploadSession } from '../../testing/recorded-session.ts';
import { type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';
import type { SessionId } from '../../base/ids.ts';

interface Event {
  readonly type_uid: number;
  readonly metadata: { readonly uid: string; readonly correlation_uid?: string; readonly sequence?: number };
  readonly query_info?: { readonly query_string: string };
}

let dir: string;
let path: string;
let store: TestStore;
let alice: Person;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sallyport-test-siem-'));
  path = join(dir, 'out', 'events.ndjson');
  store = await startTestStore({ siem: { start: 'beginning', sinks: [{ name: 'archive', type: 'file', path }] } });
  alice = await store.person('alice@example.com', ['engineering']);
});
afterAll(async () => {
  await store.stop();
  rmSync(dir, { recursive: true, force: true });
});

const events = (): Event[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((l) => l !== '')
        .map((l) => JSON.parse(l) as Event)
    : [];
const ofSession = (id: SessionId): Event[] => events().filter((e) => e.metadata.correlation_uid === id);

describe('the export to a file', () => {
  it('tells what happened in a session, once and in order, as valid events', async () => {
    const records = Array.from({ length: 30 }, (_, i) => ranStatement(2 * i, `SELECT email FROM customers WHERE id = ${i}`)).flat();
    const id = await uploadSession(store, alice, records);
    await eventually(() => expect(ofSession(id).at(-1)?.type_uid).toBe(100807));
    const told = ofSession(id);
    for (const e of told) expect(ocsfProblems(e)).toEqual([]);
    expect(told.map((e) => e.type_uid)).toEqual([100806, ...Array.from({ length: 30 }, () => 600504), 100807]);
    expect(told.slice(1, -1).map((e) => e.query_info?.query_string)).toEqual(Array.from({ length: 30 }, (_, i) => `SELECT email FROM customers WHERE id = ${i}`));
    expect(readFileSync(path, 'utf8')).not.toContain('tok_1');
  });

  it('tells of sign-ins, enrolments and what was refused', async () => {
    await expect(alice.client.getRecording('01980000-0000-7000-8000-00000000dead' as SessionId)).rejects.toThrow();
    await eventually(() => expect(events().map((e) => e.type_uid)).toEqual(expect.arrayContaining([300201, 300406, 600302])));
    for (const e of events()) expect(ocsfProblems(e)).toEqual([]);
  });

  it('goes on after a restart without a gap and without telling anything twice', async () => {
    const first = await uploadSession(store, alice, ranStatement(0, 'SELECT 1'));
    await store.restart();
    alice = await store.person('alice@example.com', ['engineering']);
    const second = await uploadSession(store, alice, ranStatement(0, 'SELECT 2'));
    await eventually(() => expect(ofSession(second).at(-1)?.type_uid).toBe(100807));
    expect(ofSession(first).map((e) => e.type_uid)).toEqual([100806, 600504, 100807]);
    const uids = events().map((e) => e.metadata.uid);
    expect(new Set(uids).size).toBe(uids.length);
  });
});
