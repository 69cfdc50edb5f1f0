import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportKind } from '../../contract/store/index.ts';
import type { StoreClient } from '../../proxy/core/store-client.ts';
import { recordQuery } from '../../testing/search-records.ts';
import { flavours, indexed, SearchStore } from '../../testing/search-store.ts';
import { approvalRequest, type Person } from '../../testing/store-harness.ts';
import { openSession, type RecordedSession, uploadRest } from '../../testing/store-recordings.ts';

describe.each(flavours)('reports of the %s store', (flavour) => {
  let world: SearchStore;
  let alice: Person;
  let auditor: StoreClient;
  let session: RecordedSession;
  let approval: string;
  const period = (): { from_ms: number; to_ms: number } => ({ from_ms: Date.now() - 3_600_000, to_ms: Date.now() + 3_600_000 });
  beforeAll(async () => {
    world = await SearchStore.start(flavour);
    alice = await world.person('alice@example.com');
    auditor = await world.auditor();
    session = await openSession(world.store, alice);
    await alice.client.uploadOpen(session.id, session.openEnvelope);
    const request = approvalRequest(alice, Date.now(), { session_id: session.id, statement: '=HYPERLINK("http://evil","x")' });
    approval = request.id;
    await alice.client.requestApproval(request);
    const r = session.recorder;
    recordQuery(r, { sql: 'SELECT email FROM orders', rows: 5, hits: ['email:5'], unmask: ['iban'] });
    const held = recordQuery(r, { sql: '=HYPERLINK("http://evil","x")', dec: 'hold', reason: '@SUM(1)', pol: ['hold-all'] });
    r.append({ kind: 'approval.request', clear: { q: held, id: approval }, fields: [] });
    recordQuery(r, { sql: 'DROP TABLE "<script>alert(1)</script>"', dec: 'deny', reason: 'no "drops",\never', pol: ['no-drop'] });
    r.append({ kind: 'gap', clear: { reason: 'env.disk_full' } });
    r.append({ kind: 'session.note', fields: [{ name: 'text', value: 'break-glass: the bundle has expired' }] });
    await r.sync();
    await r.close({ reason: 'client disconnected' });
    await uploadRest(alice, session);
    await indexed(auditor);
  }, 240_000);
  afterAll(() => world.stop());

  const rows = async (kind: ReportKind, more: { person?: string; target?: string } = {}): Promise<Record<string, unknown>[]> => {
    const report = await auditor.report(kind, { ...period(), ...more });
    return report.rows.map((row) => Object.fromEntries(row.map((cell, i) => [report.columns[i]?.key ?? '', cell])));
  };

  it('says who used what', async () => {
    expect(await rows('access_review')).toMatchObject([{ subject: 'alice@example.com', target: 'shop', labels: 'env=prod', groups: 'engineering', sessions: 1, statements: 3, denied: 1, approved: 0, classes: 'email' }]);
    expect(await rows('access_review', { target: 'other' })).toEqual([]);
    expect(await rows('access_review', { person: 'bob@example.com' })).toEqual([]);
  });

  it('says what each person did on each day', async () => {
    expect(await rows('activity', { person: 'ALICE@example.com' })).toMatchObject([{ subject: 'alice@example.com', sessions: 1, targets: 'shop', statements: 3, allow: 1, held: 1, denied: 1, rows: 5, masked: 1 }]);
  });

  it('lists what was out of the ordinary', async () => {
    const kinds = (await rows('exceptions')).map((r) => [r['kind'], r['reference']]);
    expect(kinds).toHaveLength(5);
    expect(kinds).toEqual(expect.arrayContaining([['shown unmasked', `${session.id}/0`], ['held', `${session.id}/2`], ['denied', `${session.id}/4`], ['gap in the recording', `${session.id}/6`], ['break-glass', `${session.id}/7`]]));
  });

  it('lists approvals with what became of the statement', async () => {
    expect(await rows('approvals')).toMatchObject([{ id: approval, subject: 'alice@example.com', quorum: 1, state: 'pending', ran: 'still held when the recording ends', reference: `${session.id}/2` }]);
  });

  it('rests on the log and its own query, and refuses others', async () => {
    const { basis } = await auditor.report('activity', { ...period(), target: 'shop' });
    expect(basis).toMatchObject({ kind: 'activity', organisation: 'Test', pending_chunks: 0, failed_chunks: 0, query: { target: 'shop' } });
    expect(basis.log.root).toMatch(/^[0-9a-f]{64}$/);
    await expect(alice.client.report('activity', period())).rejects.toMatchObject({ refusal: 'forbidden' });
    await expect(auditor.report('activity', { from_ms: 5, to_ms: 5 })).rejects.toMatchObject({ refusal: 'bad_request' });
    expect(await world.audited('report.read')).toContainEqual(expect.stringContaining('"target":"shop"'));
  });

  it('writes CSV that no spreadsheet runs, and a page that no browser runs', async () => {
    const csv = Buffer.from(await auditor.reportFile('exceptions', 'csv', period())).toString('utf8');
    const [head] = csv.split('\r\n');
    expect(head).toBe('"Time","What","Person","Name","Target","Statement (masked)","Reason","Policies","Approval","Reference"');
    expect(csv).toContain('"\'=HYPERLINK(""http://evil"",""x"")","\'@SUM(1)"');
    expect(csv).toContain('"no ""drops"",\never"');
    expect(csv.endsWith('\r\n')).toBe(true);
    const html = Buffer.from(await auditor.reportFile('exceptions', 'html', period())).toString('utf8');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('<script');
    const approvals = Buffer.from(await auditor.reportFile('approvals', 'csv', period())).toString('utf8');
    expect(approvals).toContain('"\'=HYPERLINK');
  });
});
