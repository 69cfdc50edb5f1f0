/** Alarms that nobody outside raises: break-glass in a recording, an emergency stop; and who looks into them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { auditList, endSessionsReply, securityEvent, securityEventList, sessionList, type StoreEvent } from '../../contract/store/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { bundleOf, PolicyAuthor } from '../../testing/policy-repo.ts';
import { ranStatement, uploadSession } from '../../testing/recorded-session.ts';
import { type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';
import { setStop } from '../../tuf/author.ts';

let store: TestStore;
let alice: Person;
let audrey: Person;
let sam: Person;
let root: Person;
let author: PolicyAuthor;
beforeAll(async () => {
  store = await startTestStore();
  alice = await store.person('alice@example.com', ['engineering', 'audit']);
  audrey = await store.person('audrey@example.com', ['audit']);
  sam = await store.person('sam@example.com', ['security']);
  root = await store.person('root@example.com', ['platform']);
});
afterAll(() => store.stop());

async function call<T>(by: Person, schema: z.ZodType<T>, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${store.url()}${path}`, { method, headers: { authorization: `Bearer ${by.identity.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const answer: unknown = await response.json();
  if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
  return schema.parse(answer);
}
const alarms = (by: Person, query = ''): Promise<z.output<typeof securityEventList>> => call(by, securityEventList, 'GET', `/v1/security-events${query}`);
const audit = (query: string): Promise<z.output<typeof auditList>> => call(audrey, auditList, 'GET', `/v1/audit${query}`);

describe('security events', () => {
  it('name the session in which break-glass was used, once, and whose it was', async () => {
    const note = { kind: 'session.note', fields: [{ name: 'text', value: 'break-glass: the signed policy ended' }] } as const;
    const session = await uploadSession(store, alice, [note, ...ranStatement(1, 'SELECT 1'), ...ranStatement(3, 'SELECT 2')]);
    const { events, open } = await alarms(audrey);
    expect(events).toMatchObject([{ kind: 'break_glass', severity: 'high', object: session, detail: 'the signed policy ended', by: { sub: 'alice@example.com' }, device_id: alice.device.deviceId }]);
    expect(open).toBe(1);
    const other = await uploadSession(store, alice, [{ kind: 'session.note', fields: [{ name: 'text', value: 'somebody speaks of break-glass: not this' }] }, ...ranStatement(1, 'SELECT 1')]);
    expect((await alarms(audrey)).events.map((e) => e.object)).not.toContain(other);
  });

  it('tell of an emergency stop when it is pushed, and not again with the next push', async () => {
    author = await PolicyAuthor.create(sam.client, store.clock);
    await author.release('stable', bundleOf(1));
    setStop(author.repo, 'a leak', store.clock.nowMs());
    author.sign();
    await author.push();
    await author.release('stable', bundleOf(2));
    const stops = (await alarms(audrey)).events.filter((e) => e.kind === 'emergency_stop');
    expect(stops).toMatchObject([{ object: 'policy', detail: 'a leak', by: { sub: 'sam@example.com' } }]);
  });

  it('are acknowledged once, by somebody else than who caused them', async () => {
    const [stop, glass] = (await alarms(audrey)).events;
    const at = (id: number | undefined): string => `/v1/security-events/${id ?? 0}/acknowledge`;
    await expect(call(alice, securityEvent, 'POST', at(glass?.id), { note: 'it was me' })).rejects.toThrow(/403.*somebody else/);
    await expect(call(sam, securityEvent, 'POST', at(stop?.id), { note: 'it was me' })).rejects.toThrow(/403/);
    expect(await call(root, securityEvent, 'POST', at(glass?.id), { note: 'on call, INC-9' })).toMatchObject({ acknowledged: { by: { sub: 'root@example.com' }, note: 'on call, INC-9' } });
    await expect(call(audrey, securityEvent, 'POST', at(glass?.id), { note: 'again' })).rejects.toThrow(/409.*acknowledged/);
    await expect(call(audrey, securityEvent, 'POST', at(1), { note: 'no event' })).rejects.toThrow(/404/);
    expect((await alarms(audrey, '?open=true')).events.map((e) => e.id)).toEqual([stop?.id]);
    const first = await alarms(audrey, '?limit=1');
    expect([first.events[0]?.id, (await alarms(audrey, `?limit=1&before=${first.next_before ?? 0}`)).events[0]?.id]).toEqual([stop?.id, glass?.id]);
  });

  it('are not shown to engineers', async () => {
    const bob = await store.person('bob@example.com', ['engineering']);
    await expect(alarms(bob)).rejects.toThrow(/403/);
  });
});

describe('the trail', () => {
  it('comes in pages without a gap, whatever the filter', async () => {
    const whole = (await audit('?limit=1000')).entries.map((e) => e.id);
    const paged: number[] = [];
    for (let before: number | undefined = (whole[0] ?? 0) + 1; before !== undefined; ) {
      const page: z.output<typeof auditList> = await audit(`?limit=7&before=${before}`);
      paged.push(...page.entries.map((e) => e.id));
      before = page.next_before;
    }
    expect(paged).toEqual(whole);
    const signs = (await audit('?text=SIGN&limit=1000')).entries;
    expect(signs.length).toBeGreaterThan(3);
    expect(signs.every((e) => `${e.sub} ${e.action} ${e.object} ${e.detail}`.toLowerCase().includes('sign'))).toBe(true);
    expect((await audit('?outcome=refused&person=bob@example.com')).entries.map((e) => e.action)).toEqual(['alarm.list']);
    const evidence = (await audit('?scope=evidence&limit=1000')).entries;
    expect(new Set(evidence.map((e) => e.action))).toEqual(new Set(['audit.read']));
    expect((await audit(`?since_ms=${store.clock.nowMs() + 60_000}`)).entries).toEqual([]);
  });
});

describe('sign-ins', () => {
  const mine = (by: Person): Promise<z.output<typeof sessionList>> => call(by, sessionList, 'GET', '/v1/sessions');

  it('of one person end together, and hear nothing more', async () => {
    const carol = await store.person('carol@example.com', ['dba']);
    const again = await store.person('carol@example.com', ['dba']);
    const heard: StoreEvent[] = [];
    const stop = new AbortController();
    void carol.client.subscribe((e) => heard.push(e), stop.signal).catch(() => undefined);
    await eventually(() => expect(heard.map((e) => e.type)).toEqual(['hello']));
    const { principal } = carol.identity;
    const who = { iss: principal.issuer, sub: principal.subject };
    await expect(call(alice, endSessionsReply, 'POST', '/v1/sessions/end', who)).rejects.toThrow(/403/);
    expect(await call(root, endSessionsReply, 'POST', '/v1/sessions/end', who)).toEqual({ ended: 2 });
    for (const session of [carol, again]) await expect(mine(session)).rejects.toThrow(/401/);
    // Policy events are for everybody who is signed in: an auditor's stream is the measure.
    const after: StoreEvent[] = [];
    void audrey.client.subscribe((e) => after.push(e), stop.signal).catch(() => undefined);
    await eventually(() => expect(after.map((e) => e.type)).toEqual(['hello']));
    await author.release('stable', bundleOf(3));
    await eventually(() => expect(after.map((e) => e.type)).toContain('policy'));
    stop.abort();
    expect(heard.map((e) => e.type)).toEqual(['hello']);
  });

  it('of oneself end but for the one that asks', async () => {
    await store.person('audrey@example.com', ['audit'], 'audrey-2');
    const { principal } = audrey.identity;
    expect(await call(audrey, endSessionsReply, 'POST', '/v1/sessions/end', { iss: principal.issuer, sub: principal.subject })).toEqual({ ended: 1 });
    expect((await mine(audrey)).sessions).toMatchObject([{ current: true }]);
  });
});
