/** Enrolment of a device key by its owner: proof of possession, then the operator's policy. */
import type { z } from 'zod';
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import type { DeviceId } from '../../base/ids.ts';
import { type Device, deviceIdOf, type enrolBody, enrolmentMessage } from '../../contract/store/index.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { checkPublicKey, sha256Hex } from '../crypto/keys.ts';
import type { Queries } from '../db/database.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { appendToLog, logStatement } from '../log/append.ts';
import { findDevice, insertDevice, liveDeviceCount } from './repository.ts';

const DEVICES_PER_PERSON = 50;
/** A CI job's device outlives its session by this, to upload what it has recorded. */
const UPLOAD_GRACE_MS = 24 * 3_600_000;

export interface EnrolmentPolicy {
  /** auto: a signed-in person is enough. approval: an administrator approves, or has given a code before. */
  readonly enrolment: 'auto' | 'approval';
  /** Devices that the operator approves by configuration: how the first administrator gets one. */
  readonly preauthorised: readonly DeviceId[];
}

export interface EnrolRequest {
  readonly body: z.output<typeof enrolBody>;
  readonly user: User;
  readonly policy: EnrolmentPolicy;
  readonly nowMs: number;
}

/** The id of the key in `body`, once its holder has proven to hold it. @throws StoreError forbidden, MalformedError */
export async function provenKey({ body, user }: Pick<EnrolRequest, 'body' | 'user'>): Promise<{ id: DeviceId; publicKey: Uint8Array }> {
  const publicKey = fromBase64(body.public_key);
  checkPublicKey(body.alg, publicKey);
  const message = enrolmentMessage({ challenge: body.challenge, alg: body.alg, publicKey: body.public_key, iss: user.iss, sub: user.sub });
  const proven = await nodeCrypto.verify({ keyId: '', alg: body.alg, publicKey }, message, fromBase64(body.signature));
  if (!proven) throw new StoreError('forbidden', 'the proof of possession does not verify');
  return { id: deviceIdOf(publicKey) as DeviceId, publicKey };
}

/** Enrols, or finds the same enrolment again. A session belongs to the first device that it enrols or is used with. */
export async function enrol(tx: Queries, o: EnrolRequest, key: { id: DeviceId; publicKey: Uint8Array }): Promise<Device> {
  const { body, user, nowMs } = o;
  const used = await tx.run('delete from enrol_challenges where challenge_sha256 = $1 and iss = $2 and sub = $3 and expires_ms > $4', [sha256Hex(body.challenge), user.iss, user.sub, nowMs]);
  if (used !== 1) throw new StoreError('forbidden', 'the enrolment challenge is unknown, used or expired');
  const existing = await findDevice(tx, key.id);
  if (existing === undefined) await insertNew(tx, o, key);
  else checkAgain(existing, user, nowMs);
  const wasPending = existing?.state === 'pending';
  if (body.code !== undefined && (existing === undefined || wasPending)) await useCode(tx, o, key.id);
  await tx.run('update sessions set device_id = $2 where session_id = $1 and device_id is null', [user.sessionId, key.id]);
  const made = await findDevice(tx, key.id);
  if (made === undefined) throw new StoreError('internal', 'the device was not stored');
  if (made.state === 'enrolled' && (existing === undefined || wasPending)) await logEnrolment(tx, made, nowMs);
  return made;
}

async function insertNew(tx: Queries, o: EnrolRequest, key: { id: DeviceId; publicKey: Uint8Array }): Promise<void> {
  const { body, user, nowMs } = o;
  if ((await liveDeviceCount(tx, user, nowMs)) >= DEVICES_PER_PERSON) throw new StoreError('conflict', `at most ${DEVICES_PER_PERSON} devices per person: revoke one first`);
  await insertDevice(tx, {
    id: key.id,
    publicKey: toBase64(key.publicKey),
    alg: body.alg,
    name: body.name,
    owner: user,
    nowMs,
    approvedBy: approvedBy(o, key.id),
    expiresMs: user.sessionKind === 'service' ? user.expiresMs + UPLOAD_GRACE_MS : undefined,
  });
}

/** Who approves a new device right away; undefined: it waits. A code is used afterwards. */
function approvedBy({ user, policy }: EnrolRequest, id: DeviceId): string | undefined {
  if (policy.enrolment === 'auto') return 'policy: auto';
  if (policy.preauthorised.includes(id)) return 'configuration';
  // An agent's token was issued under the operator's own conditions, and nobody sits there to wait.
  if (user.kind === 'Agent') return 'policy: service identity';
  return undefined;
}

/** Enrolling the same key again is fine for its owner, and never revives a revoked or ended one. */
function checkAgain(existing: Device, user: User, nowMs: number): void {
  if (existing.revoked !== undefined) throw new StoreError('forbidden', 'this key has been revoked: make a new one');
  if (existing.owner.iss !== user.iss || existing.owner.sub !== user.sub) throw new StoreError('forbidden', 'this key is enrolled for somebody else');
  if (existing.expires_ms !== undefined && existing.expires_ms <= nowMs) throw new StoreError('forbidden', 'the enrolment of this key has ended: make a new one');
}

/** A code works once, in its time, for its person, and never for the administrator who made it. */
async function useCode(tx: Queries, { body, user, nowMs }: EnrolRequest, id: DeviceId): Promise<void> {
  const used = await tx.run(
    'update device_codes set used_by = $5 where code_sha256 = $1 and used_by is null and expires_ms > $2 and (iss is null or (iss = $3 and sub = $4)) and created_by <> $6',
    [sha256Hex(body.code ?? ''), nowMs, user.iss, user.sub, id, `${user.iss} ${user.sub}`],
  );
  if (used !== 1) throw new StoreError('forbidden', 'the device code is unknown, used, expired or for somebody else');
  await tx.run('update devices set approved_ms = $2, approved_by = $3 where device_id = $1 and approved_ms is null', [id, nowMs, 'code']);
}

/** The key becomes part of the transparency log, so that a store cannot quietly invent devices. */
export async function logEnrolment(tx: Queries, d: Device, nowMs: number): Promise<void> {
  const members = { device_id: d.device_id, alg: d.alg, public_key: d.public_key, owner: { iss: d.owner.iss, sub: d.owner.sub } };
  await appendToLog(tx, { kind: 'device.enrolled', envelope: logStatement('device.enrolled', nowMs, members), tMs: nowMs });
}
