/** The work that goes on behind retention: content of signed redactions leaves the objects, recordings whose time is over go. */
import { z } from 'zod';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { gzipChunk } from '../../evidence/chunks.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { withoutContents } from '../../evidence/redact.ts';
import { chunkName } from '../../evidence/source.ts';
import type { Database } from '../db/database.ts';
import { objectKey } from '../recordings/ingest.ts';
import { findRecording } from '../recordings/repository.ts';
import type { ObjectStore } from '../storage/objects.ts';
import type { RetentionConfig } from './config.ts';
import { applyRetention } from './delete.ts';
import { findRedaction, statementOf, unpackedChunk } from './redactions.ts';

const EVERY_MS = 60_000;

export interface RetentionPorts {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly config: RetentionConfig;
  readonly onProblem: (message: string) => void;
}

/** Takes the content of redactions in force out of the objects. Harmless twice; what fails is tried again. */
export async function finishRedactions({ db, objects, clock }: Pick<RetentionPorts, 'db' | 'objects' | 'clock'>): Promise<void> {
  const waiting = await db.rows(z.object({ id: z.string() }), "select id from redactions where state = 'signed' order by proposed_ms limit 100");
  for (const { id } of waiting) {
    await db.transaction(async (tx) => {
      const redaction = await findRedaction(tx, id, true);
      if (redaction?.state !== 'signed') return;
      const session = redaction.session_id;
      const recording = await findRecording(tx, session, true);
      for (let index = 0; index < (recording?.chunks ?? 0); index++) {
        const left = withoutContents(await unpackedChunk(objects, session, index), statementOf(redaction).items, nodeSha256);
        const key = objectKey(session, chunkName(index));
        if (left !== undefined) await objects.replace(key, gzipChunk(left));
        await objects.removeEarlier(key);
      }
      await tx.run("update redactions set state = 'done', done_ms = $2 where id = $1", [id, clock.nowMs()]);
    });
  }
}

/** Runs now and then until the returned function is called. */
export function startRetention(p: RetentionPorts): () => Promise<void> {
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(async () => {
      try {
        await finishRedactions(p);
        await applyRetention(p.db, p.objects, p.config, p.clock.nowMs());
      } catch (error) {
        p.onProblem(`retention: ${messageOf(error)}`);
      }
    });
  }, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
