/** What leaves the index when content leaves a recording. */
import type { SessionId } from '../../base/ids.ts';
import type { Queries } from '../db/database.ts';
import { requeue } from './jobs.ts';

export interface ForgottenItem {
  readonly n: number;
  readonly field: string;
}

/**
 * Forgets content that a redaction removed, in the redaction's own transaction: from its commit on no search finds it.
 * A text can stand in several rows of the index, so the session leaves it whole and is indexed again, without these
 * fields, whether the objects have been rewritten by then or not.
 */
export async function forgetDisclosures(tx: Queries, session: SessionId, items: readonly ForgottenItem[], nowMs: number): Promise<void> {
  await tx.run(
    `insert into search_forgotten (session_id, n, field)
     select $1, r.n, r.field from jsonb_to_recordset($2::jsonb) as r(n integer, field text) on conflict do nothing`,
    [session, JSON.stringify(items.map(({ n, field }) => ({ n, field })))],
  );
  await requeue(tx, session, nowMs);
}

/** Takes a session out of the index for good: its recording is being deleted. To be called before that. */
export async function forgetSession(tx: Queries, session: SessionId): Promise<void> {
  await tx.run('delete from search_chunks where session_id = $1', [session]);
  for (const table of ['search_statements', 'search_marks', 'search_texts']) await tx.run(`delete from ${table} where sid = (select sid from search_sessions where session_id = $1)`, [session]);
  await tx.run('delete from search_sessions where session_id = $1', [session]);
  await tx.run('delete from search_forgotten where session_id = $1', [session]);
}
