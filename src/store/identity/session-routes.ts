/** Sessions that people can see and end: their own, administrators all. */
import { emptyReply, endSessionsBody, endSessionsReply, sessionList, sessionParams, sessionQuery } from '../../contract/store/index.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { ownedBy } from './authorization/authorizer.ts';
import { endSession, endSessionsOf, listSessions } from './sessions.ts';

export function sessionRoutes(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/sessions',
    auth: 'user',
    action: 'session.list',
    query: sessionQuery,
    reply: json(sessionList),
    handler: (ctx) =>
      ctx.commit(ctx.query.all === 'true' ? 'all sessions' : 'own sessions', async (tx) => {
        const all = ctx.query.all === 'true';
        if (all && !ctx.may({ own: false })) throw new StoreError('forbidden', 'the sessions of others are for administrators');
        return { sessions: await listSessions(tx, all ? undefined : ctx.user, ctx.clock.nowMs(), ctx.user.sessionId) };
      }),
  });
  route({
    ...none,
    method: 'DELETE',
    path: '/v1/sessions/:id',
    auth: 'user',
    action: 'session.end',
    params: sessionParams,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.id, async (tx) => {
        if ((await endSession(tx, ctx.params.id, ctx.may({ own: false }) ? undefined : ctx.user)) !== 1) throw new StoreError('not_found', 'no such session');
        return {};
      }),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/sessions/end',
    auth: 'user',
    action: 'session.end_all',
    body: endSessionsBody,
    reply: json(endSessionsReply),
    handler: (ctx) =>
      ctx.commit(
        `${ctx.body.iss} ${ctx.body.sub}`,
        async (tx) => {
          const relation = ownedBy(ctx.body, ctx.user);
          if (!ctx.may(relation)) throw new StoreError('forbidden', 'the sessions of others are for administrators');
          return { ended: await endSessionsOf(tx, ctx.body, relation.own ? ctx.user.sessionId : undefined) };
        },
        { detail: (r) => `${r.ended} ended` },
      ),
  });
}
