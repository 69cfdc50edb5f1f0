/** One session over HTTP, from the index. People see their own, auditors all; each look is in the audit trail. */
import { recordingParams, sessionSummary, statementDetail, statementParams, timelineQuery, timelineReply, watcherList, watchersQuery } from '../../contract/store/index.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { readable } from '../recordings/routes.ts';
import { hitsAt, placeOfStatement } from './hits.ts';
import { summary } from './summary.ts';
import { eventsAbout, timeline } from './timeline.ts';
import { watchers } from './watchers.ts';

export function sessionRoutes(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session/summary',
    auth: 'user',
    action: 'recording.summary',
    params: recordingParams,
    reply: json(sessionSummary),
    handler: (ctx) => ctx.commit(ctx.params.session, async (tx) => summary(tx, await readable(tx, ctx.params.session, ctx.user))),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session/timeline',
    auth: 'user',
    action: 'recording.timeline',
    params: recordingParams,
    query: timelineQuery,
    reply: json(timelineReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.session, async (tx) => {
        const recording = await readable(tx, ctx.params.session, ctx.user);
        return timeline(tx, recording.session_id, ctx.query);
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session/statements/:n',
    auth: 'user',
    action: 'recording.statement',
    params: statementParams,
    reply: json(statementDetail),
    handler: (ctx) =>
      ctx.commit(`${ctx.params.session}/${ctx.params.n}`, async (tx) => {
        const { session_id } = await readable(tx, ctx.params.session, ctx.user);
        const place = await placeOfStatement(tx, session_id, ctx.params.n);
        const [hit] = place === undefined ? [] : await hitsAt(tx, [place], { terms: [], contains: undefined });
        if (hit === undefined) throw new StoreError('not_found', 'no such statement, or it is not indexed yet');
        return { hit, events: await eventsAbout(tx, session_id, ctx.params.n) };
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session/watchers',
    auth: 'user',
    action: 'recording.watchers',
    params: recordingParams,
    query: watchersQuery,
    reply: json(watcherList),
    handler: (ctx) => ctx.commit(ctx.params.session, (tx) => watchers(tx, ctx.params.session, { limit: ctx.query.limit, before: ctx.query.before })),
  });
}
