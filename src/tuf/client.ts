/**
 * The client workflow of TUF (specification section 5) over tuf-js, and what this product asks beyond it: the strict
 * schema, an expiry by the caller's clock, and versions that never fall even when the cache was deleted. This is the
 * only file that knows tuf-js.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { canonicalize } from '@tufjs/canonical-json';
import type { Fetcher } from 'tuf-js';
import { EnvironmentError, messageOf } from '../base/errors.ts';
import { parseMetadata, tufLimits, type Metadata, type MetadataKind, type SignedFile } from './metadata.ts';
import type { Listing } from './ring.ts';

/** What the repository offers breaks a rule of TUF or of this product. Nothing of it is used. */
export class RepositoryRefused extends EnvironmentError {
  readonly why: string;
  constructor(why: string, options?: { cause?: unknown }) {
    super('env.store', `the policy that the store serves is refused: ${why}`, options);
    this.why = why;
  }
}

/** Reads `metadata/2.root.json` or `targets/rings/...`; undefined when there is none. It reads at most `limitBytes` and a byte. @throws EnvironmentError */
export type RepositoryFetch = (path: string, limitBytes: number) => Promise<Uint8Array | undefined>;

/** A consistent, verified and unexpired set. */
export interface View {
  readonly ring: string;
  readonly root: SignedFile<'root'>;
  readonly timestamp: SignedFile<'timestamp'>;
  readonly snapshot: SignedFile<'snapshot'>;
  readonly targets: SignedFile<'targets'>;
  readonly ringTargets: SignedFile<'ring'>;
}

export interface RefreshOptions {
  /** Holds the trusted root.json and what earlier refreshes trusted; trusted files are replaced by newer ones. */
  readonly dir: string;
  readonly fetch: RepositoryFetch;
  readonly ring: string;
  readonly nowMs: number;
}

const BASE = 'http://repository.invalid';

/** @throws RepositoryRefused with the rule that was broken, EnvironmentError when the store cannot be read. */
export async function refresh(o: RefreshOptions): Promise<View> {
  // Loaded on the first use: the library brings an HTTP client along that nothing here needs.
  const [{ Updater }, { DownloadHTTPError, DownloadLengthMismatchError }] = await Promise.all([import('tuf-js'), import('tuf-js/dist/error.js')]);
  let failure: unknown;
  const downloadBytes = async (url: string, maxLength: number): Promise<Buffer> => {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await o.fetch(url.slice(BASE.length + 1), maxLength);
    } catch (error) {
      // The library wraps what is thrown here into text: whoever looks for an outage needs the error itself.
      failure = error;
      throw error;
    }
    if (bytes === undefined) throw new DownloadHTTPError(`the store has no ${url.slice(url.lastIndexOf('/') + 1)}`, 404);
    if (bytes.length > maxLength) throw new DownloadLengthMismatchError(`${url.slice(url.lastIndexOf('/') + 1)} is larger than ${maxLength} bytes`);
    return Buffer.from(bytes);
  };
  const fetcher: Fetcher = { downloadBytes, downloadFile: () => Promise.reject(new EnvironmentError('env.store', 'targets are not read here')) };
  try {
    const updater = new Updater({
      metadataDir: o.dir,
      metadataBaseUrl: `${BASE}/metadata`,
      fetcher,
      config: { maxRootRotations: tufLimits.rootRotations, rootMaxLength: tufLimits.rootBytes, timestampMaxLength: tufLimits.timestampBytes, snapshotMaxLength: tufLimits.snapshotBytes, targetsMaxLength: tufLimits.targetsBytes },
    });
    await updater.refresh();
    // Any path of the ring: looking for it is what loads and verifies the ring's role.
    await updater.getTargetInfo(`rings/${o.ring}/bundle-0.tar.gz`);
    return checkedView(o);
  } catch (error) {
    if (failure !== undefined) throw failure instanceof EnvironmentError ? failure : new EnvironmentError('env.store', messageOf(failure), { cause: failure });
    if (error instanceof RepositoryRefused) throw error;
    throw new RepositoryRefused(messageOf(error).replace(/^Unable to load (snapshot metadata|targets) error \w+: /, ''), { cause: error });
  }
}

