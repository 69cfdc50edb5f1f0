/** The registry of targets: definitions in clear, credentials sealed and bound to their target. */
import { z } from 'zod';
import { sshCa, target, type targetBody, type WireTarget } from '../../contract/store/index.ts';
import { randomToken } from '../crypto/keys.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { Queries } from '../db/database.ts';
import { lockFor } from '../db/locks.ts';

export type TargetInput = z.output<typeof targetBody>;

const credential = z.strictObject({ user: z.string(), password: z.string().optional(), private_key: z.string().optional(), ssh_ca: sshCa.optional() });
export type TargetCredential = z.output<typeof credential>;

const row = z.object({
  target_id: z.string(),
  definition: z.string().transform((t) => target.parse(JSON.parse(t))),
  groups: z.string().nullable().transform((t) => (t === null ? undefined : z.array(z.string()).parse(JSON.parse(t)))),
  sealed_credential: z.instanceof(Uint8Array),
});
export type TargetRow = z.output<typeof row>;

/** Adds a target or replaces it whole. `source`: `config` targets vanish when the configuration no longer names them. */
export async function putTarget(tx: Queries, sealer: Sealer, input: TargetInput, source: 'config' | 'api', nowMs: number): Promise<void> {
  // The credential is sealed for the target's id, which two that add the same name at once would choose apart.
  await lockFor(tx, 'targets');
  const { credentials, groups, ...definition } = input;
  const existing = await findTarget(tx, input.name);
  const id = existing?.target_id ?? `tgt_${randomToken()}`;
  const sealed = sealer.seal(JSON.stringify(credentials), id);
  await tx.run(
    `insert into targets (target_id, name, definition, groups, source, sealed_credential, updated_ms) values ($1,$2,$3,$4,$5,$6,$7)
     on conflict (name) do update set definition = $3, groups = $4, source = $5, sealed_credential = $6, updated_ms = $7`,
    [id, input.name, JSON.stringify(definition), groups === undefined ? null : JSON.stringify(groups), source, sealed, nowMs],
  );
}

export async function findTarget(q: Queries, name: string): Promise<TargetRow | undefined> {
  return q.first(row, 'select target_id, definition, groups, sealed_credential from targets where name = $1', [name]);
}

/** What somebody in `groups` may see and lease. */
export async function visibleTargets(q: Queries, groups: readonly string[]): Promise<WireTarget[]> {
  const all = await q.rows(row, 'select target_id, definition, groups, sealed_credential from targets order by name');
  return all.filter((t) => mayUse(t, groups)).map((t) => t.definition);
}

export const mayUse = (t: TargetRow, groups: readonly string[]): boolean => t.groups === undefined || t.groups.some((g) => groups.includes(g));

/** @throws EnvironmentError when the seal key is not the one that sealed it. */
export const openCredential = (sealer: Sealer, t: TargetRow): TargetCredential => credential.parse(JSON.parse(sealer.open(t.sealed_credential, t.target_id)));

/** Makes the targets of source `config` exactly those given. */
export async function syncConfigTargets(tx: Queries, sealer: Sealer, targets: readonly TargetInput[], nowMs: number): Promise<void> {
  for (const t of targets) await putTarget(tx, sealer, t, 'config', nowMs);
  const named = new Set(targets.map((t) => t.name));
  const old = await tx.rows(z.object({ name: z.string() }), "select name from targets where source = 'config'");
  for (const { name } of old) if (!named.has(name)) await tx.run('delete from targets where name = $1', [name]);
}
