/** Devices as rows. A pending device is in nobody's list of keys: it is known only to its owner and to administrators. */
import { z } from 'zod';
import { type Device, deviceId, keyAlg } from '../../contract/store/index.ts';
import type { DeviceId } from '../../base/ids.ts';
import type { Queries } from '../db/database.ts';
import { personRow } from '../identity/people.ts';

const row = personRow
  .extend({
    device_id: deviceId,
    device_name: z.string(),
    alg: keyAlg,
    public_key: z.string(),
    enrolled_ms: z.number(),
    approved_ms: z.number().nullable(),
    expires_ms: z.number().nullable(),
    revoked_ms: z.number().nullable(),
    compromised_since_ms: z.number().nullable(),
    revoke_reason: z.string().nullable(),
  })
  .transform((r): Device => {
    const owner = { kind: r.kind, iss: r.iss, sub: r.sub, name: r.name, groups: r.groups };
    return {
      device_id: r.device_id,
      name: r.device_name,
      alg: r.alg,
      public_key: r.public_key,
      owner,
      enrolled_ms: r.enrolled_ms,
      state: r.approved_ms === null ? 'pending' : 'enrolled',
      ...(r.expires_ms === null ? {} : { expires_ms: r.expires_ms }),
      ...(r.revoked_ms === null ? {} : { revoked: { revoked_ms: r.revoked_ms, compromised_since_ms: r.compromised_since_ms ?? r.revoked_ms, reason: r.revoke_reason ?? '' } }),
    };
  });

const select = `select d.device_id, d.name as device_name, d.alg, d.public_key, d.enrolled_ms, d.approved_ms, d.expires_ms, d.revoked_ms,
  d.compromised_since_ms, d.revoke_reason, p.kind, p.iss, p.sub, p.name, p.groups
  from devices d join people p on p.iss = d.iss and p.sub = d.sub`;
const order = 'order by d.enrolled_ms, d.device_id';

/** Every device that was ever approved, with its owner: the keys that signatures may come from. In order of enrolment. */
export const allDevices = (q: Queries): Promise<Device[]> => q.rows(row, `${select} where d.approved_ms is not null ${order}`);

/** Pending ones too, for administrators (`owner` undefined) and owners. */
export const listedDevices = (q: Queries, owner: { iss: string; sub: string } | undefined): Promise<Device[]> =>
  q.rows(row, `${select} where $1::text is null or (d.iss = $1 and d.sub = $2) ${order}`, [owner?.iss ?? null, owner?.sub ?? null]);

export const findDevice = (q: Queries, id: DeviceId): Promise<Device | undefined> => q.first(row, `${select} where d.device_id = $1`, [id]);

export interface NewDevice {
  readonly id: DeviceId;
  readonly publicKey: string;
  readonly alg: string;
  readonly name: string;
  readonly owner: { readonly iss: string; readonly sub: string };
  readonly nowMs: number;
  /** Who approved it; undefined: it waits. */
  readonly approvedBy: string | undefined;
  readonly expiresMs: number | undefined;
}

export async function insertDevice(tx: Queries, d: NewDevice): Promise<void> {
  await tx.run('insert into devices (device_id, public_key, alg, name, iss, sub, enrolled_ms, approved_ms, approved_by, expires_ms) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)', [
    d.id,
    d.publicKey,
    d.alg,
    d.name,
    d.owner.iss,
    d.owner.sub,
    d.nowMs,
    d.approvedBy === undefined ? null : d.nowMs,
    d.approvedBy ?? null,
    d.expiresMs ?? null,
  ]);
}

/** Devices of a person that count against the limit: neither revoked nor ended. */
export async function liveDeviceCount(q: Queries, owner: { iss: string; sub: string }, nowMs: number): Promise<number> {
  const found = await q.first(z.object({ n: z.number() }), 'select count(*)::int as n from devices where iss = $1 and sub = $2 and revoked_ms is null and (expires_ms is null or expires_ms > $3)', [owner.iss, owner.sub, nowMs]);
  return found?.n ?? 0;
}
