import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../../base/clock.ts';
import { gzipChunk, nextChunk } from '../../evidence/chunks.ts';
import { nodeCrypto, nodeSha256Hex } from '../../evidence/node-crypto.ts';
import { verifyReceipt } from '../../evidence/receipt.ts';
import { recoverSession } from '../../evidence/recover.ts';
import { readSrz } from '../../evidence/srz-read.ts';
import { parseTrust } from '../../evidence/trust.ts';
import type { ReceivedChunk, SignedReceipt } from '../../evidence/types.ts';
import { verifyRecording } from '../../evidence/verify.ts';
import { SessionRecorder } from '../../evidence/write.ts';
import { createStoreClient } from '../../proxy/core/store-client.ts';
import { openInput, recordStatement } from '../../testing/evidence-session.ts';
import { type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';

let store: TestStore;
let alice: Person;
let spool: string;
beforeAll(async () => {
  store = await startTestStore();
  alice = await store.person('alice@example.com', ['engineering']);
  spool = mkdtempSync(join(tmpdir(), 'sallyport-test-spool-'));
});
afterAll(async () => {
  await store.stop();
  rmSync(spool, { recursive: true, force: true });
});

function open(by: Person = alice, name = 'store.test', user: Partial<typeof openInput.user> = {}): Promise<SessionRecorder> {
  const { principal } = by.identity;
  return SessionRecorder.open({
    dir: join(spool, by.device.deviceId),
    store: name,
    open: { ...openInput, user: { ...openInput.user, iss: principal.issuer, sub: principal.subject, name: principal.name, ...user } },
    device: by.device,
    clock: store.clock,
    random: systemRandom,
    onFailure: (e) => {
      throw e;
    },
  });
}

async function statements(recorder: SessionRecorder, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) recordStatement(recorder, i);
  recorder.append({ kind: 'gap', clear: { reason: 'cut here' } });
  await recorder.sync();
}

async function chunksOf(dir: string, minBytes = 2_000): Promise<ReceivedChunk[]> {
  const chunks: ReceivedChunk[] = [];
  for (let at = 0; ; ) {
    const chunk = await nextChunk(dir, at, { minBytes });
    if (chunk === undefined) return chunks;
    chunks.push(chunk);
    at = chunk.toByte;
  }
}

/** A closed recording of several chunks, not uploaded yet. */
async function closed(by: Person = alice): Promise<{ recorder: SessionRecorder; chunks: ReceivedChunk[]; close: string }> {
  const recorder = await open(by);
  for (let i = 0; i < 3; i++) await statements(recorder, i * 10, i * 10 + 10);
  await recorder.close({ reason: 'client disconnected' });
  return { recorder, chunks: await chunksOf(recorder.dir), close: readFileSync(join(recorder.dir, 'close.dsse.json'), 'utf8') };
}

async function upload(r: { recorder: SessionRecorder; chunks: ReceivedChunk[]; close: string }, by: Person = alice): Promise<SignedReceipt[]> {
  const { sessionId, openEnvelope } = r.recorder;
  await by.client.uploadOpen(sessionId, openEnvelope);
  const receipts = [];
  for (const c of r.chunks) receipts.push(await by.client.uploadChunk(sessionId, c));
  receipts.push(await by.client.uploadClose(sessionId, 'close', r.close));
  return receipts;
}

const withText = (chunk: ReceivedChunk, change: (text: string) => string): ReceivedChunk => {
  const bytes = Buffer.from(change(gunzipSync(chunk.gzip).toString('utf8')));
  return { index: chunk.index, gzip: gzipChunk(bytes), sha256: nodeSha256Hex(bytes), sizeBytes: bytes.length };
};

