/** Targets for those who connect, and leases of their credentials. */
import { emptyReply, leaseBody, leaseReply, targetBody, targetList, targetParams } from '../../contract/store/index.ts';
import { randomToken } from '../crypto/keys.ts';
import type { Sealer } from '../crypto/seal.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { personOf } from '../identity/people.ts';
import { issueCertificate } from '../ssh-ca/issue.ts';
import { findTarget, mayUse, openCredential, putTarget, visibleTargets } from './registry.ts';

export function targetRoutes(route: Router, sealer: Sealer): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/targets',
    auth: 'either',
    action: 'target.list',
    reply: json(targetList),
    handler: (ctx) =>
      ctx.commit('targets', async (tx) => {
        const person = await personOf(tx, ctx.person.iss, ctx.person.sub);
        return { targets: await visibleTargets(tx, person?.groups ?? []) };
      }),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/targets',
    auth: 'user',
    action: 'target.put',
    body: targetBody,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.body.name, async (tx) => {
        await putTarget(tx, sealer, ctx.body, 'api', ctx.clock.nowMs());
        return {};
      }),
  });
  route({
    ...none,
    method: 'DELETE',
    path: '/v1/targets/:name',
    auth: 'user',
    action: 'target.delete',
    params: targetParams,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.name, async (tx) => {
        if ((await tx.run('delete from targets where name = $1', [ctx.params.name])) !== 1) throw new StoreError('not_found', 'no such target');
        return {};
      }),
  });
  leaseRoute(route, sealer);
}

/** The one answer that holds a credential: to an enrolled device of a person who is signed in now, for one session. */
function leaseRoute(route: Router, sealer: Sealer): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/targets/:name/lease',
    auth: 'both',
    action: 'target.lease',
    params: targetParams,
    body: leaseBody,
    reply: json(leaseReply),
    handler: async (ctx) => {
      const leaseId = `lea_${randomToken()}`;
      const { reply } = await ctx.commit(
        ctx.params.name,
        async (tx) => {
          const found = await findTarget(tx, ctx.params.name);
          // A target that the person may not use looks like one that does not exist.
          if (found === undefined || !mayUse(found, ctx.user.groups)) throw new StoreError('not_found', `no target named ${ctx.params.name}`);
          const { ssh_ca: rules, ...credential } = openCredential(sealer, found);
          const nowMs = ctx.clock.nowMs();
          await tx.run('insert into leases (lease_id, target_id, device_id, session_id, leased_ms) values ($1,$2,$3,$4,$5)', [leaseId, found.target_id, ctx.device.deviceId, ctx.body.session_id, nowMs]);
          const leased = { lease_id: leaseId, leased_ms: nowMs };
          if (rules === undefined) return { reply: { ...leased, ...credential }, note: '' };
          const request = { targetId: found.target_id, targetName: ctx.params.name, user: credential.user, rules, publicKey: ctx.body.ssh_public_key, leaseId, sessionId: ctx.body.session_id, person: ctx.user, device: ctx.device, nowMs };
          const { user, certificate, note } = await issueCertificate(tx, sealer, request);
          return { reply: { ...leased, user, certificate }, note: ` ${note}` };
        },
        { detail: ({ note }) => `session ${ctx.body.session_id} lease ${leaseId}${note}` },
      );
      return reply;
    },
  });
}
