import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoreClient } from '../../proxy/core/store-client.ts';
import { approvalDecision, approvalRequest } from '../../testing/evidence-approval.ts';
import { answer, recordQuery } from '../../testing/search-records.ts';
import { flavours, indexed, SearchStore } from '../../testing/search-store.ts';
import type { Person } from '../../testing/store-harness.ts';
import { openSession, type RecordedSession, uploadRest } from '../../testing/store-recordings.ts';
import { canonicalJson } from '../../base/jcs.ts';

const APPROVAL = 'apr_0190a5b2-7c00-7000-8000-000000000001';

/** Signed by nobody: the index reads what the recording holds, and proves nothing. */
const envelope = JSON.stringify({ payload: Buffer.from(canonicalJson({ ...approvalDecision(approvalRequest()) })).toString('base64'), payloadType: 'application/vnd.sallyport.approval-decision+json', signatures: [{ keyid: 'ab'.repeat(32), sig: Buffer.alloc(64).toString('base64') }] });

describe.each(flavours)('one session on the %s store', (flavour) => {
  let world: SearchStore;
  let alice: Person;
  let bob: StoreClient;
  let auditor: StoreClient;
  let session: RecordedSession;
  beforeAll(async () => {
    world = await SearchStore.start(flavour);
    alice = await world.person('alice@example.com');
    bob = await world.reader('bob@example.com', ['engineering']);
    auditor = await world.auditor();
    session = await world.recorded(alice, (r) => {
      r.append({ kind: 'conn.open', clear: { db: 'shop' }, fields: [{ name: 'application_name', value: 'psql' }] });
      recordQuery(r, { sql: 'SELECT email, phone FROM customers', rows: 2, hits: ['email:2', 'phone:1'] });
      const held = recordQuery(r, { sql: 'DELETE FROM customers', dec: 'hold', reason: 'DELETE without WHERE', pol: ['hold-delete'] });
      r.append({ kind: 'approval.request', clear: { q: held, id: APPROVAL, request_sha256: '00'.repeat(32) }, fields: [{ name: 'request', value: { policy: { reason: 'DELETE without WHERE' } } }] });
      r.append({ kind: 'approval.decision', clear: { q: held, id: APPROVAL, counted: true }, fields: [{ name: 'envelope', value: envelope }, { name: 'reason', value: 'planned change' }] });
      r.append({ kind: 'policy.decision', clear: { q: held, id: APPROVAL, dec: 'approved' }, fields: [{ name: 'reason', value: '' }] });
      answer(r, held, { rows: 9 });
      recordQuery(r, { sql: 'SELECT * FROM nowhere', error: '42P01' });
      r.append({ kind: 'gap', clear: { reason: 'env.disk_full' } });
      r.append({ kind: 'conn.close', clear: { bytes: 3, statements: 3 } });
    });
    await indexed(auditor);
  }, 240_000);
  afterAll(() => world.stop());

  it('tells its story with places to jump to, in pages', async () => {
    const whole = await auditor.timeline(session.id);
    expect(whole).toMatchObject({ complete: true, session_id: session.id });
    expect(whole.events.map((e) => [e.n, e.kind, e.phase ?? e.decision ?? ''])).toEqual([
      [0, 'open', ''],
      [1, 'statement', 'allow'],
      [2, 'mask', ''],
      [3, 'statement', 'approved'],
      [3, 'decision', 'approved'],
      [4, 'approval', 'requested'],
      [5, 'approval', 'approve'],
      [6, 'decision', 'approved'],
      [8, 'statement', 'allow'],
      [9, 'error', ''],
      [10, 'gap', ''],
      [11, 'close', ''],
    ]);
    expect(whole.events[2]?.masked).toEqual([{ data_class: 'email', cells: 2 }, { data_class: 'phone', cells: 1 }]);
    expect(whole.events[6]).toMatchObject({ by: 'carol@example.com', text: 'planned change', statement: 3, approval_id: APPROVAL });
    const paged = [];
    for (let after: number | undefined = -1; after !== undefined; ) {
      const page: typeof whole = await auditor.timeline(session.id, { after, limit: 1 });
      paged.push(...page.events);
      after = page.next_after;
    }
    expect(paged).toEqual(whole.events);
  });

  it('sums it up, and shows one statement with what belongs to it', async () => {
    const summary = await auditor.sessionSummary(session.id);
    expect(summary).toMatchObject({ state: 'closed', person: { sub: 'alice@example.com' }, labels: { env: 'prod' }, counts: { statements: 3, allow: 2, approved: 1, denied: 0, held: 0, failed: 1, rows: 11, gaps: 1 }, policy: { name: 'starter' } });
    expect(summary.masked).toEqual([{ data_class: 'email', cells: 2 }, { data_class: 'phone', cells: 1 }]);
    expect(summary.tables.map((t) => t.value).sort()).toEqual(['customers', 'nowhere']);
    const detail = await auditor.statement(session.id, 3);
    expect(detail.hit).toMatchObject({ decision: 'approved', approval_id: APPROVAL, rows: 9, reason: 'DELETE without WHERE' });
    expect(detail.events.map((e) => e.kind)).toEqual(['statement', 'decision', 'approval', 'approval', 'decision']);
    await expect(auditor.statement(session.id, 4)).rejects.toMatchObject({ refusal: 'not_found' });
  });

  it('shows it to its owner and to auditors only, and says who looked', async () => {
    expect((await alice.client.timeline(session.id)).events.length).toBeGreaterThan(5);
    for (const attempt of [() => bob.timeline(session.id), () => bob.sessionSummary(session.id), () => bob.statement(session.id, 1)]) await expect(attempt()).rejects.toMatchObject({ refusal: 'not_found' });
    await auditor.downloadSrz(session.id);
    for (const who of [alice.client, bob]) await expect(who.watchers(session.id)).rejects.toMatchObject({ refusal: 'forbidden' });
    const seen = (await auditor.watchers(session.id)).map((w) => `${w.sub} ${w.action} ${w.outcome}`);
    expect(seen).toContain('alice@example.com recording.timeline ok');
    expect(seen).toContain('erin@example.com recording.export ok');
    expect(seen).toContain('erin@example.com recording.summary ok');
  });

  it('joins what comes in later chunks to the statement of an earlier one', async () => {
    const late = await openSession(world.store, alice);
    await alice.client.uploadOpen(late.id, late.openEnvelope);
    const r = late.recorder;
    const parse = r.append({ kind: 'sql.parse', clear: { dec: 'allow', verb: ['UPDATE'] }, fields: [{ name: 'sql', value: `UPDATE latecomers SET note = $1 /* ${'x'.repeat(3_000)} */` }] }).n;
    r.checkpoint();
    const bind = r.append({ kind: 'sql.bind', clear: { q: parse, dec: 'hold', pol: ['hold-update'] }, fields: [{ name: 'params', value: ['7', 'y'.repeat(3_000)] }] }).n;
    r.checkpoint();
    r.append({ kind: 'session.note', fields: [{ name: 'text', value: 'z'.repeat(3_000) }] });
    r.append({ kind: 'policy.decision', clear: { q: bind, id: APPROVAL, dec: 'approved' } });
    answer(r, bind, { rows: 4, hits: ['email:4'], unmask: ['iban', 'email'] });
    r.checkpoint();
    await r.sync();
    await r.close({ reason: 'client disconnected' });
    await uploadRest(alice, late);
    await indexed(auditor);
    const { hits } = await auditor.search({ text: 'latecomers', decision: ['approved'], data_class: ['email'], unmasked: ['iban'] });
    expect(hits).toMatchObject([{ session_id: late.id, n: bind, rows: 4, decision: 'approved', masked: [{ data_class: 'email', cells: 4 }], unmasked: ['email', 'iban'] }]);
    expect((await auditor.search({ text: 'latecomers', decision: ['held'] })).hits).toEqual([]);
    expect((await auditor.getRecording(late.id)).recording.chunks).toBeGreaterThan(2);
  });
});