describe('a good recording', () => {
  it('is taken, receipted, cosigned, listed, exported, and verifies offline with the keys of /v1/trust', async () => {
    const r = await closed();
    expect(r.chunks.length).toBeGreaterThan(1);
    const receipts = await upload(r);
    const trust = parseTrust(await alice.client.trust());
    for (const [i, chunk] of r.chunks.entries()) {
      await verifyReceipt({ envelope: receipts[i]!.envelope, keys: trust.receiptKeys, expect: { sessionId: r.recorder.sessionId, part: i, sha256: chunk.sha256 } });
      expect(receipts[i]!.cosignature).toMatch(/^— store\.test\/witness /);
    }
    const listed = (await alice.client.listRecordings()).find((x) => x.session_id === r.recorder.sessionId);
    expect(listed).toMatchObject({ state: 'closed', size: r.recorder.size, chunks: r.chunks.length, connection: 'shop' });
    const detail = await alice.client.getRecording(r.recorder.sessionId);
    expect(detail.files.map((f) => f.name)).toEqual(expect.arrayContaining(['open.dsse.json', 'close.dsse.json', 'final.note', 'chunks/000000.ndjson.gz', 'receipts/close.dsse.json']));
    expect(Buffer.from(await alice.client.getRecordingFile(r.recorder.sessionId, 'chunks/000000.ndjson.gz')).equals(r.chunks[0]!.gzip)).toBe(true);
    const report = await verifyRecording(readSrz(await alice.client.downloadSrz(r.recorder.sessionId)), trust, { crypto: nodeCrypto });
    expect(report.steps.filter((s) => !s.ok)).toEqual([]);
    expect(report).toMatchObject({ verdict: 'PASS', witnessedThrough: r.recorder.size });
  });

  it('can be sent again, part by part, and gets the same receipts', async () => {
    const r = await closed();
    const first = await upload(r);
    expect(await upload(r)).toEqual(first);
  });

  it('is kept over a restart in the middle', async () => {
    const r = await closed();
    await alice.client.uploadOpen(r.recorder.sessionId, r.recorder.openEnvelope);
    await alice.client.uploadChunk(r.recorder.sessionId, r.chunks[0]!);
    await store.restart();
    alice = await store.person('alice@example.com', ['engineering']);
    await upload(r);
    expect((await alice.client.getRecording(r.recorder.sessionId)).recording.state).toBe('closed');
  });

  it('is accepted after a crash with its recovered tail, and verifies as RECOVERED', async () => {
    const recorder = await open();
    await statements(recorder, 0, 20);
    recordStatement(recorder, 99);
    recorder.commit();
    const dir = join(mkdtempSync(join(spool, 'crash-')), recorder.sessionId);
    // What a killed process leaves: the files as they are at this moment.
    cpSync(recorder.dir, dir, { recursive: true });
    await recorder.close({ reason: 'the other universe' });
    expect(await recoverSession(dir, { device: alice.device, clock: store.clock, bootId: 'boot-2' })).toMatchObject({ state: 'recovered' });
    await alice.client.uploadOpen(recorder.sessionId, recorder.openEnvelope);
    const chunks = await chunksOf(dir);
    const receipts = [];
    for (const c of chunks) receipts.push(await alice.client.uploadChunk(recorder.sessionId, c));
    expect(receipts.at(-1)?.cosignature).toBe('');
    // After the tail nothing may follow but the recovery statement.
    await expect(alice.client.uploadChunk(recorder.sessionId, { ...chunks.at(-1)!, index: chunks.length })).rejects.toMatchObject({ refusal: 'conflict' });
    await alice.client.uploadClose(recorder.sessionId, 'recovered', readFileSync(join(dir, 'recovered.dsse.json'), 'utf8'));
    const trust = parseTrust(await alice.client.trust());
    const report = await verifyRecording(readSrz(await alice.client.downloadSrz(recorder.sessionId)), trust, { crypto: nodeCrypto });
    expect(report.steps.filter((s) => !s.ok)).toEqual([]);
    expect(report.verdict).toBe('RECOVERED');
  });
});

