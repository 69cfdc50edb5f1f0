/**
 * Deletes recordings whose time is over, and leaves proof: an entry of the log says which session was deleted, what it
 * had been (digests, size, root), and why. What can still be shown afterwards is that statement and its place.
 */
import { z } from 'zod';
import type { Json } from '../../base/jcs.ts';
import type { SessionId } from '../../base/ids.ts';
import { sessionId } from '../../contract/store/index.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import { parseOpen } from '../../evidence/statements.ts';
import type { Database, Queries } from '../db/database.ts';
import { appendToLog, logStatement } from '../log/append.ts';
import { objectKey } from '../recordings/ingest.ts';
import { findRecording, type RecordingRow } from '../recordings/repository.ts';
import { forgetSession } from '../search/forget.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { classOf, daysOf, DEFAULT_CLASS, type RetentionConfig } from './config.ts';
import { isHeld } from './holds.ts';

const DAY_MS = 86_400_000;
/** Recordings that one round classifies, and deletes of each class; more wait for the next. */
const BATCH = 100;

const idRow = z.object({ session_id: sessionId });

/** Gives ended recordings their class. */
export async function classify(db: Database, config: RetentionConfig): Promise<number> {
  const row = z.object({ session_id: sessionId, open_envelope: z.string(), closed_ms: z.number() });
  const ended = await db.rows(row, "select r.session_id, r.open_envelope, r.closed_ms from recordings r where r.state <> 'open' and r.closed_ms is not null and not exists (select 1 from retention k where k.session_id = r.session_id) limit $1", [BATCH]);
  for (const r of ended) {
    const { target } = parseOpen(payloadJson(parseEnvelope(r.open_envelope, 'open')));
    await db.run('insert into retention (session_id, class, closed_ms) values ($1,$2,$3) on conflict (session_id) do nothing', [r.session_id, classOf(config, target.labels), r.closed_ms]);
  }
  return ended.length;
}

/** One round: classify, delete what is due, take away the objects of what is deleted. @returns sessions deleted */
export async function applyRetention(db: Database, objects: ObjectStore, config: RetentionConfig, nowMs: number): Promise<readonly SessionId[]> {
  await classify(db, config);
  const deleted: SessionId[] = [];
  for (const name of [DEFAULT_CLASS, ...config.classes.map((c) => c.name)]) {
    const days = daysOf(config, name);
    if (days === undefined) continue;
    const due = await db.rows(idRow, 'select k.session_id from retention k where k.class = $1 and k.closed_ms < $2 and not exists (select 1 from legal_holds h where h.session_id = k.session_id and h.released_ms is null) order by k.closed_ms limit $3', [name, nowMs - days * DAY_MS, BATCH]);
    for (const { session_id } of due) if (await db.transaction((tx) => deleteRecording(tx, session_id, { class: name, days }, nowMs))) deleted.push(session_id);
  }
  await removeObjects(db, objects, nowMs);
  return deleted;
}

/** The rows of a recording, in exchange for the statement that it was deleted. @returns false when a hold stands, or it is gone already */
async function deleteRecording(tx: Queries, session: SessionId, rule: { class: string; days: number }, nowMs: number): Promise<boolean> {
  const recording = await findRecording(tx, session, true);
  if (recording === undefined || recording.state === 'open' || (await isHeld(tx, session))) return false;
  const statement = logStatement('retention', nowMs, { session_id: session, ...rule, ...remembered(recording) });
  await appendToLog(tx, { kind: 'retention', envelope: statement, tMs: nowMs });
  await tx.run('insert into deletions (session_id, statement, deleted_ms) values ($1,$2,$3)', [session, statement, nowMs]);
  await forgetSession(tx, session);
  await tx.run('delete from redaction_signatures where redaction_id in (select id from redactions where session_id = $1)', [session]);
  await tx.run('delete from decisions where approval_id in (select id from approvals where session_id = $1)', [session]);
  for (const table of ['redactions', 'approvals', 'chunks', 'retention', 'recordings']) await tx.run(`delete from ${table} where session_id = $1`, [session]);
  return true;
}

/** What the recording was, without what it held: enough to recognise a copy of it for ever. */
const remembered = (r: RecordingRow): Record<string, Json> => ({ open_sha256: r.open_sha256, end_sha256: r.end_sha256 ?? '', state: r.state, size: r.size, root: r.root, closed_ms: r.closed_ms ?? 0 });

/** Objects go after the rows, and again until they are gone: under object lock that can take until the lock ends. */
async function removeObjects(db: Database, objects: ObjectStore, nowMs: number): Promise<void> {
  for (const { session_id } of await db.rows(idRow, 'select session_id from deletions where gone_ms is null order by deleted_ms limit $1', [BATCH])) {
    for (const { name } of await objects.list(objectKey(session_id, ''))) await objects.remove(objectKey(session_id, name));
    await db.run('update deletions set gone_ms = $2 where session_id = $1', [session_id, nowMs]);
  }
}

const deletionRow = z.object({ session_id: sessionId, statement: z.string(), deleted_ms: z.number(), gone_ms: z.number().nullable() });
export type DeletionRow = z.output<typeof deletionRow>;

export const findDeletion = (q: Queries, session: SessionId): Promise<DeletionRow | undefined> => q.first(deletionRow, 'select session_id, statement, deleted_ms, gone_ms from deletions where session_id = $1', [session]);

export const listDeletions = (q: Queries, limit = 500): Promise<DeletionRow[]> => q.rows(deletionRow, 'select session_id, statement, deleted_ms, gone_ms from deletions order by deleted_ms desc limit $1', [limit]);
