import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64 } from '../../base/encoding.ts';
import type { SessionId } from '../../base/ids.ts';
import type { RedactionView } from '../../contract/store/index.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { signPayload } from '../../evidence/sign.ts';
import { parseTrust, type Trust } from '../../evidence/trust.ts';
import { verifySrz } from '../../evidence/verify-srz.ts';
import type { VerifyReport } from '../../evidence/verify.ts';
import { type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';
import { openSession, type RecordedSession, uploadedSession } from '../../testing/store-recordings.ts';
import { fileObjects } from '../storage/file-objects.ts';
import { retentionConfig } from './config.ts';
import { applyRetention } from './delete.ts';

let store: TestStore;
let alice: Person;
let petra: Person;
let sam: Person;
let audrey: Person;
beforeAll(async () => {
  store = await startTestStore({ roles: { admin: ['platform'], auditor: ['audit'], privacy_officer: ['privacy'], security: ['security'] } });
  alice = await store.person('alice@example.com', ['engineering']);
  petra = await store.person('petra@example.com', ['privacy']);
  sam = await store.person('sam@example.com', ['security']);
  audrey = await store.person('audrey@example.com', ['audit']);
});
afterAll(() => store.stop());

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function call(by: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${store.url()}${path}`, { method, headers: { authorization: `Bearer ${by.identity.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
}
const redactionOf = (a: Answer): RedactionView => {
  if (a.status !== 200) throw new Error(JSON.stringify(a));
  return a.body as RedactionView;
};
const proposal = { items: [{ n: 0, field: 'sql' }, { n: 2 }], legal_basis: 'GDPR Art. 17', ticket: 'T-17' };
const propose = (by: Person, session: SessionId, body: object = proposal): Promise<Answer> => call(by, 'POST', `/v1/recordings/${session}/redactions`, body);
const sign = (by: Person, r: RedactionView, envelope = signPayload('redaction', fromBase64(r.payload), [by.device])): Promise<Answer> => call(by, 'POST', `/v1/redactions/${r.id}/signatures`, { envelope });

const trust = async (): Promise<Trust> => parseTrust(await audrey.client.trust());
const verified = async (session: SessionId, with_?: Trust): Promise<VerifyReport> => verifySrz(await audrey.client.downloadSrz(session), with_ ?? (await trust()), { crypto: nodeCrypto });
/** All that the store holds of a session, as text. */
function held(session: SessionId): string {
  const dir = join(store.dataDir, 'store/objects/recordings', session, 'chunks');
  return readdirSync(dir).map((name) => gunzipSync(readFileSync(join(dir, name))).toString()).join('');
}

describe('redaction by two people', () => {
  let session: RecordedSession;
  beforeAll(async () => {
    session = await uploadedSession(store, alice);
  });

  it('removes what both have signed, and the rest still proves itself', async () => {
    expect(held(session.id)).toContain('WHERE id = 0');
    const r = redactionOf(await propose(petra, session.id));
    expect(r).toMatchObject({ state: 'proposed', signed_by: [], may_sign: true });
    expect(r.items.map((i) => `${i.n} ${i.field}`)).toEqual(['0 sql', '2 columns', '2 rows']);
    expect(redactionOf(await sign(petra, r))).toMatchObject({ state: 'proposed', may_sign: false, signed_by: [{ sub: 'petra@example.com' }] });
    expect((await verified(session.id)).verdict).toBe('PASS');
    expect(redactionOf(await sign(sam, r))).toMatchObject({ state: 'done' });
    expect(held(session.id)).not.toContain('WHERE id = 0');
    expect(held(session.id)).toContain('WHERE id = 1');
    const report = await verified(session.id);
    expect(report).toMatchObject({ verdict: 'PASS with redactions', redacted: 3 });
    expect(report.steps.find((s) => s.name === 'transparency')?.detail).toMatch(/^3 statements are in the log store\.test\/log/);
  });

  it('is not one when a key of the trust is missing, or two keys are one person’s', async () => {
    const now = await trust();
    const alone: Trust = { ...now, redactors: { threshold: 2, keys: now.redactors.keys.filter((k) => k.keyId === petra.device.keyId) } };
    expect((await verified(session.id, alone)).firstBad).toMatchObject({ code: 'redaction_invalid' });
    const same: Trust = { ...now, redactors: { threshold: 2, keys: now.redactors.keys.map((k) => ({ ...k, person: 'one' })) } };
    expect((await verified(session.id, same)).firstBad).toMatchObject({ code: 'redaction_invalid', reason: expect.stringContaining('1 people of the 2') as string });
  });

  it('needs one of each role, each once, with their own key, over this very statement', async () => {
    const other = await uploadedSession(store, alice);
    const r = redactionOf(await propose(sam, other.id));
    const petra2 = await store.person('paul@example.com', ['privacy']);
    expect(await sign(audrey, r)).toMatchObject({ status: 403 });
    expect(await sign(alice, r)).toMatchObject({ status: 403 });
    expect(await sign(petra, r, signPayload('redaction', fromBase64(r.payload), [sam.device]))).toMatchObject({ status: 422 });
    expect(await sign(petra, r, signPayload('redaction', Buffer.from('{}'), [petra.device]))).toMatchObject({ status: 422 });
    expect(await sign(petra, r, signPayload('redaction', fromBase64(r.payload), [petra.device, sam.device]))).toMatchObject({ status: 422 });
    expect(await sign(petra, r, 'not an envelope')).toMatchObject({ status: 400 });
    expect(redactionOf(await sign(petra, r)).state).toBe('proposed');
    expect(await sign(petra, r)).toMatchObject({ status: 409 });
    expect(redactionOf(await sign(petra2, r)).state).toBe('proposed');
    expect(held(other.id)).toContain('WHERE id = 0');
    expect(redactionOf(await call(petra, 'POST', `/v1/redactions/${r.id}/withdraw`)).state).toBe('withdrawn');
    expect(await sign(sam, r)).toMatchObject({ status: 410 });
  });

  it('is refused for what is not there, what still runs, and by whom it is not', async () => {
    const running = await openSession(store, alice);
    await alice.client.uploadOpen(running.id, running.openEnvelope);
    expect(await propose(petra, running.id)).toMatchObject({ status: 409 });
    expect(await propose(petra, session.id, { ...proposal, items: [{ n: 900 }] })).toMatchObject({ status: 422 });
    expect(await propose(petra, session.id, { ...proposal, items: [{ n: 0, field: 'nothing' }] })).toMatchObject({ status: 422 });
    expect(await propose(alice, session.id)).toMatchObject({ status: 403 });
    expect(await propose(audrey, session.id)).toMatchObject({ status: 403 });
    await running.recorder.close({ reason: 'x' });
  });
});

describe('legal hold and retention', () => {
  const config = retentionConfig.parse({ classes: [{ name: 'prod', days: 30, labels: { env: 'prod' } }] });
  /** What is deleted so many days later, one after the other. */
  const later = (...days: readonly number[]): Promise<(readonly SessionId[])[]> =>
    store.inside(async (db) => {
      const deleted = [];
      for (const d of days) deleted.push(await applyRetention(db, fileObjects(join(store.dataDir, 'store/objects')), config, store.clock.nowMs() + d * 86_400_000));
      return deleted;
    });

  it('delete what is over, keep what is held, and leave proof', async () => {
    const [gone, kept] = [await uploadedSession(store, alice), await uploadedSession(store, alice)];
    expect(await call(audrey, 'PUT', `/v1/recordings/${kept.id}/hold`, { reason: 'case 12' })).toMatchObject({ status: 200 });
    expect(await call(audrey, 'PUT', `/v1/recordings/${kept.id}/hold`, { reason: 'again' })).toMatchObject({ status: 409 });
    expect(await call(petra, 'PUT', `/v1/recordings/${gone.id}/hold`, { reason: 'no' })).toMatchObject({ status: 403 });
    expect(await propose(petra, kept.id)).toMatchObject({ status: 409 });
    const [early, late] = await later(29, 31);
    expect(early).toEqual([]);
    expect(late).toContain(gone.id);
    expect(late).not.toContain(kept.id);
    expect(await call(audrey, 'GET', `/v1/recordings/${kept.id}/retention`)).toMatchObject({ body: { class: 'prod', held: true, holds: [{ reason: 'case 12' }] } });
    expect(readdirSync(join(store.dataDir, 'store/objects/recordings', gone.id, 'chunks'))).toEqual([]);
    expect(await call(audrey, 'GET', `/v1/recordings/${gone.id}`)).toMatchObject({ status: 410 });
    expect(await call(alice, 'GET', `/v1/recordings/${gone.id}`)).toMatchObject({ status: 404 });
    const { deletions } = (await call(audrey, 'GET', '/v1/deletions')).body as { deletions: { session_id: string; statement: string; complete: boolean }[] };
    const statement = deletions.find((d) => d.session_id === gone.id);
    expect(statement).toMatchObject({ complete: true });
    expect(JSON.parse(statement?.statement ?? '')).toMatchObject({ kind: 'retention', session_id: gone.id, class: 'prod', days: 30, state: 'closed' });
    expect((await verified(kept.id)).verdict).toBe('PASS');
    expect(await call(audrey, 'DELETE', `/v1/recordings/${kept.id}/hold`, { reason: 'case closed' })).toMatchObject({ status: 200 });
    expect(await later(31)).toEqual([[kept.id]]);
  });
});