describe('what is refused', () => {
  it('refuses chunks out of order, twice with another content, and after the end', async () => {
    const r = await closed();
    const { sessionId } = r.recorder;
    await expect(alice.client.uploadChunk(sessionId, r.chunks[0]!)).rejects.toMatchObject({ refusal: 'not_found' });
    await alice.client.uploadOpen(sessionId, r.recorder.openEnvelope);
    await expect(alice.client.uploadChunk(sessionId, r.chunks[1]!)).rejects.toThrow(/chunk 0 comes next/);
    await alice.client.uploadChunk(sessionId, r.chunks[0]!);
    await expect(alice.client.uploadChunk(sessionId, { ...r.chunks[1]!, index: 0 })).rejects.toThrow(/another content/);
    await expect(alice.client.uploadClose(sessionId, 'close', r.close)).rejects.toMatchObject({ refusal: 'unprocessable' });
    await upload(r);
    await expect(alice.client.uploadChunk(sessionId, { ...r.chunks[1]!, index: r.chunks.length })).rejects.toThrow(/ended/);
  });

  it('refuses altered, shortened and foreign content and names the record', async () => {
    const r = await closed();
    const other = await closed();
    const { sessionId } = r.recorder;
    await alice.client.uploadOpen(sessionId, r.recorder.openEnvelope);
    const first = r.chunks[0]!;
    const refused = (chunk: ReceivedChunk, why: RegExp) => expect(alice.client.uploadChunk(sessionId, chunk)).rejects.toThrow(why);
    await refused(withText(first, (t) => t.replace('WHERE id = 3', 'WHERE id = 4')), /altered, record 9/);
    await refused(withText(first, (t) => t.replace(/^D.*\n/m, '')), /lacks the content/);
    await refused(withText(first, (t) => t.slice(0, -20)), /unprocessable|cut|middle|malformed/);
    await refused(withText(first, (t) => t.split('\n').filter((l) => !l.startsWith('R{"n":4,')).join('\n')), /dropped|altered/);
    await refused({ ...other.chunks[0]!, index: 0 }, /other_session|altered|dropped/);
    await refused({ ...first, sha256: '00'.repeat(32) }, /digest/);
    await refused({ ...first, sizeBytes: first.sizeBytes - 1 }, /gzip|unpacks/);
    await refused({ ...first, gzip: new Uint8Array([1, 2, 3]) }, /gzip/);
    await expect(alice.client.uploadChunk(sessionId, first)).resolves.toBeDefined();
  });

  it('refuses a second history of one session: the witness never signs a fork', async () => {
    const r = await closed();
    await upload(r);
    const { sessionId } = r.recorder;
    await expect(alice.client.uploadChunk(sessionId, withText(r.chunks[0]!, (t) => t.replace('WHERE id = 3', 'WHERE id = 4')))).rejects.toThrow(/another content/);
    await expect(alice.client.uploadOpen(sessionId, (await open()).openEnvelope)).rejects.toMatchObject({ refusal: 'unprocessable' });
    await expect(alice.client.uploadClose(sessionId, 'recovered', r.close)).rejects.toMatchObject({ refusal: 'conflict' });
  });

  it('refuses a fork even when the database has forgotten the chunk', async () => {
    const r = await closed();
    await alice.client.uploadOpen(r.recorder.sessionId, r.recorder.openEnvelope);
    const objects = join(store.dataDir, 'store', 'objects', 'recordings', r.recorder.sessionId, 'chunks');
    mkdirSync(objects, { recursive: true });
    writeFileSync(join(objects, '000000.ndjson.gz'), 'another history');
    await expect(alice.client.uploadChunk(r.recorder.sessionId, r.chunks[0]!)).rejects.toMatchObject({ refusal: 'conflict' });
    expect((await alice.client.getRecording(r.recorder.sessionId)).files.map((f) => f.name)).toEqual(['open.dsse.json']);
  });

  it('refuses the open of another device, another person and another store', async () => {
    const bob = await store.person('bob@example.com', []);
    const byBob = await open(bob);
    await expect(alice.client.uploadOpen(byBob.sessionId, byBob.openEnvelope)).rejects.toThrow(/wrong_device/);
    const asCarol = await open(alice, 'store.test', { sub: 'carol@example.com' });
    await expect(alice.client.uploadOpen(asCarol.sessionId, asCarol.openEnvelope)).rejects.toThrow(/another person/);
    const elsewhere = await open(alice, 'other.store');
    await expect(alice.client.uploadOpen(elsewhere.sessionId, elsewhere.openEnvelope)).rejects.toThrow(/origin/);
    const mine = await open();
    await expect(alice.client.uploadOpen(asCarol.sessionId, mine.openEnvelope)).rejects.toThrow(/another session/);
  });

  it('refuses chunks and ends of another device', async () => {
    const bob = await store.person('bob@example.com', []);
    const r = await closed();
    await alice.client.uploadOpen(r.recorder.sessionId, r.recorder.openEnvelope);
    await expect(bob.client.uploadChunk(r.recorder.sessionId, r.chunks[0]!)).rejects.toMatchObject({ refusal: 'not_found' });
    await expect(bob.client.uploadClose(r.recorder.sessionId, 'close', r.close)).rejects.toMatchObject({ refusal: 'not_found' });
  });

  it('refuses a gzip bomb without unpacking it', async () => {
    const recorder = await open();
    await alice.client.uploadOpen(recorder.sessionId, recorder.openEnvelope);
    const bomb = gzipChunk(Buffer.alloc(64 * 1024 * 1024));
    await expect(alice.client.uploadChunk(recorder.sessionId, { index: 0, gzip: bomb, sha256: '00'.repeat(32), sizeBytes: 1_000 })).rejects.toThrow(/unpacks to more/);
    await expect(alice.client.uploadChunk(recorder.sessionId, { index: 0, gzip: bomb, sha256: '00'.repeat(32), sizeBytes: 2 ** 31 - 1 })).rejects.toMatchObject({ refusal: 'too_large' });
  });
});

