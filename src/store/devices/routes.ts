/** Devices over HTTP: enrolment by owners, approval by administrators, revocation by either. */
import { challengeReply, device, deviceList, deviceParams, emptyReply, enrolBody, revokeBody } from '../../contract/store/index.ts';
import { randomToken, sha256Hex } from '../crypto/keys.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { ownedBy } from '../identity/authorization/authorizer.ts';
import { deviceCodeRoutes } from './codes.ts';
import { enrol, type EnrolmentPolicy, logEnrolment, provenKey } from './enrol.ts';
import { findDevice, listedDevices } from './repository.ts';
import { revoke } from './revoke.ts';

export { allDevices } from './repository.ts';

const CHALLENGE_TTL_MS = 5 * 60_000;

export function deviceRoutes(route: Router, policy: EnrolmentPolicy): void {
  enrolmentRoutes(route, policy);
  deviceCodeRoutes(route);
  route({
    ...none,
    method: 'GET',
    path: '/v1/devices',
    auth: 'user',
    action: 'device.list',
    reply: json(deviceList),
    handler: (ctx) => ctx.commit('devices', async (tx) => ({ devices: await listedDevices(tx, ctx.may({ own: false }) ? undefined : ctx.user) })),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/devices/:id/approve',
    auth: 'user',
    action: 'device.approve',
    params: deviceParams,
    reply: json(device),
    handler: (ctx) =>
      ctx.commit(ctx.params.id, async (tx) => {
        const found = await findDevice(tx, ctx.params.id);
        if (found === undefined) throw new StoreError('not_found', 'no such device');
        if (!ctx.may(ownedBy(found.owner, ctx.user))) throw new StoreError('forbidden', 'somebody else must approve your device');
        if (found.revoked !== undefined) throw new StoreError('gone', 'this device has been revoked');
        const nowMs = ctx.clock.nowMs();
        const changed = await tx.run('update devices set approved_ms = $2, approved_by = $3 where device_id = $1 and approved_ms is null', [found.device_id, nowMs, `${ctx.user.iss} ${ctx.user.sub}`]);
        const approved = { ...found, state: 'enrolled' as const };
        if (changed === 1) await logEnrolment(tx, approved, nowMs);
        await ctx.hub.publish(tx, { type: 'device', device_id: found.device_id });
        return approved;
      }),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/devices/:id/revoke',
    auth: 'user',
    action: 'device.revoke',
    params: deviceParams,
    body: revokeBody,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(
        ctx.params.id,
        async (tx) => {
          const found = await findDevice(tx, ctx.params.id);
          if (found === undefined || !ctx.may(ownedBy(found.owner, ctx.user))) throw new StoreError('not_found', 'no such device');
          const nowMs = ctx.clock.nowMs();
          await revoke(tx, found, { sinceMs: Math.min(ctx.body.compromised_since_ms ?? nowMs, nowMs), reason: ctx.body.reason, nowMs });
          await ctx.hub.publish(tx, { type: 'device', device_id: found.device_id });
          return {};
        },
        { detail: ctx.body.reason },
      ),
  });
}

function enrolmentRoutes(route: Router, policy: EnrolmentPolicy): void {
  route({
    ...none,
    method: 'POST',
    path: '/v1/devices/challenge',
    auth: 'user',
    action: 'device.challenge',
    reply: json(challengeReply),
    handler: (ctx) =>
      ctx.commit('challenge', async (tx) => {
        const challenge = randomToken();
        const expiresMs = ctx.clock.nowMs() + CHALLENGE_TTL_MS;
        await tx.run('insert into enrol_challenges (challenge_sha256, iss, sub, expires_ms) values ($1,$2,$3,$4)', [sha256Hex(challenge), ctx.user.iss, ctx.user.sub, expiresMs]);
        return { challenge, expires_ms: expiresMs };
      }),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/devices',
    auth: 'user',
    action: 'device.enrol',
    body: enrolBody,
    reply: json(device),
    handler: async (ctx) => {
      const request = { body: ctx.body, user: ctx.user, policy, nowMs: ctx.clock.nowMs() };
      const key = await provenKey(request);
      return ctx.commit(key.id, (tx) => enrol(tx, request, key), { detail: (made) => made.state });
    },
  });
}
