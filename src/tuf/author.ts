/**
 * The author's side of a policy repository: what `sallyport bundle init, add, promote, sign` do, on values in memory.
 * A file that the store has published is never changed; its successor gets the next version and no signature.
 */
import { ConfigError } from '../base/errors.ts';
import { keyIdOf, nameOf, type TufKey, type TufSigner } from './keys.ts';
import {
  bundleCustom, bundlePath, isoOf, parseMetadata, metadataText, ringPaths, signersOf, STOP_TARGET, withSignature, fileEntry, type BundleCustom, type Metadata, type MetadataKind, type RoleKeys, type SignedFile,
} from './metadata.ts';
import { listingsOf } from './ring.ts';
import { utf8 } from '../base/encoding.ts';

const SPEC = '1.0.31';
const DAY_MS = 24 * 3_600_000;
export const DEFAULT_DAYS = { root: 365, targets: 30 } as const;

export interface AuthorRepo {
  /** In order of version; the last one counts. */
  roots: SignedFile<'root'>[];
  targets: SignedFile<'targets'>;
  rings: Map<string, SignedFile<'ring'>>;
  /** Highest version of each role that the store has taken. */
  published: Record<string, number>;
}

/** Keys of a role and how many of them must sign. */
export interface Signatories {
  readonly keys: readonly TufKey[];
  readonly threshold: number;
}

export interface InitOptions {
  readonly root: Signatories;
  readonly targets: Signatories;
  readonly online: { readonly snapshot: TufKey; readonly timestamp: TufKey };
  readonly rings: readonly string[];
  readonly nowMs: number;
  readonly rootDays?: number;
  readonly targetsDays?: number;
}

/** A repository without a bundle and without a signature. @throws ConfigError, MalformedError for thresholds that cannot be met */
export function initRepository(o: InitOptions): AuthorRepo {
  const root = unsigned('root', rootOf({ ...o, version: 1 }));
  const roles = o.rings.map((name) => ({ name, ...roleOf(o.targets), terminating: true as const, paths: [ringPaths(name)] }));
  const expires = isoOf(o.nowMs + (o.targetsDays ?? DEFAULT_DAYS.targets) * DAY_MS);
  const targets = unsigned('targets', { _type: 'targets', spec_version: SPEC, version: 1, expires, targets: {}, delegations: { keys: keysOf(o.targets.keys), roles } });
  const rings = new Map(o.rings.map((name) => [name, unsigned('ring', { _type: 'targets', spec_version: SPEC, version: 1, expires, targets: {} })]));
  return { roots: [root], targets, rings, published: {} };
}

const keysOf = (keys: readonly TufKey[]): Record<string, TufKey> => Object.fromEntries(keys.map((k) => [keyIdOf(k), k]));
const roleOf = (s: Signatories): RoleKeys => ({ keyids: s.keys.map(keyIdOf), threshold: s.threshold });

function rootOf(o: Pick<InitOptions, 'root' | 'targets' | 'online' | 'nowMs' | 'rootDays'> & { version: number }): Metadata<'root'> {
  const online = (key: TufKey): Signatories => ({ keys: [key], threshold: 1 });
  return {
    _type: 'root',
    spec_version: SPEC,
    version: o.version,
    expires: isoOf(o.nowMs + (o.rootDays ?? DEFAULT_DAYS.root) * DAY_MS),
    consistent_snapshot: true,
    keys: keysOf([...o.root.keys, ...o.targets.keys, o.online.snapshot, o.online.timestamp]),
    roles: { root: roleOf(o.root), targets: roleOf(o.targets), snapshot: roleOf(online(o.online.snapshot)), timestamp: roleOf(online(o.online.timestamp)) },
  };
}

/** Through the same schema that readers use: what it refuses never gets as far as a signature. */
function unsigned<K extends MetadataKind>(kind: K, signed: Metadata<K>): SignedFile<K> {
  return parseMetadata(kind, metadataText({ signed, signatures: [] }), kind);
}

export const currentRoot = (repo: AuthorRepo): SignedFile<'root'> => {
  const root = repo.roots.at(-1);
  if (root === undefined) throw new ConfigError('the repository has no root', { fix: 'sallyport bundle init' });
  return root;
};

const nextVersion = (version: number, published: number | undefined): number => Math.max(version, (published ?? 0) + 1);

