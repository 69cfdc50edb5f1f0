/** Takes a push: verified as a device would verify it, then published whole or not at all. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { utf8 } from '../../base/encoding.ts';
import { MalformedError } from '../../base/errors.ts';
import type { pushBody } from '../../contract/store/index.ts';
import { raiseFloors, refresh, RepositoryRefused, noFloors } from '../../tuf/client.ts';
import { fileEntry, isoOf, metadataText, parseMetadata, STOP_TARGET, withSignature, type Metadata, type MetadataKind, type SignedFile } from '../../tuf/metadata.ts';
import type { TufSigner } from '../../tuf/keys.ts';
import type { Sealer } from '../crypto/seal.ts';
import type { Queries } from '../db/database.ts';
import { StoreError } from '../http/errors.ts';
import { onlineSigners } from './online-keys.ts';
import { currentVersions, findMetadata, forgetTimestamps, insertMetadata, lockRepository, setCurrent, targetLength, type Versions } from './repository.ts';

export const TIMESTAMP_MS = 24 * 3_600_000;
export const SNAPSHOT_MS = 7 * TIMESTAMP_MS;
const SPEC = '1.0.31';

export type Push = z.output<typeof pushBody>;

export interface PublishPorts {
  readonly seal: Sealer;
  readonly nowMs: number;
}

/** Everything that is to be current after a change: text by role. */
interface Candidate {
  readonly roots: readonly SignedFile<'root'>[];
  /** Texts that are not in the database yet. */
  readonly fresh: Map<string, { readonly version: number; readonly text: string }>;
  readonly versions: Record<string, number>;
  readonly root: Metadata<'root'>;
}

export interface Published {
  /** Current now; the same as before when the push brought nothing new. */
  readonly versions: Versions;
  readonly isNew: boolean;
  /** Why all work was stopped, when this push did that. */
  readonly stop: string | undefined;
}

const stopOf = (t: Metadata<'targets'>): string | undefined => t.targets[STOP_TARGET]?.custom.reason;

/** The reason of an emergency stop that these targets have and those before had not. */
async function newStop(tx: Queries, c: Candidate, before: Versions | undefined): Promise<string | undefined> {
  const text = c.fresh.get('targets')?.text;
  const stop = text === undefined ? undefined : stopOf(parseMetadata('targets', text, 'targets.json').signed);
  if (stop === undefined) return undefined;
  const earlier = before?.['targets'] === undefined ? undefined : await findMetadata(tx, 'targets', before['targets']);
  const was = earlier === undefined ? undefined : stopOf(parseMetadata('targets', earlier, 'targets.json').signed);
  return was === undefined ? stop : undefined;
}

/**
 * Publishes a push in the caller's transaction.
 * @throws StoreError unprocessable naming the rule that is broken, conflict for a version that is taken
 */
export async function publish(tx: Queries, push: Push, ports: PublishPorts): Promise<Published> {
  await lockRepository(tx);
  const before = await currentVersions(tx);
  return refusals(async () => {
    const candidate = await assemble(tx, push, before);
    if (before !== undefined && candidate.fresh.size === 0) return { versions: before, isNew: false, stop: undefined };
    await checkListed(tx, candidate);
    const snapshot = await signedSnapshot(tx, candidate, ports);
    await signedTimestamp(tx, candidate, snapshot, ports);
    await verifyAsDevice(tx, candidate, before, ports.nowMs);
    for (const [role, file] of candidate.fresh) await insertMetadata(tx, role.split('@')[0] ?? role, file.version, file.text, ports.nowMs);
    const stop = await newStop(tx, candidate, before);
    await setCurrent(tx, candidate.versions, ports.nowMs);
    return { versions: candidate.versions, isNew: true, stop };
  });
}

