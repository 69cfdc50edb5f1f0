/**
 * Keys of the certificate authority: made here, sealed with the operator's key, and one of them signs. A new key is
 * trusted first, and signs when the hosts know it; the old one is trusted until somebody removes it.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { assert } from '../../base/errors.ts';
import type { CaKey } from '../../contract/store/index.ts';
import { ed25519Signer, generateSeed } from '../../evidence/sign.ts';
import type { Signer } from '../../evidence/types.ts';
import { ED25519, encodePublicKey, keyLine } from '../../wire/ssh/public-key.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { Queries } from '../db/database.ts';
import { lockFor } from '../db/locks.ts';
import { StoreError } from '../http/errors.ts';
import { appendToLog, logStatement } from '../log/append.ts';

/** While hosts learn a new key there are two; one more for a mistake. */
const MAX_KEYS = 3;

const bytea = z.instanceof(Uint8Array);
const row = z.object({ key_id: z.string(), public_key: bytea, sealed: bytea.nullable(), signs: z.boolean(), created_ms: z.number(), removed_ms: z.number().nullable() });
type Row = z.output<typeof row>;

const context = (keyId: string): string => `ssh ca key ${keyId}`;
const all = (q: Queries): Promise<Row[]> => q.rows(row, 'select key_id, public_key, sealed, signs, created_ms, removed_ms from ssh_ca_keys order by created_ms, key_id');

/** @param origin the store's, for the comment of the line */
export const caKeys = async (q: Queries, origin: string): Promise<CaKey[]> => (await all(q)).map((k) => described(k, origin));

function described(k: Row, origin: string): CaKey {
  const blob = encodePublicKey(k.public_key);
  return {
    key_id: k.key_id,
    fingerprint: `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`,
    public_key: keyLine(ED25519, blob, `${origin}/ssh-ca ${new Date(k.created_ms).toISOString().slice(0, 10)}`),
    state: k.signs ? 'signs' : k.removed_ms === null ? 'trusted' : 'removed',
    created_ms: k.created_ms,
    ...(k.removed_ms === null ? {} : { removed_ms: k.removed_ms }),
  };
}

/** The key that signs; made when there is none yet. */
export async function caSigner(tx: Queries, seal: Sealer, nowMs: number): Promise<Signer> {
  const found = await signing(tx, seal);
  if (found !== undefined) return found;
  // Two that ask first at once must not make two.
  await lockFor(tx, 'ssh-ca');
  return (await signing(tx, seal)) ?? make(tx, seal, true, nowMs);
}

async function signing(q: Queries, seal: Sealer): Promise<Signer | undefined> {
  const found = (await all(q)).find((k) => k.signs);
  if (found === undefined) return undefined;
  assert(found.sealed !== null, 'the key that signs is never removed');
  return ed25519Signer(fromBase64(seal.open(found.sealed, context(found.key_id))));
}

/** A further key: trusted from now on, signing after `useCaKey`. @throws StoreError conflict */
export async function makeCaKey(tx: Queries, seal: Sealer, nowMs: number): Promise<string> {
  await caSigner(tx, seal, nowMs);
  await lockFor(tx, 'ssh-ca');
  const live = (await all(tx)).filter((k) => k.removed_ms === null);
  if (live.length >= MAX_KEYS) throw new StoreError('conflict', `there are ${live.length} keys already: remove one that no host needs any more`);
  return (await make(tx, seal, false, nowMs)).keyId;
}

/** From now on this key signs. The one that did stays trusted. @throws StoreError not_found */
export async function useCaKey(tx: Queries, keyId: string): Promise<void> {
  await lockFor(tx, 'ssh-ca');
  const found = (await all(tx)).find((k) => k.key_id === keyId && k.removed_ms === null);
  if (found === undefined) throw new StoreError('not_found', 'no such key');
  await tx.run('update ssh_ca_keys set signs = false where signs and key_id <> $1', [keyId]);
  await tx.run('update ssh_ca_keys set signs = true where key_id = $1', [keyId]);
}

/** The private half is destroyed, and the public one stays in the list of what hosts refuse. @throws StoreError not_found, conflict */
export async function removeCaKey(tx: Queries, keyId: string, nowMs: number): Promise<void> {
  await lockFor(tx, 'ssh-ca');
  const found = (await all(tx)).find((k) => k.key_id === keyId && k.removed_ms === null);
  if (found === undefined) throw new StoreError('not_found', 'no such key');
  if (found.signs) throw new StoreError('conflict', 'this key signs: let another one sign first');
  await tx.run('update ssh_ca_keys set removed_ms = $2, sealed = null where key_id = $1', [keyId, nowMs]);
  await appendToLog(tx, { kind: 'ssh_ca.key', envelope: logStatement('ssh_ca.key', nowMs, { key_id: keyId, state: 'removed' }), tMs: nowMs });
}

async function make(tx: Queries, seal: Sealer, signs: boolean, nowMs: number): Promise<Signer> {
  const seed = generateSeed();
  const signer = ed25519Signer(seed);
  await tx.run('insert into ssh_ca_keys (key_id, public_key, sealed, signs, created_ms) values ($1,$2,$3,$4,$5)', [signer.keyId, signer.publicKey, seal.seal(toBase64(seed), context(signer.keyId)), signs, nowMs]);
  const members = { key_id: signer.keyId, public_key: toBase64(signer.publicKey), state: 'trusted' };
  await appendToLog(tx, { kind: 'ssh_ca.key', envelope: logStatement('ssh_ca.key', nowMs, members), tMs: nowMs });
  return signer;
}
