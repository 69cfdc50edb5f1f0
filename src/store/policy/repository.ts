/** Rows of the policy repository. Signed files are kept as the text that was signed, never written anew. */
import { z } from 'zod';
import { parseMetadata } from '../../tuf/metadata.ts';
import { listingsOf } from '../../tuf/ring.ts';
import type { Queries } from '../db/database.ts';

/** Current version by role: root, targets, snapshot, timestamp, and each ring. */
export type Versions = Readonly<Record<string, number>>;

const versionsText = z.string().transform((text) => z.record(z.string(), z.number().int().min(1)).parse(JSON.parse(text)));

/** Taken by everything that changes the repository, in whichever process: one change after the other. */
export async function lockRepository(tx: Queries): Promise<void> {
  await tx.rows(z.unknown(), 'select pg_advisory_xact_lock(7310482905021)');
}

/** Undefined before the first push. */
export async function currentVersions(q: Queries): Promise<Versions | undefined> {
  return (await q.first(z.object({ versions: versionsText }), 'select versions from policy_current'))?.versions;
}

export async function setCurrent(tx: Queries, versions: Versions, nowMs: number): Promise<void> {
  await tx.run('insert into policy_current (only_one, versions, updated_ms) values (true, $1, $2) on conflict (only_one) do update set versions = $1, updated_ms = $2', [JSON.stringify(versions), nowMs]);
}

export async function findMetadata(q: Queries, role: string, version: number): Promise<string | undefined> {
  return (await q.first(z.object({ body: z.string() }), 'select body from policy_metadata where role = $1 and version = $2', [role, version]))?.body;
}

/** A version is written once: the primary key refuses another text for it. */
export async function insertMetadata(tx: Queries, role: string, version: number, body: string, nowMs: number): Promise<void> {
  await tx.run('insert into policy_metadata (role, version, body, published_ms) values ($1,$2,$3,$4)', [role, version, body, nowMs]);
}

/** Timestamps come twice a day for ever, and nothing refers to an old one. */
export async function forgetTimestamps(tx: Queries, before: number): Promise<void> {
  await tx.run("delete from policy_metadata where role = 'timestamp' and version < $1", [before]);
}

const bytesColumn = z.custom<Uint8Array>((v) => v instanceof Uint8Array);

export async function findTarget(q: Queries, sha256: string): Promise<Uint8Array | undefined> {
  return (await q.first(z.object({ body: bytesColumn }), 'select body from policy_targets where sha256 = $1', [sha256]))?.body;
}

export async function targetLength(q: Queries, sha256: string): Promise<number | undefined> {
  return (await q.first(z.object({ n: z.number() }), 'select length(body) as n from policy_targets where sha256 = $1', [sha256]))?.n;
}

export async function insertTarget(tx: Queries, sha256: string, body: Uint8Array, nowMs: number): Promise<void> {
  await tx.run('insert into policy_targets (sha256, body, uploaded_ms) values ($1,$2,$3) on conflict (sha256) do nothing', [sha256, body, nowMs]);
}

/**
 * The archive of a bundle by the digest over its files, whether or not a ring still lists it: every version of a ring's
 * file that was ever published is kept, and so are the archives.
 */
export async function findBundle(q: Queries, digest: string): Promise<Uint8Array | undefined> {
  const listed = await q.first(z.object({ role: z.string(), body: z.string() }), "select role, body from policy_metadata where role not in ('root', 'targets', 'snapshot', 'timestamp') and body like $1 order by version desc limit 1", [`%"sha256:${digest}"%`]);
  if (listed === undefined) return undefined;
  const listing = listingsOf(parseMetadata('ring', listed.body, `${listed.role}.json`).signed).find((l) => l.custom.bundle === `sha256:${digest}`);
  return listing === undefined ? undefined : findTarget(q, listing.sha256);
}
