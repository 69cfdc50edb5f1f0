/** Search over HTTP. Auditors find everything, others what they did themselves; every search is in the audit trail. */
import { z } from 'zod';
import { reindexBody, reindexReply, searchBody, searchReply, searchStatus, sessionId } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import type { User } from '../http/context.ts';
import { json, none, type Router } from '../http/route.ts';
import type { Scope } from './filters.ts';
import { find, indexState } from './find.ts';
import { requeue } from './jobs.ts';
import { savedSearchRoutes } from './saved.ts';
import { trigramIndex } from './scan.ts';
import { sessionRoutes } from './session-routes.ts';

export function searchRoutes(route: Router): void {
  savedSearchRoutes(route);
  sessionRoutes(route);
  route({
    ...none,
    method: 'POST',
    path: '/v1/search',
    auth: 'user',
    action: 'search',
    body: searchBody,
    reply: json(searchReply),
    handler: (ctx) => ctx.commit('recordings', (tx) => find(tx, ctx.body, scopeOf(ctx.user), () => performance.now()), { detail: JSON.stringify(ctx.body) }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/search/status',
    auth: 'user',
    action: 'search.status',
    reply: json(searchStatus),
    handler: (ctx) => ctx.commit('search', status),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/search/reindex',
    auth: 'user',
    action: 'search.reindex',
    body: reindexBody,
    reply: json(reindexReply),
    handler: (ctx) => ctx.commit(ctx.body.session ?? 'recordings', async (tx) => ({ queued_chunks: await requeue(tx, ctx.body.session, ctx.clock.nowMs()) }), { detail: (r) => `${r.queued_chunks} chunks` }),
  });
}

export const scopeOf = (user: User): Scope => ({ owner: user.may('recording.read', { own: false }) ? undefined : user });

const FAILURES_SHOWN = 100;

async function status(tx: Queries): Promise<z.output<typeof searchStatus>> {
  const about = await tx.first(
    z.object({ sessions: z.number(), statements: z.number() }),
    `select (select count(*)::int from search_sessions) as sessions,
       (select coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'search_statements'::regclass) as statements`,
  );
  const failures = await tx.rows(
    z.object({ session_id: sessionId, chunk: z.number(), reason: z.string() }),
    "select session_id, idx as chunk, reason from search_chunks where state <> 'done' and reason <> '' order by queued_ms limit $1",
    [FAILURES_SHOWN],
  );
  return { ...(await indexState(tx)), sessions: about?.sessions ?? 0, statements_about: Math.round(about?.statements ?? 0), contains: (await trigramIndex(tx)) ? 'trigram' : 'scan', failures };
}
