/** Recordings of a test person in a test store: made, uploaded, downloaded. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../base/clock.ts';
import type { SessionId } from '../base/ids.ts';
import { nextChunk } from '../evidence/chunks.ts';
import { SessionRecorder } from '../evidence/write.ts';
import { openInput, recordSession } from './evidence-session.ts';
import type { Person, TestStore } from './store-harness.ts';

export interface RecordedSession {
  readonly id: SessionId;
  readonly dir: string;
  readonly openEnvelope: string;
  readonly recorder: SessionRecorder;
}

/** Opens a recording by that person's device; numbers and links go on from the device's recordings before. */
export async function openSession(store: TestStore, by: Person): Promise<RecordedSession> {
  const { principal } = by.identity;
  const recorder = await SessionRecorder.open({
    dir: join(store.dataDir, 'test-spool', by.device.deviceId),
    store: 'store.test',
    open: { ...openInput, user: { ...openInput.user, iss: principal.issuer, sub: principal.subject, name: principal.name } },
    device: by.device,
    clock: store.clock,
    random: systemRandom,
    onFailure: (e) => {
      throw e;
    },
  });
  return { id: recorder.sessionId, dir: recorder.dir, openEnvelope: recorder.openEnvelope, recorder };
}

/** A closed recording that the store has whole. */
export async function uploadedSession(store: TestStore, by: Person, statements = 3): Promise<RecordedSession> {
  const session = await openSession(store, by);
  await by.client.uploadOpen(session.id, session.openEnvelope);
  await recordSession(session.recorder, statements);
  await session.recorder.close({ reason: 'client disconnected' });
  await uploadRest(by, session);
  return session;
}

/** Chunks and close of a session whose open the store has. */
export async function uploadRest(by: Person, session: RecordedSession): Promise<void> {
  for (let at = 0; ; ) {
    const chunk = await nextChunk(session.dir, at, { minBytes: 2_000, flush: true });
    if (chunk === undefined) break;
    await by.client.uploadChunk(session.id, chunk);
    at = chunk.toByte;
  }
  await by.client.uploadClose(session.id, 'close', readFileSync(join(session.dir, 'close.dsse.json'), 'utf8'));
}

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'sallyport-test-'));