/** Signs timestamp, and snapshot when it is due, anew before they expire. @returns what became current, undefined when nothing was due */
export async function resign(tx: Queries, ports: PublishPorts): Promise<Versions | undefined> {
  await lockRepository(tx);
  const before = await currentVersions(tx);
  if (before === undefined) return undefined;
  const leftMs = async (role: 'snapshot' | 'timestamp'): Promise<number> => Date.parse((await current(tx, role, role, before)).signed.expires) - ports.nowMs;
  const isSnapshotDue = (await leftMs('snapshot')) < SNAPSHOT_MS / 2;
  if (!isSnapshotDue && (await leftMs('timestamp')) > TIMESTAMP_MS / 2) return undefined;
  const root = await current(tx, 'root', 'root', before);
  const candidate: Candidate = { roots: [root], fresh: new Map(), versions: { ...before }, root: root.signed };
  const snapshot = isSnapshotDue ? await signedSnapshot(tx, candidate, ports) : ((await findMetadata(tx, 'snapshot', before['snapshot'] ?? 0)) ?? '');
  await signedTimestamp(tx, candidate, snapshot, ports);
  for (const [role, file] of candidate.fresh) await insertMetadata(tx, role, file.version, file.text, ports.nowMs);
  await forgetTimestamps(tx, (candidate.versions['timestamp'] ?? 0) - 10);
  await setCurrent(tx, candidate.versions, ports.nowMs);
  return candidate.versions;
}

async function refusals<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MalformedError || error instanceof RepositoryRefused) throw new StoreError('unprocessable', `refused: ${error instanceof RepositoryRefused ? error.why : error.message}`, { cause: error });
    throw error;
  }
}

async function current<K extends MetadataKind>(tx: Queries, kind: K, role: string, versions: Versions): Promise<SignedFile<K>> {
  const text = await findMetadata(tx, role, versions[role] ?? 0);
  if (text === undefined) throw new StoreError('unprocessable', `there is no ${role}.json yet: push it too`);
  return parseMetadata(kind, text, `${role}.json`);
}

async function assemble(tx: Queries, push: Push, before: Versions | undefined): Promise<Candidate> {
  const fresh: Candidate['fresh'] = new Map();
  const versions: Record<string, number> = { ...before };
  const roots: SignedFile<'root'>[] = [];
  for (const text of push.roots) {
    const file = parseMetadata('root', text, 'root.json');
    if (!(await isNewer(tx, 'root', file.signed.version, text, versions['root'] ?? 0))) continue;
    if (file.signed.version !== (versions['root'] ?? file.signed.version - 1) + 1) throw new StoreError('unprocessable', `root ${file.signed.version} does not follow root ${versions['root'] ?? 0}`);
    fresh.set(`root@${file.signed.version}`, { version: file.signed.version, text });
    versions['root'] = file.signed.version;
    roots.push(file);
  }
  const root = roots.at(-1) ?? (await current(tx, 'root', 'root', versions));
  const take = async (role: string, version: number, text: string): Promise<void> => {
    if (!(await isNewer(tx, role, version, text, versions[role] ?? 0))) return;
    fresh.set(role, { version, text });
    versions[role] = version;
  };
  if (push.targets !== undefined) await take('targets', parseMetadata('targets', push.targets, 'targets.json').signed.version, push.targets);
  for (const [ring, text] of Object.entries(push.rings)) await take(ring, parseMetadata('ring', text, `${ring}.json`).signed.version, text);
  return { roots: roots.length > 0 ? roots : [root], fresh, versions, root: root.signed };
}

/** False when this very text is current. @throws StoreError for a version that is not higher. */
async function isNewer(tx: Queries, role: string, version: number, text: string, now: number): Promise<boolean> {
  if (version > now) return true;
  const known = await findMetadata(tx, role, version);
  if (known === text) return false;
  throw new StoreError('conflict', known === undefined ? `${role}.json has version ${version}, the store is at ${now}: versions only rise` : `${role}.json version ${version} was published with another content`);
}

async function textOf(tx: Queries, c: Candidate, role: string): Promise<string> {
  const text = c.fresh.get(role)?.text ?? (await findMetadata(tx, role, c.versions[role] ?? 0));
  if (text === undefined) throw new StoreError('unprocessable', `${role}.json is missing: push it too`);
  return text;
}

async function ringsOf(tx: Queries, c: Candidate): Promise<string[]> {
  const targets = parseMetadata('targets', await textOf(tx, c, 'targets'), 'targets.json');
  return targets.signed.delegations.roles.map((r) => r.name);
}

