/** Proves who calls: a bearer token of a person, a signature of a device, or both of the same person. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { fromBase64 } from '../../base/encoding.ts';
import { DEVICE_HEADER, deviceHeader, deviceId, deviceRequestMessage, keyAlg } from '../../contract/store/index.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { sha256Hex } from '../crypto/keys.ts';
import type { Database } from '../db/database.ts';
import type { Actor, ProvenDevice, User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import type { AuthNeed } from '../http/route.ts';
import { findSession } from './people.ts';

/** A device's clock may be this far from the store's; nonces are remembered for twice as long. */
export const REPLAY_WINDOW_MS = 5 * 60_000;

export interface RoleGroups {
  readonly admin: readonly string[];
  readonly auditor: readonly string[];
}

export interface Authenticator {
  (request: FastifyRequest, need: AuthNeed, raw: Uint8Array): Promise<Actor>;
}

export function authenticator(db: Database, clock: Clock, roles: RoleGroups): Authenticator {
  return async (request, need, raw) => {
    const address = request.ip;
    if (need === 'public') return { user: undefined, device: undefined, address };
    const hasUser = request.headers.authorization !== undefined;
    const hasDevice = request.headers[DEVICE_HEADER] !== undefined;
    const wantUser = need === 'user' || need === 'both' || (need === 'either' && hasUser && !hasDevice);
    const wantDevice = need === 'device' || need === 'both' || (need === 'either' && hasDevice);
    if (!wantUser && !wantDevice) throw new StoreError('unauthenticated', 'sign in first');
    const user = wantUser ? await provenUser(db, clock, roles, request) : undefined;
    const device = wantDevice ? await provenDevice(db, clock, request, raw) : undefined;
    if (user && device && (user.iss !== device.owner.iss || user.sub !== device.owner.sub)) {
      throw new StoreError('forbidden', 'this device is enrolled for somebody else');
    }
    return { user, device, address };
  };
}

async function provenUser(db: Database, clock: Clock, roles: RoleGroups, request: FastifyRequest): Promise<User> {
  const match = /^Bearer (sps_[A-Za-z0-9_-]{43})$/.exec(request.headers.authorization ?? '');
  if (match?.[1] === undefined) throw new StoreError('unauthenticated', 'sign in first');
  const tokenSha256 = sha256Hex(match[1]);
  const row = await findSession(db, tokenSha256);
  if (row === undefined || row.expires_ms <= clock.nowMs()) throw new StoreError('unauthenticated', 'the sign-in has ended: sign in again');
  const inAny = (groups: readonly string[]): boolean => row.groups.some((g) => groups.includes(g));
  const admin = inAny(roles.admin);
  return { kind: row.kind, iss: row.iss, sub: row.sub, name: row.name, groups: row.groups, expiresMs: row.expires_ms, tokenSha256, roles: { admin, auditor: admin || inAny(roles.auditor) } };
}

const deviceRow = z.object({
  device_id: deviceId,
  alg: keyAlg,
  public_key: z.string().transform((t) => fromBase64(t)),
  iss: z.string(),
  sub: z.string(),
  revoked_ms: z.number().nullable(),
});

async function provenDevice(db: Database, clock: Clock, request: FastifyRequest, raw: Uint8Array): Promise<ProvenDevice> {
  const parsed = deviceHeader.safeParse(request.headers[DEVICE_HEADER]);
  if (!parsed.success) throw new StoreError('unauthenticated', 'the request is not signed by a device');
  const { device_id, t, nonce, signature } = parsed.data;
  const nowMs = clock.nowMs();
  const row = await db.first(deviceRow, 'select device_id, alg, public_key, iss, sub, revoked_ms from devices where device_id = $1', [device_id]);
  if (row === undefined) throw new StoreError('unauthenticated', 'this device is not enrolled');
  const message = deviceRequestMessage({ method: request.method, host: request.headers.host ?? '', path: request.url, t, nonce, body: raw });
  const key = { keyId: '', alg: row.alg, publicKey: row.public_key };
  // Node's decoder is lenient; 64 bytes of signature are checked by the verification itself.
  if (!(await nodeCrypto.verify(key, message, Buffer.from(signature, 'base64')))) throw new StoreError('unauthenticated', 'the device signature does not verify');
  if (row.revoked_ms !== null) throw new StoreError('forbidden', 'this device has been revoked');
  if (Math.abs(nowMs - t) > REPLAY_WINDOW_MS) throw new StoreError('unauthenticated', `the device's clock is ${Math.round((t - nowMs) / 1000)} s away from the store's`);
  // Only after the signature: nobody can fill this table, or burn a nonce, for a device they do not hold.
  const fresh = await db.run('insert into device_nonces (device_id, nonce, t_ms) values ($1,$2,$3) on conflict do nothing', [device_id, nonce, nowMs]);
  if (fresh !== 1) throw new StoreError('unauthenticated', 'this request was sent before');
  return { deviceId: row.device_id, alg: row.alg, publicKey: row.public_key, owner: { iss: row.iss, sub: row.sub } };
}

/** Forgets what can no longer matter. Run by the store's sweeper. */
export async function forgetOld(db: Database, nowMs: number): Promise<void> {
  await db.run('delete from device_nonces where t_ms < $1', [nowMs - 2 * REPLAY_WINDOW_MS - 60_000]);
  await db.run('delete from sessions where expires_ms < $1', [nowMs]);
  await db.run('delete from enrol_challenges where expires_ms < $1', [nowMs]);
}
