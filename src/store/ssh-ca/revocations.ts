/** What hosts must refuse although a CA of theirs has signed it: the list that sshd's RevokedKeys takes. */
import { z } from 'zod';
import { encodeKrl } from '../../wire/ssh/krl.ts';
import type { Queries } from '../db/database.ts';

/** A host's clock may be behind by this, and take a certificate that has expired here. */
const STAYS_MS = 3_600_000;

const bytea = z.instanceof(Uint8Array);

/**
 * Certificates that have not expired, of devices that are revoked or ended, of people whose sign-in has ended, and for
 * targets that are gone; and every CA key that was removed, for hosts that still trust it.
 */
export async function revocationList(q: Queries, origin: string, nowMs: number): Promise<Uint8Array> {
  const refused = await q.rows(
    z.object({ serial: z.number(), public_key: bytea }),
    `select c.serial, k.public_key from ssh_certificates c
     join ssh_ca_keys k on k.key_id = c.key_id
     join devices d on d.device_id = c.device_id
     where c.expires_ms > $1 and (
       d.revoked_ms is not null or d.expires_ms <= $2
       or not exists (select 1 from sessions s where s.session_id = c.store_session_id and s.expires_ms > $2)
       or not exists (select 1 from targets t where t.target_id = c.target_id))
     order by k.key_id, c.serial`,
    [nowMs - STAYS_MS, nowMs],
  );
  const byCa = new Map<string, { caKey: Uint8Array; serials: bigint[] }>();
  for (const { serial, public_key } of refused) {
    const id = Buffer.from(public_key).toString('hex');
    const section = byCa.get(id) ?? { caKey: public_key, serials: [] };
    section.serials.push(BigInt(serial));
    byCa.set(id, section);
  }
  const removed = await q.rows(z.object({ public_key: bytea }), 'select public_key from ssh_ca_keys where removed_ms is not null order by key_id');
  return encodeKrl({ version: BigInt(nowMs), generatedS: BigInt(Math.floor(nowMs / 1000)), comment: `${origin}/ssh-ca`, certificates: [...byCa.values()], keys: removed.map((k) => k.public_key) });
}
