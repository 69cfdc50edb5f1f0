/**
 * Which chunks wait for the index. A chunk gets its row in the transaction that takes it; whichever store process has
 * time indexes it, the chunks of one session in their order. A process that dies loses its lease, not the work.
 */
import { z } from 'zod';
import type { SessionId } from '../../base/ids.ts';
import { sessionId } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';

/** Longer than the largest chunk takes. */
const LEASE_MS = 60_000;
/** A chunk that fails for another reason than its content is tried again, once in a lease. */
export const ATTEMPTS_MAX = 50;

export interface ChunkJob {
  readonly session_id: SessionId;
  readonly idx: number;
  /** Raised when the session is to be indexed anew: what was read before counts no more. */
  readonly generation: number;
  readonly attempts: number;
}
const job = z.object({ session_id: sessionId, idx: z.number(), generation: z.number(), attempts: z.number() });

/** One row, in the transaction that took the chunk. The index is made later: an upload does not wait for it. */
export async function queueForSearch(tx: Queries, session: SessionId, index: number, nowMs: number): Promise<void> {
  await tx.run("insert into search_chunks (session_id, idx, state, queued_ms) values ($1, $2, 'pending', $3) on conflict do nothing", [session, index, nowMs]);
}

/** Takes the oldest chunk whose forerunners in its session are done. */
export function claim(q: Queries, nowMs: number): Promise<ChunkJob | undefined> {
  return q.first(
    job,
    `update search_chunks set taken_ms = $1, attempts = attempts + 1
     where (session_id, idx) = (
       select c.session_id, c.idx from search_chunks c
       where c.state = 'pending' and c.taken_ms < $2
         and not exists (select from search_chunks e where e.session_id = c.session_id and e.idx < c.idx and e.state = 'pending')
       order by c.queued_ms, c.session_id, c.idx limit 1 for update skip locked)
     returning session_id, idx, generation, attempts`,
    [nowMs, nowMs - LEASE_MS],
  );
}

/** Locks the job's row; false when it has been done by another, or is to be done anew. */
export async function stillMine(tx: Queries, j: ChunkJob): Promise<boolean> {
  return (await tx.first(z.object({ idx: z.number() }), "select idx from search_chunks where session_id = $1 and idx = $2 and generation = $3 and state = 'pending' for update", [j.session_id, j.idx, j.generation])) !== undefined;
}

export async function done(tx: Queries, j: ChunkJob, firstN: number | undefined): Promise<void> {
  await tx.run("update search_chunks set state = 'done', reason = '', first_n = $3 where session_id = $1 and idx = $2", [j.session_id, j.idx, firstN ?? null]);
}

/** Given up: the recording stays what it is, only search does not know this part of it. */
export async function failed(q: Queries, j: ChunkJob, reason: string): Promise<void> {
  await q.run("update search_chunks set state = 'failed', reason = $4 where session_id = $1 and idx = $2 and generation = $3", [j.session_id, j.idx, j.generation, reason.slice(0, 500)]);
}

/** Says why the last attempt did not work; it is made again when the lease has ended. */
export async function postponed(q: Queries, j: ChunkJob, reason: string): Promise<void> {
  await q.run('update search_chunks set reason = $4 where session_id = $1 and idx = $2 and generation = $3', [j.session_id, j.idx, j.generation, reason.slice(0, 500)]);
}

/**
 * Takes one session, or everything, out of the index and queues its chunks again, those of before this index existed
 * too. In the caller's transaction: nothing of it is found from its commit on, until it is indexed anew.
 * @returns number of chunks that wait now
 */
export async function requeue(tx: Queries, session: SessionId | undefined, nowMs: number): Promise<number> {
  const only = session ?? null;
  // The job rows first: an indexer holds one while it writes, and its rows are then here to be deleted.
  await tx.run(
    `insert into search_chunks (session_id, idx, state, queued_ms)
     select session_id, idx, 'pending', $2 from chunks where $1::text is null or session_id = $1
     on conflict (session_id, idx) do update set state = 'pending', generation = search_chunks.generation + 1, taken_ms = 0, attempts = 0, reason = '', queued_ms = excluded.queued_ms`,
    [only, nowMs],
  );
  const mine = 'sid in (select sid from search_sessions where $1::text is null or session_id = $1)';
  for (const table of ['search_statements', 'search_marks', 'search_texts']) await tx.run(`delete from ${table} where ${mine}`, [only]);
  const count = await tx.first(z.object({ n: z.number() }), "select count(*)::int as n from search_chunks where state = 'pending' and ($1::text is null or session_id = $1)", [only]);
  return count?.n ?? 0;
}

/** When the newest of the chunks that wait came. */
export async function newestPendingMs(q: Queries): Promise<number | undefined> {
  return (await q.first(z.object({ queued_ms: z.number() }), "select queued_ms from search_chunks where state = 'pending' order by queued_ms desc limit 1"))?.queued_ms;
}

export interface IndexCounts {
  readonly pending: number;
  readonly failed: number;
  readonly oldestPendingMs: number | undefined;
}
const counts = z.object({ pending: z.number(), failed: z.number(), oldest: z.number().nullable() });

/** Cheap: only rows that are not done are read. */
export async function indexCounts(q: Queries): Promise<IndexCounts> {
  const row = await q.first(
    counts,
    "select count(*) filter (where state = 'pending')::int as pending, count(*) filter (where state = 'failed')::int as failed, min(queued_ms) filter (where state = 'pending') as oldest from search_chunks where state <> 'done'",
  );
  return { pending: row?.pending ?? 0, failed: row?.failed ?? 0, oldestPendingMs: row?.oldest ?? undefined };
}
