/** Approvals over HTTP: asked by devices, seen and decided by people, waited for by the proxy. */
import type { z } from 'zod';
import { MalformedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import {
  approvalBody,
  approvalCreated,
  approvalList,
  approvalParams,
  approvalQuery,
  approvalView,
  approverKeys,
  decisionBody,
  emptyReply,
  waitQuery,
  waitReply,
} from '../../contract/store/index.ts';
import { type ApprovalRequest, approvalRequestBytes, parseApprovalRequest } from '../../evidence/approval.ts';
import { fromBase64, fromUtf8 } from '../../base/encoding.ts';
import { sha256Hex } from '../crypto/keys.ts';
import type { Queries } from '../db/database.ts';
import { allDevices } from '../devices/routes.ts';
import type { ProvenDevice, User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { ownedBy } from '../identity/authorization/authorizer.ts';
import { isApprover, isRequester, takeDecision } from './decide.ts';
import { type ApprovalRow, closeApproval, decisionsOf, expireDue, findApproval, insertApproval, isNonceUsed, recentApprovals } from './repository.ts';
import { waitForChange } from './wait.ts';

const REQUEST_LIMIT_BYTES = 8 * 1024 * 1024;
/** Longest time that a request may stay open, over the product's own limit for clock differences. */
const MAX_TTL_MS = limits.approvalTtlMs + 24 * 3_600_000;

export function approvalRoutes(route: Router): void {
  askRoute(route);
  readRoutes(route);
  decideRoute(route);
  waitRoute(route);
  cancelRoute(route);
  keysRoute(route);
}

function askRoute(route: Router): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/approvals',
    auth: 'device',
    action: 'approval.request',
    body: approvalBody,
    bodyLimitBytes: REQUEST_LIMIT_BYTES,
    reply: json(approvalCreated),
    handler: (ctx) => {
      const request = parsedRequest(ctx.body.request);
      const nowMs = ctx.clock.nowMs();
      checkRequest(request, ctx.device, nowMs);
      const text = fromUtf8(approvalRequestBytes(request));
      const digest = sha256Hex(text);
      return ctx.commit(
        request.id,
        async (tx) => {
          await expireDue(tx, ctx.hub, nowMs);
          const existing = await findApproval(tx, request.id, true);
          if (existing !== undefined) {
            if (existing.request_sha256 !== digest) throw new StoreError('conflict', 'another request has this id');
            return { id: existing.id, request_sha256: digest, state: existing.state };
          }
          if (await isNonceUsed(tx, request.nonce)) throw new StoreError('conflict', 'another request has this nonce');
          await insertApproval(tx, request, text, digest, nowMs);
          await ctx.hub.publish(tx, { type: 'approval', id: request.id, state: 'pending', decisions: 0 });
          return { id: request.id, request_sha256: digest, state: 'pending' as const };
        },
        { detail: `session ${request.session_id} connection ${request.connection} statement ${request.statement_sha256}` },
      );
    },
  });
}

function parsedRequest(value: unknown): ApprovalRequest {
  try {
    return parseApprovalRequest(value);
  } catch (error) {
    if (error instanceof MalformedError) throw new StoreError('bad_request', error.message, { cause: error });
    throw error;
  }
}

function checkRequest(request: ApprovalRequest, device: ProvenDevice, nowMs: number): void {
  if (request.device_id !== device.deviceId) throw new StoreError('forbidden', 'the request names another device');
  if (request.requester.iss !== device.owner.iss || request.requester.sub !== device.owner.sub) throw new StoreError('forbidden', 'the request names another person than the owner of this device');
  if (request.expires_ms <= nowMs) throw new StoreError('unprocessable', 'the request has expired already');
  if (request.expires_ms - nowMs > MAX_TTL_MS) throw new StoreError('unprocessable', 'the request stays open for too long');
  if (request.approvers.length === 0) throw new StoreError('unprocessable', 'the request names no group of approvers');
}