describe('who may read', () => {
  it('shows recordings to their owner and to auditors, and to nobody else', async () => {
    const r = await closed();
    await upload(r);
    const { sessionId } = r.recorder;
    const bob = await store.person('bob@example.com', ['engineering']);
    expect((await bob.client.listRecordings()).some((x) => x.session_id === sessionId)).toBe(false);
    for (const attempt of [() => bob.client.getRecording(sessionId), () => bob.client.getRecordingFile(sessionId, 'open.dsse.json'), () => bob.client.downloadSrz(sessionId)]) {
      await expect(attempt()).rejects.toMatchObject({ refusal: 'not_found' });
    }
    const auditor = createStoreClient({ url: store.url() });
    await auditor.signIn(await store.token('erin@example.com', ['audit']));
    expect((await auditor.listRecordings({ person: 'alice@example.com', connection: 'shop', state: 'closed' })).some((x) => x.session_id === sessionId)).toBe(true);
    expect(await auditor.listRecordings({ connection: 'nowhere' })).toEqual([]);
    expect(await auditor.listRecordings({ sinceMs: Date.now() + 3_600_000 })).toEqual([]);
    await auditor.downloadSrz(sessionId);
  });

  it('serves no file outside of the recording', async () => {
    const r = await closed();
    await upload(r);
    for (const name of ['../../seal.key', '..%2f..%2fseal.key', 'chunks/999999.ndjson.gz', 'nothing']) {
      await expect(alice.client.getRecordingFile(r.recorder.sessionId, name)).rejects.toMatchObject({ code: 'env.store' });
    }
    expect(readdirSync(join(store.dataDir, 'store', 'objects')).sort()).toEqual(['log', 'recordings']);
  });
});
