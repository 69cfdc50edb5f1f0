/** One search: its page, where it goes on, and counts for narrowing it. */
import type { z } from 'zod';
import type { searchBody, SearchReply } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import { cursorOf, parseCursor, type Place } from './cursor.ts';
import { FACET_MATCHES, facetsOf } from './facets.ts';
import { asked, type Scope } from './filters.ts';
import { hitsAt } from './hits.ts';
import { indexCounts } from './jobs.ts';
import { type FoundRow, scan, type ScanResult } from './scan.ts';

const placeOf = (r: FoundRow): Place => ({ atMs: r.at_ms, sid: r.sid, n: r.n });

/**
 * @param nowMs a clock for the search's time limit only
 * @throws StoreError bad_request for a text without words and for a foreign cursor
 */
export async function find(q: Queries, body: z.output<typeof searchBody>, scope: Scope, nowMs: () => number): Promise<SearchReply> {
  const { cursor, limit, facets, ...filters } = body;
  const after = cursor === undefined ? undefined : parseCursor(cursor, filters);
  const what = await asked(q, filters, scope);
  const wanted = facets ? Math.max(FACET_MATCHES, limit + 1) : limit + 1;
  const result: ScanResult = what === undefined ? { rows: [], stoppedAt: undefined } : await scan(q, what, { after, limit: wanted, nowMs });
  const page = result.rows.slice(0, limit);
  const hits = await hitsAt(q, page.map(placeOf), { terms: what?.terms ?? [], contains: what?.contains });
  const last = page.at(-1);
  const more = result.rows.length > limit && last !== undefined ? placeOf(last) : result.stoppedAt;
  return {
    hits,
    ...(more === undefined ? {} : { next_cursor: cursorOf(more, filters) }),
    ...(result.stoppedAt === undefined || result.rows.length > limit ? {} : { searched_back_to_ms: result.stoppedAt.atMs }),
    ...(facets ? { facets: await facetsOf(q, result.rows, result.rows.length < wanted && result.stoppedAt === undefined) } : {}),
    index: await indexState(q),
  };
}

export async function indexState(q: Queries): Promise<SearchReply['index']> {
  const { pending, failed, oldestPendingMs } = await indexCounts(q);
  return { pending_chunks: pending, failed_chunks: failed, ...(oldestPendingMs === undefined ? {} : { oldest_pending_ms: oldestPendingMs }) };
}
