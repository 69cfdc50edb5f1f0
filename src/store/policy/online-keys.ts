/**
 * The keys of snapshot and timestamp: this store's, sealed with the operator's key. They say what is newest, and no
 * more: a bundle counts only by the signers' keys, which never come here.
 */
import { z } from 'zod';
import { generatePrivatePem, keyIdOf, signerOf, tufKey, type TufKey, type TufSigner } from '../../tuf/keys.ts';
import type { Metadata } from '../../tuf/metadata.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { Queries } from '../db/database.ts';
import { StoreError } from '../http/errors.ts';

export type OnlineRole = 'snapshot' | 'timestamp';
export type OnlineKeys = Readonly<Record<OnlineRole, TufKey>>;

const context = (keyId: string): string => `policy key ${keyId}`;

/** The newest pair, made when there is none. Call it under the repository's lock. */
export async function newestOnlineKeys(tx: Queries, seal: Sealer, nowMs: number): Promise<OnlineKeys> {
  const found = async (role: OnlineRole): Promise<TufKey | undefined> =>
    (await tx.first(z.object({ public_key: z.string().transform((t) => tufKey.parse(JSON.parse(t))) }), 'select public_key from policy_online_keys where role = $1 order by created_ms desc, key_id limit 1', [role]))?.public_key;
  return { snapshot: (await found('snapshot')) ?? (await make(tx, seal, 'snapshot', nowMs)), timestamp: (await found('timestamp')) ?? (await make(tx, seal, 'timestamp', nowMs)) };
}

/** A new pair, used from the moment a root names it. */
export async function makeOnlineKeys(tx: Queries, seal: Sealer, nowMs: number): Promise<OnlineKeys> {
  return { snapshot: await make(tx, seal, 'snapshot', nowMs), timestamp: await make(tx, seal, 'timestamp', nowMs) };
}

async function make(tx: Queries, seal: Sealer, role: OnlineRole, nowMs: number): Promise<TufKey> {
  const pem = generatePrivatePem('ed25519');
  const { keyId, key } = signerOf(pem, `store ${role}`);
  await tx.run('insert into policy_online_keys (key_id, role, public_key, sealed, created_ms) values ($1,$2,$3,$4,$5)', [keyId, role, JSON.stringify(key), seal.seal(pem, context(keyId)), nowMs]);
  return key;
}

/**
 * Those of this store's keys that the root trusts with a role, enough of them.
 * @throws StoreError unprocessable when the root names keys that this store does not hold
 */
export async function onlineSigners(tx: Queries, seal: Sealer, root: Metadata<'root'>, role: OnlineRole): Promise<TufSigner[]> {
  const { keyids, threshold } = root.roles[role];
  const held = await tx.rows(z.object({ key_id: z.string(), sealed: z.custom<Uint8Array>((v) => v instanceof Uint8Array) }), 'select key_id, sealed from policy_online_keys where role = $1', [role]);
  const signers = held.filter((k) => keyids.includes(k.key_id)).map((k) => signerOf(seal.open(k.sealed, context(k.key_id)), `store ${role}`));
  if (signers.length < threshold) throw new StoreError('unprocessable', `root ${root.version} wants ${role} signed by keys that this store does not hold: take them from \`sallyport bundle online-keys\``);
  return signers.filter((s) => keyIdOf(s.key) === s.keyId);
}