function checkedView(o: RefreshOptions): View {
  const read = <K extends MetadataKind>(kind: K, name: string): SignedFile<K> => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(path.join(o.dir, `${name}.json`));
    } catch {
      throw new RepositoryRefused(`there is no ring ${name}`);
    }
    const file = parseMetadata(kind, bytes, `${name}.json`);
    if (Date.parse(file.signed.expires) <= o.nowMs) throw new RepositoryRefused(`${name}.json expired ${file.signed.expires}`);
    return file;
  };
  const targets = read('targets', 'targets');
  if (!targets.signed.delegations.roles.some((r) => r.name === o.ring)) throw new RepositoryRefused(`there is no ring ${o.ring}`);
  const ringTargets = read('ring', o.ring);
  const outside = Object.keys(ringTargets.signed.targets).find((p) => !p.startsWith(`rings/${o.ring}/`));
  if (outside !== undefined) throw new RepositoryRefused(`ring ${o.ring} lists ${outside}, which is not its own`);
  return { ring: o.ring, root: read('root', 'root'), timestamp: read('timestamp', 'timestamp'), snapshot: read('snapshot', 'snapshot'), targets, ringTargets };
}

/** The archive of a listing, of its length and digest. @throws RepositoryRefused, EnvironmentError */
export async function fetchTarget(fetch: RepositoryFetch, listing: Listing): Promise<Uint8Array> {
  const at = listing.path.lastIndexOf('/') + 1;
  const bytes = await fetch(`targets/${listing.path.slice(0, at)}${listing.sha256}.${listing.path.slice(at)}`, listing.length);
  if (bytes === undefined) throw new RepositoryRefused(`the store has no ${listing.path}`);
  if (bytes.length !== listing.length || createHash('sha256').update(bytes).digest('hex') !== listing.sha256) throw new RepositoryRefused(`${listing.path} is not the file that was signed`);
  return bytes;
}

/** The highest versions that a device has seen, and by whose keys: what it never goes below. */
export interface Floors {
  readonly root: number;
  readonly timestamp: number;
  readonly snapshot: number;
  /** targets and rings by name. */
  readonly roles: Readonly<Record<string, number>>;
  /** Digest of the keys and threshold that the root gave each role. */
  readonly authority: { readonly timestamp: string; readonly snapshot: string; readonly targets: string };
}

export const noFloors: Floors = { root: 0, timestamp: 0, snapshot: 0, roles: {}, authority: { timestamp: '', snapshot: '', targets: '' } };

/** Digest of who may sign a role. */
export function authorityOf(r: Metadata<'root'>, name: 'timestamp' | 'snapshot' | 'targets'): string {
  const { keyids, threshold } = r.roles[name];
  return createHash('sha256').update(canonicalize({ keyids: [...keyids].sort(), threshold }), 'utf8').digest('hex');
}

/**
 * The floors after a view. Versions signed by keys that the root has since replaced do not bind (specification section
 * 5.3.11): whoever stole a key and raised a version to the sky is answered by a new root.
 * @throws RepositoryRefused when a version is lower than one seen before.
 */
export function raiseFloors(view: View, seen: Floors): Floors {
  const r = view.root.signed;
  const authority = { timestamp: authorityOf(r, 'timestamp'), snapshot: authorityOf(r, 'snapshot'), targets: authorityOf(r, 'targets') };
  const isRotated = authority.timestamp !== seen.authority.timestamp || authority.snapshot !== seen.authority.snapshot;
  const rise = (what: string, now: number, before: number): number => {
    if (now < before) throw new RepositoryRefused(`${what} has version ${now}, this device has seen ${before}`);
    return now;
  };
  const roles: Record<string, number> = isRotated ? {} : { ...seen.roles };
  for (const [file, meta] of Object.entries(view.snapshot.signed.meta)) roles[file.replace(/\.json$/, '')] = rise(file, meta.version, roles[file.replace(/\.json$/, '')] ?? 0);
  const gone = Object.keys(roles).find((name) => view.snapshot.signed.meta[`${name}.json`] === undefined);
  if (gone !== undefined) throw new RepositoryRefused(`snapshot.json no longer names ${gone}.json`);
  return {
    root: rise('root.json', r.version, seen.root),
    timestamp: rise('timestamp.json', view.timestamp.signed.version, isRotated ? 0 : seen.timestamp),
    snapshot: rise('snapshot.json', view.snapshot.signed.version, isRotated ? 0 : seen.snapshot),
    roles,
    authority,
  };
}

/** When what a view allows ends: until then a device that reaches no store goes on. */
export const endsMs = (view: Pick<View, 'targets' | 'ringTargets'>): number => Math.min(Date.parse(view.targets.signed.expires), Date.parse(view.ringTargets.signed.expires));
