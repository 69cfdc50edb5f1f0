/** Redaction, legal hold and retention over HTTP. */
import { z } from 'zod';
import { deletionList, emptyReply, holdBody, recordingParams, redactionBody, redactionList, redactionParams, redactionQuery, redactionSignature, redactionView, retentionView } from '../../contract/store/index.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { findRecording } from '../recordings/repository.ts';
import { daysOf } from './config.ts';
import { findDeletion, listDeletions } from './delete.ts';
import { holdsOf, isHeld, placeHold, releaseHold } from './holds.ts';
import { finishRedactions, type RetentionPorts } from './job.ts';
import { findRedaction, listRedactions, propose, sign, viewOf, withdraw } from './redactions.ts';

const SIGNATURE_LIMIT_BYTES = 12 * 1024 * 1024;
const DAY_MS = 86_400_000;

export function retentionRoutes(route: Router, p: RetentionPorts): void {
  redactionRoutes(route, p);
  holdRoutes(route);
  viewRoutes(route, p);
}

function redactionRoutes(route: Router, p: RetentionPorts): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/recordings/:session/redactions',
    auth: 'user',
    action: 'redaction.propose',
    params: recordingParams,
    body: redactionBody,
    reply: json(redactionView),
    handler: (ctx) =>
      ctx.commit(
        ctx.params.session,
        async (tx) => {
          const { items, legal_basis, ticket } = ctx.body;
          const redaction = await propose(tx, p.objects, { session: ctx.params.session, wanted: items, legalBasis: legal_basis, ticket, user: ctx.user, nowMs: ctx.clock.nowMs() });
          return viewOf(tx, redaction, ctx.user);
        },
        { detail: (view) => `${view.id}: ${view.items.length} contents, ticket ${view.ticket}` },
      ),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/redactions/:id/signatures',
    auth: 'user',
    action: 'redaction.sign',
    params: redactionParams,
    body: redactionSignature,
    bodyLimitBytes: SIGNATURE_LIMIT_BYTES,
    reply: json(redactionView),
    handler: async (ctx) => {
      const view = await ctx.commit(
        ctx.params.id,
        async (tx) => viewOf(tx, await sign(tx, p.objects, { id: ctx.params.id, envelope: ctx.body.envelope, user: ctx.user, nowMs: ctx.clock.nowMs() }), ctx.user),
        { detail: (v) => `now ${v.state}` },
      );
      if (view.state !== 'signed') return view;
      await finishRedactions(p);
      const done = await findRedaction(ctx.db, view.id);
      return { ...view, state: done?.state ?? view.state };
    },
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/redactions/:id/withdraw',
    auth: 'user',
    action: 'redaction.withdraw',
    params: redactionParams,
    reply: json(redactionView),
    handler: (ctx) => ctx.commit(ctx.params.id, async (tx) => viewOf(tx, await withdraw(tx, ctx.params.id), ctx.user)),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/redactions',
    auth: 'user',
    action: 'redaction.list',
    query: redactionQuery,
    reply: json(redactionList),
    handler: (ctx) =>
      ctx.commit('redactions', async (tx) => {
        const redactions = [];
        for (const r of await listRedactions(tx, { state: ctx.query.state })) redactions.push(await viewOf(tx, r, ctx.user));
        return { redactions };
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/redactions/:id',
    auth: 'user',
    action: 'redaction.show',
    params: redactionParams,
    reply: json(redactionView),
    handler: (ctx) =>
      ctx.commit(ctx.params.id, async (tx) => {
        const redaction = await findRedaction(tx, ctx.params.id);
        if (redaction === undefined) throw new StoreError('not_found', 'no such redaction');
        return viewOf(tx, redaction, ctx.user);
      }),
  });
}

function holdRoutes(route: Router): void {
  for (const [method, action, change] of [['PUT', 'hold.place', placeHold], ['DELETE', 'hold.release', releaseHold]] as const) {
    route({
      ...none,
      method,
      path: '/v1/recordings/:session/hold',
      auth: 'user',
      action,
      params: recordingParams,
      body: holdBody,
      reply: json(emptyReply),
      handler: (ctx) =>
        ctx.commit(
          ctx.params.session,
          async (tx) => {
            await change(tx, { session: ctx.params.session, reason: ctx.body.reason, user: ctx.user, nowMs: ctx.clock.nowMs() });
            return {};
          },
          { detail: ctx.body.reason },
        ),
    });
  }
}

function viewRoutes(route: Router, p: RetentionPorts): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/recordings/:session/retention',
    auth: 'user',
    action: 'retention.show',
    params: recordingParams,
    reply: json(retentionView),
    handler: (ctx) =>
      ctx.commit(ctx.params.session, async (tx) => {
        const { session } = ctx.params;
        const recording = await findRecording(tx, session);
        if (recording === undefined) throw await gone(tx, session);
        const kept = await tx.first(z.object({ class: z.string(), closed_ms: z.number() }), 'select class, closed_ms from retention where session_id = $1', [session]);
        const days = kept === undefined ? undefined : daysOf(p.config, kept.class);
        const redactions = [];
        for (const r of await listRedactions(tx, { session })) redactions.push(await viewOf(tx, r, ctx.user));
        return {
          session_id: session,
          ...(kept === undefined ? {} : { class: kept.class }),
          ...(kept === undefined || days === undefined ? {} : { delete_after_ms: kept.closed_ms + days * DAY_MS }),
          ...{ held: await isHeld(tx, session), holds: await holdsOf(tx, session), redactions },
        };
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/deletions',
    auth: 'user',
    action: 'retention.deletions',
    reply: json(deletionList),
    handler: (ctx) => ctx.commit('deletions', async (tx) => ({ deletions: (await listDeletions(tx)).map((d) => ({ session_id: d.session_id, statement: d.statement, deleted_ms: d.deleted_ms, complete: d.gone_ms !== null })) })),
  });
}

async function gone(...[q, session]: Parameters<typeof findDeletion>): Promise<StoreError> {
  const deletion = await findDeletion(q, session);
  if (deletion === undefined) return new StoreError('not_found', 'no such recording');
  return new StoreError('gone', `the recording was deleted at ${new Date(deletion.deleted_ms).toISOString()}, when its time was over: the log has the statement`);
}
