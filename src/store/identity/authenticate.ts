/** Proves who calls: a bearer token of a person, a signature of a device, or both of the same person. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { fromBase64 } from '../../base/encoding.ts';
import { CSRF_HEADER, DEVICE_HEADER, deviceHeader, deviceId, deviceRequestMessage, keyAlg } from '../../contract/store/index.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { sha256Hex } from '../crypto/keys.ts';
import type { Database } from '../db/database.ts';
import type { Actor, ProvenDevice, User } from '../http/context.ts';
import { cookieJar, cookieValue } from '../http/cookies.ts';
import { StoreError } from '../http/errors.ts';
import type { AuthNeed } from '../http/route.ts';
import { type Authorizer, callerRoles } from './authorization/authorizer.ts';
import { type RoleGroups, rolesOf } from './roles.ts';
import { findSession, markSeen } from './sessions.ts';

/** A device's clock may be this far from the store's; nonces are remembered for twice as long. */
export const REPLAY_WINDOW_MS = 5 * 60_000;

export interface Authenticator {
  (request: FastifyRequest, need: AuthNeed, raw: Uint8Array): Promise<Actor>;
}

export interface AuthenticatorOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly roles: RoleGroups;
  readonly authorizer: Authorizer;
  readonly publicUrl: () => URL;
}

export function authenticator(o: AuthenticatorOptions): Authenticator {
  const { db, clock } = o;
  return async (request, need, raw) => {
    const address = request.ip;
    if (need === 'public') return { user: undefined, device: undefined, address };
    const hasUser = request.headers.authorization !== undefined || sessionCookie(o, request) !== undefined;
    const hasDevice = request.headers[DEVICE_HEADER] !== undefined;
    const wantUser = need === 'user' || need === 'both' || (need === 'either' && hasUser && !hasDevice);
    const wantDevice = need === 'device' || need === 'both' || (need === 'either' && hasDevice);
    if (!wantUser && !wantDevice) throw new StoreError('unauthenticated', 'sign in first');
    const user = wantUser ? await provenUser(o, request) : undefined;
    const device = wantDevice ? await provenDevice(db, clock, request, raw) : undefined;
    if (user && device && (user.iss !== device.owner.iss || user.sub !== device.owner.sub)) {
      throw new StoreError('forbidden', 'this device is enrolled for somebody else');
    }
    if (user && device) await claimSession(db, user, device);
    return { user, device, address };
  };
}

const TOKEN = /^sps_[A-Za-z0-9_-]{43}$/;

const sessionCookie = (o: AuthenticatorOptions, request: FastifyRequest): string | undefined => cookieValue(request.headers.cookie, cookieJar(o.publicUrl().protocol === 'https:').sessionName);

/** A bearer token, else the session cookie. A browser's session is good in its cookie only, a program's in its header only. */
async function provenUser(o: AuthenticatorOptions, request: FastifyRequest): Promise<User> {
  const { authorization } = request.headers;
  const bearer = authorization === undefined ? undefined : /^Bearer (.*)$/.exec(authorization)?.[1];
  const token = authorization === undefined ? sessionCookie(o, request) : bearer;
  if (token === undefined || !TOKEN.test(token)) throw new StoreError('unauthenticated', 'sign in first');
  const nowMs = o.clock.nowMs();
  const row = await findSession(o.db, sha256Hex(token), nowMs);
  const isBrowser = authorization === undefined;
  if (row === undefined || (row.session_kind === 'browser') !== isBrowser) throw new StoreError('unauthenticated', 'the sign-in has ended: sign in again');
  if (isBrowser) refuseForgery(o, request);
  await markSeen(o.db, row, nowMs);
  const { kind, iss, sub, name, groups } = row;
  const roles = rolesOf(kind, groups, o.roles);
  const held = callerRoles({ roles }, false);
  const may: User['may'] = (action, object) => o.authorizer.allows(held, action, object);
  return { kind, iss, sub, name, groups, expiresMs: row.expires_ms, sessionId: row.session_id, sessionKind: row.session_kind, roles, may };
}

/**
 * Browsers send cookies with requests that another site's page makes. SameSite=Strict stops that; this is the second
 * lock: a header that only our own page can set, and the Origin that only the browser can.
 */
function refuseForgery(o: AuthenticatorOptions, request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new StoreError('forbidden', 'this request comes from another site');
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (request.headers[CSRF_HEADER] === undefined) throw new StoreError('forbidden', `a request with the session cookie needs the header ${CSRF_HEADER}`);
  if (request.headers.origin !== o.publicUrl().origin) throw new StoreError('forbidden', 'this request comes from another site');
}

