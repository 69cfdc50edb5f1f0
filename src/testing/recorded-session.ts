/** A recording of given records, uploaded to a test store as the app does it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../base/clock.ts';
import type { SessionId } from '../base/ids.ts';
import { nextChunk } from '../evidence/chunks.ts';
import type { RecordInput } from '../evidence/record.ts';
import { SessionRecorder } from '../evidence/write.ts';
import { openInput } from './evidence-session.ts';
import type { Person, TestStore } from './store-harness.ts';

/** Records, closes and uploads; chunks of at least `minBytes`. */
export async function uploadSession(store: TestStore, by: Person, records: readonly RecordInput[], minBytes = 2_000): Promise<SessionId> {
  const spool = mkdtempSync(join(tmpdir(), 'sallyport-test-spool-'));
  try {
    const { principal } = by.identity;
    const recorder = await SessionRecorder.open({
      dir: join(spool, by.device.deviceId),
      store: 'store.test',
      open: { ...openInput, user: { ...openInput.user, iss: principal.issuer, sub: principal.subject, name: principal.name } },
      device: by.device,
      clock: store.clock,
      random: systemRandom,
      onFailure: (e) => {
        throw e;
      },
    });
    for (const [i, r] of records.entries()) {
      recorder.append(r);
      if (i % 5 === 4) recorder.checkpoint();
    }
    await recorder.sync();
    await recorder.close({ reason: 'client disconnected' });
    const { sessionId } = recorder;
    await by.client.uploadOpen(sessionId, recorder.openEnvelope);
    for (let at = 0; ; ) {
      const chunk = await nextChunk(recorder.dir, at, { minBytes });
      if (chunk === undefined) break;
      await by.client.uploadChunk(sessionId, chunk);
      at = chunk.toByte;
    }
    await by.client.uploadClose(sessionId, 'close', readFileSync(join(recorder.dir, 'close.dsse.json'), 'utf8'));
    return sessionId;
  } finally {
    rmSync(spool, { recursive: true, force: true });
  }
}

/** One SELECT that ran: two records. `n` is the number of the first. */
export const ranStatement = (n: number, sql: string): RecordInput[] => [
  { kind: 'sql.query', clear: { dec: 'allow', pol: ['access'], verb: ['SELECT'], bytes: sql.length }, fields: [{ name: 'sql', value: sql }] },
  { kind: 'sql.result', clear: { q: n, i: 0, tag: 'SELECT 1', us: 500, rows: 1, bytes: 20, kept: 1, mask: ['email:email'], hits: ['email:1'] }, fields: [{ name: 'columns', value: ['email'] }, { name: 'rows', value: [['tok_1']] }] },
];