/** Every bundle that a ring lists must be here, of the length that was signed. */
async function checkListed(tx: Queries, c: Candidate): Promise<void> {
  const rings = await ringsOf(tx, c);
  const lost = Object.keys(c.versions).find((r) => !['root', 'targets', 'snapshot', 'timestamp', ...rings].includes(r));
  if (lost !== undefined) throw new StoreError('unprocessable', `ring ${lost} is no longer delegated; a ring cannot be removed, list nothing in it instead`);
  for (const ring of rings) {
    const { signed } = parseMetadata('ring', await textOf(tx, c, ring), `${ring}.json`);
    for (const [path, t] of Object.entries(signed.targets)) {
      if ((await targetLength(tx, t.hashes.sha256)) !== t.length) throw new StoreError('unprocessable', `${path} has not been uploaded`);
    }
  }
}

async function signedSnapshot(tx: Queries, c: Candidate, ports: PublishPorts): Promise<string> {
  const meta: Record<string, { version: number; length: number; hashes: { sha256: string } }> = {};
  for (const role of ['targets', ...(await ringsOf(tx, c))]) meta[`${role}.json`] = { version: c.versions[role] ?? 0, ...fileEntry(utf8(await textOf(tx, c, role))) };
  const version = (c.versions['snapshot'] ?? 0) + 1;
  const signed = { _type: 'snapshot' as const, spec_version: SPEC, version, expires: isoOf(ports.nowMs + SNAPSHOT_MS), meta };
  return add(c, 'snapshot', version, signedBy({ signed, signatures: [] }, await onlineSigners(tx, ports.seal, c.root, 'snapshot')));
}

async function signedTimestamp(tx: Queries, c: Candidate, snapshot: string, ports: PublishPorts): Promise<void> {
  const version = (c.versions['timestamp'] ?? 0) + 1;
  const meta = { 'snapshot.json': { version: c.versions['snapshot'] ?? 0, ...fileEntry(utf8(snapshot)) } };
  const signed = { _type: 'timestamp' as const, spec_version: SPEC, version, expires: isoOf(ports.nowMs + TIMESTAMP_MS), meta };
  add(c, 'timestamp', version, signedBy({ signed, signatures: [] }, await onlineSigners(tx, ports.seal, c.root, 'timestamp')));
}

const signedBy = <K extends MetadataKind>(file: SignedFile<K>, signers: readonly TufSigner[]): SignedFile<K> => signers.reduce((f, s) => withSignature(f, s), file);

function add<K extends MetadataKind>(c: Candidate, role: string, version: number, file: SignedFile<K>): string {
  const text = metadataText(file);
  c.fresh.set(role, { version, text });
  c.versions[role] = version;
  return text;
}

/** The client workflow from what was current, once for each ring: thresholds, root chain, versions, digests, expiry. */
async function verifyAsDevice(tx: Queries, c: Candidate, before: Versions | undefined, nowMs: number): Promise<void> {
  const fetch = async (path: string): Promise<Uint8Array | undefined> => {
    const [, version, role] = /^metadata\/(?:(\d+)\.)?([a-z0-9-]+)\.json$/.exec(path) ?? [];
    if (role === undefined) return undefined;
    const wanted = version === undefined ? (c.versions[role] ?? 0) : Number(version);
    const text = c.fresh.get(role === 'root' ? `root@${wanted}` : role)?.text ?? (await findMetadata(tx, role, wanted));
    return text === undefined ? undefined : utf8(text);
  };
  for (const ring of await ringsOf(tx, c)) {
    const dir = await mkdtemp(join(tmpdir(), 'sallyport-push-'));
    try {
      const trusted = before?.['root'] ?? c.roots[0]?.signed.version ?? 1;
      await writeFile(join(dir, 'root.json'), (await fetch(`metadata/${trusted}.root.json`)) ?? '');
      for (const role of ['timestamp', 'snapshot', 'targets', ring]) {
        const text = before?.[role] === undefined ? undefined : await findMetadata(tx, role, before[role]);
        if (text !== undefined) await writeFile(join(dir, `${role}.json`), text);
      }
      raiseFloors(await refresh({ dir, fetch, ring, nowMs }), noFloors);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}
