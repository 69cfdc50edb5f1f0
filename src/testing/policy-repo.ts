/** A policy repository with its signers, pushed to a real store, and what a hostile store could make of it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromUtf8, utf8 } from '../base/encoding.ts';
import { packBundle } from '../policy/bundle/archive.ts';
import { digestOf, type BundleFiles } from '../policy/bundle/files.ts';
import { pinOfDigest } from '../proxy/core/bundle-cache.ts';
import { BundleUpdater, type UpdaterNews, type UpdaterOptions } from '../proxy/core/bundle-updater.ts';
import type { StoreClient } from '../proxy/core/store-client.ts';
import { initRepository, listBundle, signAll, type AuthorRepo } from '../tuf/author.ts';
import type { RepositoryFetch } from '../tuf/client.ts';
import { generatePrivatePem, signerOf, tufKey, type TufSigner } from '../tuf/keys.ts';
import { fileEntry, metadataText, type BundleCustom } from '../tuf/metadata.ts';
import { bundleFiles } from './policy.ts';
import type { MovableClock, Person } from './store-harness.ts';

/** A valid bundle of this serial that permits everything; `changes` replaces files. */
export const bundleOf = (serial: number, changes: Readonly<Record<string, string>> = {}): BundleFiles =>
  bundleFiles({ 'bundle.yaml': `name: test\nserial: ${serial}\nmin_app_version: 0.1.0\n`, 'policies/main.cedar': `@id("all-${serial}")\npermit(principal, action, resource);\n`, ...changes });

export class PolicyAuthor {
  signers: readonly TufSigner[];
  readonly repo: AuthorRepo;
  readonly archives: Uint8Array[] = [];
  /** Of the person who pushes; a new one after their sign-in has ended. */
  client: StoreClient;
  readonly #clock: MovableClock;

  private constructor(signers: readonly TufSigner[], repo: AuthorRepo, client: StoreClient, clock: MovableClock) {
    this.signers = signers;
    this.repo = repo;
    this.client = client;
    this.#clock = clock;
  }

  /** Two signers, both needed; nothing pushed yet. */
  static async create(client: StoreClient, clock: MovableClock): Promise<PolicyAuthor> {
    const signers = [signerOf(generatePrivatePem('ed25519'), 'ann'), signerOf(generatePrivatePem('p256'), 'bob')];
    const online = await client.onlineKeys(false);
    const both = { keys: signers.map((s) => s.key), threshold: 2 };
    const repo = initRepository({ root: both, targets: both, online: { snapshot: tufKey.parse(online.snapshot), timestamp: tufKey.parse(online.timestamp) }, rings: ['canary', 'early', 'stable'], nowMs: clock.nowMs() });
    return new PolicyAuthor(signers, repo, client, clock);
  }

  add(ring: string, files: BundleFiles, terms: Partial<BundleCustom> = {}, archive = packBundle(files)): void {
    this.archives.push(archive);
    const serial = Number(/serial: (\d+)/.exec(fromUtf8(files.get('bundle.yaml') ?? new Uint8Array()))?.[1]);
    listBundle(this.repo, { ring, entry: fileEntry(archive), custom: { serial, bundle: digestOf(files), ...terms } }, this.#clock.nowMs());
  }

  sign(signers: readonly TufSigner[] = this.signers): void {
    for (const s of signers) signAll(this.repo, s);
  }

  async push(): Promise<Readonly<Record<string, number>>> {
    for (const archive of this.archives) await this.client.uploadBundle(archive);
    const versions = await this.client.pushPolicy({ roots: this.repo.roots.map(metadataText), targets: metadataText(this.repo.targets), rings: Object.fromEntries([...this.repo.rings].map(([r, f]) => [r, metadataText(f)])) });
    this.repo.published = { ...versions };
    return versions;
  }

  /** Lists, signs by both and pushes. */
  async release(ring: string, files: BundleFiles, terms: Partial<BundleCustom> = {}): Promise<Readonly<Record<string, number>>> {
    this.add(ring, files, terms);
    this.sign();
    return this.push();
  }

  /** What devices are told to trust. */
  get fingerprint(): string {
    const [root] = this.repo.roots;
    if (root === undefined) throw new Error('there is no root');
    return createHash('sha256').update(metadataText(root)).digest('hex');
  }
}

/** Stands between a device and the store: answers by rules first, and remembers all that the store ever said. */
export class Tap {
  readonly seen = new Map<string, Uint8Array>();
  readonly asked: string[] = [];
  /** The first that gives something answers; `undefined` asks the store. */
  rule: (path: string) => Uint8Array | 'missing' | Error | undefined = () => undefined;
  readonly #read: RepositoryFetch;

  constructor(read: RepositoryFetch) {
    this.#read = read;
  }

  readonly read: RepositoryFetch = async (path, limitBytes) => {
    this.asked.push(path);
    const ruled = this.rule(path);
    if (ruled === 'missing') return undefined;
    if (ruled instanceof Error) throw ruled;
    if (ruled !== undefined) return ruled;
    const bytes = await this.#read(path, limitBytes);
    if (bytes !== undefined) this.seen.set(path, bytes);
    return bytes;
  };

  /** Answers as the store did when `then` was taken. */
  replay(then: ReadonlyMap<string, Uint8Array>): void {
    this.rule = (path) => then.get(path) ?? (path.endsWith('.root.json') ? 'missing' : undefined);
  }
}

export interface TestDevice {
  readonly updater: BundleUpdater;
  readonly tap: Tap;
  readonly news: UpdaterNews[];
  readonly dir: string;
  /** The same device after a restart of the program. */
  reopen(changes?: Partial<UpdaterOptions>): Promise<TestDevice>;
}

export async function testDevice(person: Person, clock: MovableClock, fingerprint: string, changes: Partial<UpdaterOptions> = {}, dir = mkdtempSync(join(tmpdir(), 'sallyport-test-policy-'))): Promise<TestDevice> {
  const tap = new Tap(person.client.readPolicy);
  const news: UpdaterNews[] = [];
  const updater = await BundleUpdater.open({ dataDir: dir, device: { id: person.device.deviceId, signer: person.device }, clock, pin: pinOfDigest(fingerprint), ring: 'stable', agent: '0.1.0', read: tap.read, report: (e) => person.client.reportPolicy(e), ...changes });
  updater.onNews((n) => news.push(n));
  return { updater, tap, news, dir, reopen: (more) => testDevice(person, clock, fingerprint, { ...changes, ...more }, dir) };
}

export const removeDevice = (device: TestDevice): void => rmSync(device.dir, { recursive: true, force: true });

/** JSON of a metadata file with its signed part changed and the signatures left as they were. */
export const forged = (bytes: Uint8Array | undefined, change: (signed: Record<string, unknown>) => void): Uint8Array => utf8(forgedText(fromUtf8(bytes ?? new Uint8Array()), change));

export function forgedText(text: string, change: (signed: Record<string, unknown>) => void): string {
  const file = JSON.parse(text) as { signed: Record<string, unknown> };
  const before = JSON.stringify(file.signed);
  change(file.signed);
  return JSON.stringify(file.signed) === before ? text : JSON.stringify(file);
}