function readRoutes(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/approvals',
    auth: 'user',
    action: 'approval.list',
    query: approvalQuery,
    reply: json(approvalList),
    handler: (ctx) =>
      ctx.commit(ctx.query.scope, async (tx) => {
        await expireDue(tx, ctx.hub, ctx.clock.nowMs());
        const { scope, state, limit } = ctx.query;
        const wanted = (await recentApprovals(tx, state)).filter((a) => {
          const mine = isRequester(a, ctx.user);
          const inbox = isApprover(a, ctx.user);
          return scope === 'mine' ? mine : scope === 'inbox' ? inbox : ctx.may({ own: mine, named: inbox });
        });
        const views = [];
        for (const a of wanted.slice(0, limit)) views.push(await viewOf(tx, a, ctx.user));
        return { approvals: views };
      }),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/approvals/:id',
    auth: 'user',
    action: 'approval.show',
    params: approvalParams,
    reply: json(approvalView),
    handler: (ctx) =>
      ctx.commit(ctx.params.id, async (tx) => {
        await expireDue(tx, ctx.hub, ctx.clock.nowMs());
        const found = await findApproval(tx, ctx.params.id);
        if (found === undefined || !ctx.may({ own: isRequester(found, ctx.user), named: isApprover(found, ctx.user) })) throw new StoreError('not_found', 'no such approval');
        return viewOf(tx, found, ctx.user);
      }),
  });
}

async function viewOf(q: Queries, a: ApprovalRow, user: User): Promise<z.output<typeof approvalView>> {
  const decisions = await decisionsOf(q, a.id);
  const decided = decisions.some((d) => d.iss === user.iss && d.sub === user.sub);
  const view = {
    id: a.id,
    state: a.state,
    request: a.request,
    request_sha256: a.request_sha256,
    decisions: decisions.map((d) => ({ envelope: d.envelope })),
    may_decide: a.state === 'pending' && isApprover(a, user) && !decided,
    created_ms: a.created_ms,
  };
  return a.closed_ms === null ? view : { ...view, closed_ms: a.closed_ms };
}

function decideRoute(route: Router): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/approvals/:id/decisions',
    auth: 'user',
    action: 'approval.decide',
    params: approvalParams,
    body: decisionBody,
    reply: json(approvalView),
    handler: async (ctx) => {
      const nowMs = ctx.clock.nowMs();
      // In its own transaction: a refused decision must not undo the expiry that refused it.
      await ctx.db.transaction((tx) => expireDue(tx, ctx.hub, nowMs));
      return ctx.commit(
        ctx.params.id,
        async (tx) => viewOf(tx, await takeDecision(tx, ctx.hub, { id: ctx.params.id, envelope: ctx.body.envelope, user: ctx.user, nowMs }), ctx.user),
        { detail: (view) => `now ${view.state}` },
      );
    },
  });
}

function waitRoute(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/approvals/:id/wait',
    auth: 'device',
    action: 'approval.wait',
    params: approvalParams,
    query: waitQuery,
    reply: json(waitReply),
    handler: (ctx) => waitForChange(ctx),
  });
}

function cancelRoute(route: Router): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/approvals/:id/cancel',
    auth: 'either',
    action: 'approval.cancel',
    params: approvalParams,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.id, async (tx) => {
        const nowMs = ctx.clock.nowMs();
        await expireDue(tx, ctx.hub, nowMs);
        const found = await findApproval(tx, ctx.params.id, true);
        if (found === undefined || !ctx.may(ownedBy(found, ctx.person))) throw new StoreError('not_found', 'no such approval');
        if (found.state !== 'pending') return {};
        await closeApproval(tx, found.id, 'cancelled', '', nowMs);
        await ctx.hub.publish(tx, { type: 'approval', id: found.id, state: 'cancelled', decisions: (await decisionsOf(tx, found.id)).length });
        return {};
      }),
  });
}

function keysRoute(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/approver-keys',
    auth: 'either',
    action: 'approval.keys',
    reply: json(approverKeys),
    handler: (ctx) =>
      ctx.commit('approver-keys', async (tx) => ({
        keys: (await allDevices(tx)).map((d) => {
          const key = { key_id: sha256Hex(fromBase64(d.public_key)), alg: d.alg, public_key: d.public_key, principal: d.owner };
          return d.revoked === undefined ? key : { ...key, revoked_ms: d.revoked.compromised_since_ms };
        }),
      })),
  });
}