/** A sign-in belongs to the first device that it is used with: a stolen token is worth nothing with another. */
async function claimSession(db: Database, user: User, device: ProvenDevice): Promise<void> {
  const mine = await db.run('update sessions set device_id = $2 where session_id = $1 and (device_id is null or device_id = $2)', [user.sessionId, device.deviceId]);
  if (mine !== 1) throw new StoreError('forbidden', 'this sign-in belongs to another device: sign in again on this one');
}

const deviceRow = z.object({
  device_id: deviceId,
  alg: keyAlg,
  public_key: z.string().transform((t) => fromBase64(t)),
  iss: z.string(),
  sub: z.string(),
  approved_ms: z.number().nullable(),
  expires_ms: z.number().nullable(),
  revoked_ms: z.number().nullable(),
});

async function provenDevice(db: Database, clock: Clock, request: FastifyRequest, raw: Uint8Array): Promise<ProvenDevice> {
  const parsed = deviceHeader.safeParse(request.headers[DEVICE_HEADER]);
  if (!parsed.success) throw new StoreError('unauthenticated', 'sign in first', { auditDetail: 'the request is not signed by a device' });
  const { device_id, t, nonce, signature } = parsed.data;
  const nowMs = clock.nowMs();
  const row = await db.first(deviceRow, 'select device_id, alg, public_key, iss, sub, approved_ms, expires_ms, revoked_ms from devices where device_id = $1', [device_id]);
  // One answer for a device that is not here and for a wrong signature: nobody finds out who is enrolled.
  if (row === undefined) throw new StoreError('unauthenticated', 'the device signature does not verify', { auditDetail: 'the device is not enrolled' });
  const message = deviceRequestMessage({ method: request.method, host: request.headers.host ?? '', path: request.url, t, nonce, body: raw });
  const key = { keyId: '', alg: row.alg, publicKey: row.public_key };
  // Node's decoder is lenient; 64 bytes of signature are checked by the verification itself.
  if (!(await nodeCrypto.verify(key, message, Buffer.from(signature, 'base64')))) throw new StoreError('unauthenticated', 'the device signature does not verify');
  if (row.revoked_ms !== null) throw new StoreError('forbidden', 'this device has been revoked');
  if (row.approved_ms === null) throw new StoreError('forbidden', `this device waits for an administrator's approval: ${row.device_id}`);
  if (row.expires_ms !== null && row.expires_ms <= nowMs) throw new StoreError('forbidden', "this device's enrolment has ended");
  if (Math.abs(nowMs - t) > REPLAY_WINDOW_MS) throw new StoreError('unauthenticated', `the device's clock is ${Math.round((t - nowMs) / 1000)} s away from the store's`);
  // Only after the signature: nobody can fill this table, or burn a nonce, for a device they do not hold.
  const fresh = await db.run('insert into device_nonces (device_id, nonce, t_ms) values ($1,$2,$3) on conflict do nothing', [device_id, nonce, nowMs]);
  if (fresh !== 1) throw new StoreError('unauthenticated', 'this request was sent before');
  return { deviceId: row.device_id, alg: row.alg, publicKey: row.public_key, owner: { iss: row.iss, sub: row.sub } };
}

/** Whether the device that a request names is enrolled here: asked before a large body is read, and proven after. */
export function admitter(db: Database): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    const parsed = deviceHeader.safeParse(request.headers[DEVICE_HEADER]);
    if (!parsed.success) throw new StoreError('unauthenticated', 'sign in first', { auditDetail: 'no device signature' });
    const known = await db.first(z.object({ device_id: z.string() }), 'select device_id from devices where device_id = $1', [parsed.data.device_id]);
    if (known === undefined) throw new StoreError('unauthenticated', 'the device signature does not verify', { auditDetail: 'the device is not enrolled' });
  };
}

/** Forgets what can no longer matter. Run by the store's sweeper. */
export async function forgetOld(db: Database, nowMs: number): Promise<void> {
  await db.run('delete from device_nonces where t_ms < $1', [nowMs - 2 * REPLAY_WINDOW_MS - 60_000]);
  await db.run('delete from sessions where expires_ms < $1', [nowMs]);
  await db.run('delete from enrol_challenges where expires_ms < $1', [nowMs]);
  await db.run('delete from logins where expires_ms < $1', [nowMs]);
  await db.run('delete from saml_assertions where expires_ms < $1', [nowMs]);
}