function editRing(repo: AuthorRepo, ring: string, nowMs: number, change: (targets: Metadata<'ring'>['targets']) => Metadata<'ring'>['targets']): void {
  const file = repo.rings.get(ring);
  if (file === undefined) throw new ConfigError(`there is no ring ${ring}`, { fix: `the rings are ${[...repo.rings.keys()].join(', ')}` });
  const { signed } = file;
  repo.rings.set(ring, unsigned('ring', { ...signed, version: nextVersion(signed.version, repo.published[ring]), expires: isoOf(nowMs + DEFAULT_DAYS.targets * DAY_MS), targets: change(signed.targets) }));
}

export interface BundleToList {
  readonly ring: string;
  readonly entry: { readonly length: number; readonly hashes: { readonly sha256: string } };
  readonly custom: BundleCustom;
}

/** Lists a bundle in a ring, or changes the terms of one that is listed. @throws ConfigError for a serial that holds another bundle */
export function listBundle(repo: AuthorRepo, b: BundleToList, nowMs: number): void {
  const custom = bundleCustom.parse(b.custom);
  const path = bundlePath(b.ring, custom.serial);
  for (const [ring, file] of repo.rings) {
    const other = file.signed.targets[bundlePath(ring, custom.serial)];
    if (other !== undefined && other.hashes.sha256 !== b.entry.hashes.sha256) throw new ConfigError(`ring ${ring} lists another bundle with serial ${custom.serial}`, { fix: 'raise serial in bundle.yaml and build again' });
  }
  editRing(repo, b.ring, nowMs, (all) => ({ ...all, [path]: { length: b.entry.length, hashes: { sha256: b.entry.hashes.sha256 }, custom } }));
}

/** The same bundle, by the same digest, in another ring. */
export function promoteBundle(repo: AuthorRepo, serial: number, to: string, terms: Pick<BundleCustom, 'rollout' | 'minAgent' | 'notBefore'>, nowMs: number): void {
  const found = [...repo.rings.values()].flatMap((file) => listingsOf(file.signed)).find((l) => l.custom.serial === serial);
  if (found === undefined) throw new ConfigError(`no ring lists serial ${serial}`);
  const { serial: s, bundle, minAgent } = found.custom;
  listBundle(repo, { ring: to, entry: { length: found.length, hashes: { sha256: found.sha256 } }, custom: { serial: s, bundle, ...(minAgent === undefined ? {} : { minAgent }), ...terms } }, nowMs);
}

/** Takes a bundle off a ring. Devices that run it keep it until the ring lists a higher serial. */
export function withdrawBundle(repo: AuthorRepo, serial: number, ring: string, nowMs: number): void {
  editRing(repo, ring, nowMs, (all) => {
    const { [bundlePath(ring, serial)]: found, ...rest } = all;
    if (found === undefined) throw new ConfigError(`ring ${ring} does not list serial ${serial}`);
    return rest;
  });
}

/** The content of the stop's target: what its digest is over. */
export const stopFile = (reason: string, nowMs: number): Uint8Array => utf8(`${JSON.stringify({ reason, since: isoOf(nowMs) })}\n`);

/** Ends all work under policy at the devices' next look: only break-glass is left. `reason` undefined takes it back. */
export function setStop(repo: AuthorRepo, reason: string | undefined, nowMs: number): void {
  editTargets(repo, nowMs, (t) => ({ ...t, targets: reason === undefined ? {} : { [STOP_TARGET]: { ...fileEntry(stopFile(reason, nowMs)), custom: { reason, since: isoOf(nowMs) } } } }));
}

function editTargets(repo: AuthorRepo, nowMs: number, change: (t: Metadata<'targets'>) => Metadata<'targets'>): void {
  const { signed } = repo.targets;
  repo.targets = unsigned('targets', { ...change(signed), version: nextVersion(signed.version, repo.published['targets']), expires: isoOf(nowMs + DEFAULT_DAYS.targets * DAY_MS) });
}

/** New expiry for targets and all rings; nothing else changes. */
export function renew(repo: AuthorRepo, nowMs: number): void {
  editTargets(repo, nowMs, (t) => t);
  for (const ring of repo.rings.keys()) editRing(repo, ring, nowMs, (all) => all);
}

/**
 * The next root, with other keys, thresholds, online keys, or only a new expiry. It needs signatures of the old root's
 * keys and of its own. Where the signers of targets change, targets and rings are to be signed anew.
 */
