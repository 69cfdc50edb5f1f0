/** Enrolment of device keys by their owners, with proof of possession; revocation. */
import { z } from 'zod';
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { type Device, challengeReply, device, deviceId, deviceIdOf, deviceList, deviceParams, emptyReply, enrolBody, enrolmentMessage, keyAlg, revokeBody } from '../../contract/store/index.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { checkPublicKey, randomToken, sha256Hex } from '../crypto/keys.ts';
import type { Queries } from '../db/database.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import { personRow } from '../identity/people.ts';

const CHALLENGE_TTL_MS = 5 * 60_000;
const DEVICES_PER_PERSON = 50;

export function deviceRoutes(route: Router): void {
  enrolment(route);
  route({
    ...none,
    method: 'GET',
    path: '/v1/devices',
    auth: 'user',
    action: 'device.list',
    reply: json(deviceList),
    handler: (ctx) =>
      ctx.commit('devices', async (tx) => {
        const all = await allDevices(tx);
        return { devices: ctx.user.roles.admin ? all : all.filter((d) => isOwner(d, ctx.user)) };
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
          const found = (await allDevices(tx)).find((d) => d.device_id === ctx.params.id);
          if (found === undefined || !(ctx.user.roles.admin || isOwner(found, ctx.user))) throw new StoreError('not_found', 'no such device');
          const nowMs = ctx.clock.nowMs();
          const since = Math.min(ctx.body.compromised_since_ms ?? nowMs, nowMs);
          // A second revocation may move the start of the compromise back, never forward.
          await tx.run(
            `update devices set revoked_ms = coalesce(revoked_ms, $2), revoke_reason = coalesce(revoke_reason, $4),
             compromised_since_ms = least(coalesce(compromised_since_ms, $3), $3) where device_id = $1`,
            [ctx.params.id, nowMs, since, ctx.body.reason],
          );
          return {};
        },
        { detail: ctx.body.reason },
      ),
  });
}

function enrolment(route: Router): void {
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
      const { body, user } = ctx;
      const publicKey = fromBase64(body.public_key);
      checkPublicKey(body.alg, publicKey);
      const id = deviceIdOf(publicKey);
      const message = enrolmentMessage({ challenge: body.challenge, alg: body.alg, publicKey: body.public_key, iss: user.iss, sub: user.sub });
      const proven = await nodeCrypto.verify({ keyId: '', alg: body.alg, publicKey }, message, fromBase64(body.signature));
      if (!proven) throw new StoreError('forbidden', 'the proof of possession does not verify');
      return ctx.commit(id, async (tx) => {
        const nowMs = ctx.clock.nowMs();
        const used = await tx.run('delete from enrol_challenges where challenge_sha256 = $1 and iss = $2 and sub = $3 and expires_ms > $4', [sha256Hex(body.challenge), user.iss, user.sub, nowMs]);
        if (used !== 1) throw new StoreError('forbidden', 'the enrolment challenge is unknown, used or expired');
        const existing = (await allDevices(tx)).find((d) => d.device_id === id);
        if (existing !== undefined) return again(existing, user);
        if ((await ownDevices(tx, user)).length >= DEVICES_PER_PERSON) throw new StoreError('conflict', `at most ${DEVICES_PER_PERSON} devices per person: revoke one first`);
        await tx.run('insert into devices (device_id, public_key, alg, name, iss, sub, enrolled_ms) values ($1,$2,$3,$4,$5,$6,$7)', [id, toBase64(publicKey), body.alg, body.name, user.iss, user.sub, nowMs]);
        const made = (await ownDevices(tx, user)).find((d) => d.device_id === id);
        if (made === undefined) throw new StoreError('internal', 'the device was not stored');
        return made;
      });
    },
  });
}

/** Enrolling the same key again is fine for its owner, and never revives a revoked key. */
function again(existing: Device, user: User): Device {
  if (existing.revoked !== undefined) throw new StoreError('forbidden', 'this key has been revoked: make a new one');
  if (!isOwner(existing, user)) throw new StoreError('forbidden', 'this key is enrolled for somebody else');
  return existing;
}

const isOwner = (d: Device, user: { iss: string; sub: string }): boolean => d.owner.iss === user.iss && d.owner.sub === user.sub;

const ownDevices = async (q: Queries, user: User): Promise<Device[]> => (await allDevices(q)).filter((d) => isOwner(d, user) && d.revoked === undefined);

const row = personRow
  .extend({
    device_id: deviceId,
    device_name: z.string(),
    alg: keyAlg,
    public_key: z.string(),
    enrolled_ms: z.number(),
    revoked_ms: z.number().nullable(),
    compromised_since_ms: z.number().nullable(),
    revoke_reason: z.string().nullable(),
  })
  .transform((r): Device => {
    const owner = { kind: r.kind, iss: r.iss, sub: r.sub, name: r.name, groups: r.groups };
    const base = { device_id: r.device_id, name: r.device_name, alg: r.alg, public_key: r.public_key, owner, enrolled_ms: r.enrolled_ms };
    if (r.revoked_ms === null) return base;
    return { ...base, revoked: { revoked_ms: r.revoked_ms, compromised_since_ms: r.compromised_since_ms ?? r.revoked_ms, reason: r.revoke_reason ?? '' } };
  });

/** Every enrolled device with its owner, in order of enrolment. */
export async function allDevices(q: Queries): Promise<Device[]> {
  return q.rows(
    row,
    `select d.device_id, d.name as device_name, d.alg, d.public_key, d.enrolled_ms, d.revoked_ms, d.compromised_since_ms, d.revoke_reason,
            p.kind, p.iss, p.sub, p.name, p.groups
     from devices d join people p on p.iss = d.iss and p.sub = d.sub order by d.enrolled_ms, d.device_id`,
  );
}
