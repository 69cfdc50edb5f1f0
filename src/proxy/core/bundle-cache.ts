/**
 * The verified files of the policy repository on this device: a cache that may be deleted at any time. New files are
 * verified in a directory of their own and take the place of the old ones together.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, messageOf } from '../../base/errors.ts';
import { writeDurable } from '../../evidence/files.ts';
import { RepositoryRefused, type RepositoryFetch } from '../../tuf/client.ts';
import { parseMetadata, tufLimits } from '../../tuf/metadata.ts';

/** The first root that a device trusts: the file itself, or the digest of the store's first root. */
export type Pin = { readonly sha256: string; readonly root: Uint8Array | undefined };

/** @throws ConfigError when the file is no root. */
export function pinOfFile(file: string): Pin {
  let root: Buffer;
  try {
    root = readFileSync(file);
    parseMetadata('root', root, 'the file');
  } catch (error) {
    throw new ConfigError(`cannot be the root of policy: ${messageOf(error)}`, { file, fix: 'security gives it out; `sallyport bundle init` makes it' });
  }
  return { sha256: createHash('sha256').update(root).digest('hex'), root };
}

export const pinOfDigest = (sha256: string): Pin => ({ sha256, root: undefined });

/** Nothing is wrong with the repository: it has no bundle for this device. */
export class NoBundleYet extends RepositoryRefused {
  constructor(why: string) {
    super(why);
    this.message = why;
  }
}

export interface Stage {
  readonly dir: string;
  /** What was verified here is trusted from now on. */
  keep(): void;
  /** Only the root. @returns its version */
  keepRoot(): number;
}

export class BundleCache {
  readonly #dir: string;
  readonly #pin: Pin;

  constructor(dir: string, pin: Pin) {
    this.#dir = dir;
    this.#pin = pin;
  }

  get #trusted(): string {
    return path.join(this.#dir, 'trusted');
  }

  /** A directory with what is trusted now, to verify newer files in. @throws RepositoryRefused when the pinned root cannot be had */
  async stage(read: RepositoryFetch): Promise<Stage> {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    for (const left of readdirSync(this.#dir).filter((n) => n.startsWith('stage-'))) rmSync(path.join(this.#dir, left), { recursive: true });
    const dir = mkdtempSync(path.join(this.#dir, 'stage-'));
    if (existsSync(path.join(this.#trusted, 'root.json'))) cpSync(this.#trusted, dir, { recursive: true });
    else writeFileSync(path.join(dir, 'root.json'), await this.#firstRoot(read));
    return {
      dir,
      keep: () => {
        rmSync(this.#trusted, { recursive: true, force: true });
        renameSync(dir, this.#trusted);
      },
      keepRoot: () => {
        const root = readFileSync(path.join(dir, 'root.json'));
        mkdirSync(this.#trusted, { recursive: true, mode: 0o700 });
        writeDurable(path.join(this.#trusted, 'root.json'), root);
        rmSync(dir, { recursive: true, force: true });
        return parseMetadata('root', root, 'root.json').signed.version;
      },
    };
  }

  /** With a digest only, the store may hand out the first root: it is the right one or it is refused. */
  async #firstRoot(read: RepositoryFetch): Promise<Uint8Array> {
    if (this.#pin.root !== undefined) return this.#pin.root;
    const root = await read('metadata/1.root.json', tufLimits.rootBytes);
    if (root === undefined) throw new NoBundleYet('no policy has been pushed to the store yet');
    if (createHash('sha256').update(root).digest('hex') !== this.#pin.sha256) throw new RepositoryRefused('its first root is not the one that this device was told to trust');
    return root;
  }

  /** The archive, if it is here and whole. */
  bundle(o: { readonly sha256: string }): Uint8Array | undefined {
    const file = this.#bundleFile(o.sha256);
    if (!existsSync(file)) return undefined;
    const bytes = readFileSync(file);
    return createHash('sha256').update(bytes).digest('hex') === o.sha256 ? bytes : undefined;
  }

  keepBundle(o: { readonly sha256: string }, archive: Uint8Array): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    writeDurable(this.#bundleFile(o.sha256), archive);
  }

  /** Older bundles go once the state names the new one. */
  forgetAllBut(o: { readonly sha256: string }): void {
    for (const name of readdirSync(this.#dir)) if (name.startsWith('bundle-') && name !== path.basename(this.#bundleFile(o.sha256))) rmSync(path.join(this.#dir, name));
  }

  #bundleFile(sha256: string): string {
    return path.join(this.#dir, `bundle-${sha256}.tar.gz`);
  }
}