export function rotateRoot(repo: AuthorRepo, change: Partial<Pick<InitOptions, 'root' | 'targets' | 'online' | 'rootDays'>>, nowMs: number): void {
  const old = currentRoot(repo).signed;
  const signatories = (role: 'root' | 'targets'): Signatories => change[role] ?? { keys: old.roles[role].keyids.flatMap((id) => old.keys[id] ?? []), threshold: old.roles[role].threshold };
  const onlineKey = (role: 'snapshot' | 'timestamp'): TufKey => {
    const key = change.online?.[role] ?? old.keys[old.roles[role].keyids[0] ?? ''];
    if (key === undefined) throw new ConfigError(`the root has no ${role} key`);
    return key;
  };
  const isPublished = old.version <= (repo.published['root'] ?? 0);
  const version = isPublished ? old.version + 1 : old.version;
  const targets = signatories('targets');
  const next = unsigned('root', rootOf({ root: signatories('root'), targets, online: { snapshot: onlineKey('snapshot'), timestamp: onlineKey('timestamp') }, nowMs, version, ...(change.rootDays === undefined ? {} : { rootDays: change.rootDays }) }));
  repo.roots = [...(isPublished ? repo.roots : repo.roots.slice(0, -1)), next];
  if (change.targets === undefined) return;
  editTargets(repo, nowMs, (t) => ({ ...t, delegations: { keys: keysOf(targets.keys), roles: t.delegations.roles.map((r) => ({ ...r, ...roleOf(targets) })) } }));
  for (const ring of repo.rings.keys()) editRing(repo, ring, nowMs, (all) => all);
}

/** Who has signed a file and who could. */
export interface SignatureState {
  readonly role: string;
  readonly version: number;
  readonly expires: string;
  readonly threshold: number;
  readonly signed: readonly string[];
  /** Those whose signature would count; fewer may be needed. */
  readonly missing: readonly string[];
  readonly isComplete: boolean;
  readonly isPublished: boolean;
}

/** Whose signatures a role's file needs; a root after the first also those of the root before it. */
function demands(repo: AuthorRepo, role: string): { file: SignedFile<MetadataKind>; keys: Record<string, TufKey>; role: RoleKeys }[] {
  const root = currentRoot(repo);
  if (role === 'root') {
    const own = { file: root, keys: root.signed.keys, role: root.signed.roles.root };
    const before = repo.roots.at(-2);
    return before === undefined ? [own] : [own, { file: root, keys: before.signed.keys, role: before.signed.roles.root }];
  }
  if (role === 'targets') return [{ file: repo.targets, keys: root.signed.keys, role: root.signed.roles.targets }];
  const file = repo.rings.get(role);
  const delegation = repo.targets.signed.delegations.roles.find((r) => r.name === role);
  if (file === undefined || delegation === undefined) throw new ConfigError(`there is no ring ${role}`);
  return [{ file, keys: repo.targets.signed.delegations.keys, role: delegation }];
}

export const rolesOf = (repo: AuthorRepo): string[] => ['root', 'targets', ...repo.rings.keys()];

export function signatureStates(repo: AuthorRepo): SignatureState[] {
  return rolesOf(repo).map((role) => {
    const all = demands(repo, role);
    const checked = all.map((d) => ({ ...d, good: signersOf(d.file, d.keys, d.role) }));
    const names = (pick: (d: (typeof checked)[number]) => string[]): string[] => [...new Set(checked.flatMap((d) => pick(d).map((id) => named(d.keys, id))))];
    const { version, expires } = checked[0]?.file.signed ?? { version: 0, expires: '' };
    return {
      ...{ role, version, expires },
      threshold: Math.max(...checked.map((d) => d.role.threshold)),
      signed: names((d) => d.good),
      missing: names((d) => d.role.keyids.filter((id) => !d.good.includes(id))),
      isComplete: checked.every((d) => d.good.length >= d.role.threshold),
      isPublished: version <= (repo.published[role] ?? 0),
    };
  });
}

function named(keys: Readonly<Record<string, TufKey>>, id: string): string {
  const key = keys[id];
  return key === undefined ? id.slice(0, 8) : nameOf(key);
}

/** Signs every unpublished file on which this key counts. @returns the roles that were signed */
export function signAll(repo: AuthorRepo, signer: TufSigner): string[] {
  return rolesOf(repo).filter((role) => {
    const asked = demands(repo, role);
    if (!asked.some((d) => d.role.keyids.includes(signer.keyId))) return false;
    const version = asked[0]?.file.signed.version ?? 0;
    if (version <= (repo.published[role] ?? 0)) return false;
    const ring = repo.rings.get(role);
    if (role === 'root') repo.roots = [...repo.roots.slice(0, -1), withSignature(currentRoot(repo), signer)];
    else if (role === 'targets') repo.targets = withSignature(repo.targets, signer);
    else if (ring !== undefined) repo.rings.set(role, withSignature(ring, signer));
    return true;
  });
}
