/** Revocation: the key, the sessions that a thief of the device could hold, and an entry in the transparency log. */
import type { Device } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import { appendToLog, logStatement } from '../log/append.ts';

export interface Revocation {
  /** Signatures witnessed before this time stay good. */
  readonly sinceMs: number;
  readonly reason: string;
  readonly nowMs: number;
}

/** A second revocation may move the start of the compromise back, never forward. */
export async function revoke(tx: Queries, d: Device, o: Revocation): Promise<void> {
  await tx.run(
    `update devices set revoked_ms = coalesce(revoked_ms, $2), revoke_reason = coalesce(revoke_reason, $4),
     compromised_since_ms = least(coalesce(compromised_since_ms, $3), $3) where device_id = $1`,
    [d.device_id, o.nowMs, o.sinceMs, o.reason],
  );
  // Sessions of the device, and those of its owner since the compromise that no other device has claimed: a browser's
  // on the same laptop is one of them.
  await tx.run('delete from sessions where device_id = $1 or (iss = $2 and sub = $3 and device_id is null and created_ms >= $4)', [d.device_id, d.owner.iss, d.owner.sub, o.sinceMs]);
  const since = Math.min(d.revoked?.compromised_since_ms ?? o.sinceMs, o.sinceMs);
  const members = { device_id: d.device_id, compromised_since_ms: since, reason: o.reason };
  await appendToLog(tx, { kind: 'device.revoked', envelope: logStatement('device.revoked', o.nowMs, members), tMs: o.nowMs });
}
