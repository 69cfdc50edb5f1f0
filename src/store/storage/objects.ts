/** Objects by key on a file system. Written once: an object never changes after it is there (if-none-match). */
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { BugError, EnvironmentError, messageOf } from '../../base/errors.ts';

export interface ObjectInfo {
  readonly name: string;
  readonly bytes: number;
}

export interface ObjectStore {
  /** Durable when it resolves. 'exists' when the key is taken: nothing was written. */
  putNew(key: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  /** Durable replacement, for objects that are rewritten whole. */
  replace(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is no such object. */
  get(key: string): Promise<Buffer | undefined>;
  /** Objects under a prefix that ends with `/`, names relative to it, sorted. */
  list(prefix: string): Promise<readonly ObjectInfo[]>;
  /** A local directory that holds the objects under `prefix` by their names. To be read only. */
  localDir(prefix: string): Promise<string>;
}

const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const isMissing = (e: unknown): boolean => e instanceof Error && 'code' in e && (e.code === 'ENOENT' || e.code === 'ENOTDIR');

/** @throws EnvironmentError env.io or env.disk_full from every method. */
export function fileObjects(root: string): ObjectStore {
  const pathOf = (key: string): string => {
    const parts = key.split('/');
    if (parts.length === 0 || !parts.every((p) => SEGMENT.test(p))) throw new BugError(`bad object key ${JSON.stringify(key)}`);
    return join(root, ...parts);
  };
  return {
    putNew: (key, bytes) =>
      guarded(async () => {
        const path = pathOf(key);
        const temp = await writeTemp(path, bytes);
        try {
          // link, not rename: it fails when the name is taken, so two writers cannot both win.
          await link(temp, path);
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'exists' as const;
          throw error;
        } finally {
          await unlink(temp);
        }
        await syncDirectory(dirname(path));
        return 'created' as const;
      }),
    replace: (key, bytes) =>
      guarded(async () => {
        const path = pathOf(key);
        await rename(await writeTemp(path, bytes), path);
        await syncDirectory(dirname(path));
      }),
    get: (key) =>
      guarded(async () => {
        try {
          return await readFile(pathOf(key));
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      }),
    list: (prefix) => guarded(() => listUnder(pathOf(prefix.replace(/\/$/, '')), '')),
    localDir: (prefix) => Promise.resolve(pathOf(prefix.replace(/\/$/, ''))),
  };
}

async function listUnder(dir: string, prefix: string): Promise<ObjectInfo[]> {
  let entries;
  try {
    entries = await readdir(dir, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const out: ObjectInfo[] = [];
  for (const e of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (e.isDirectory()) out.push(...(await listUnder(join(dir, e.name), `${prefix}${e.name}/`)));
    else if (SEGMENT.test(e.name)) out.push({ name: prefix + e.name, bytes: (await stat(join(dir, e.name))).size });
  }
  return out;
}

async function writeTemp(path: string, bytes: Uint8Array): Promise<string> {
  const dir = dirname(path);
  const made = await mkdir(dir, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncDirectory(dirname(made));
  // The leading dot keeps an unfinished file out of `list`.
  const temp = join(dir, `.${randomBytes(8).toString('hex')}.tmp`);
  const file = await open(temp, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await unlink(temp);
    throw error;
  } finally {
    await file.close();
  }
  return temp;
}

/** A new name survives a power cut only once its directory is synced. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof BugError) throw cause;
    const full = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
    throw new EnvironmentError(full ? 'env.disk_full' : 'env.io', `object storage: ${messageOf(cause)}`, { cause });
  }
}
