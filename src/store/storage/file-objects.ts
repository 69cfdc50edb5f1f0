/** Objects as files, for a store on one machine. */
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { BugError, EnvironmentError, messageOf } from '../../base/errors.ts';
import { byName, isSegment, keyParts, type ObjectInfo, type ObjectStore, prefixParts } from './objects.ts';

const isMissing = (e: unknown): boolean => e instanceof Error && 'code' in e && (e.code === 'ENOENT' || e.code === 'ENOTDIR');

/** @throws EnvironmentError env.io or env.disk_full from every method */
export function fileObjects(root: string): ObjectStore {
  const pathOf = (key: string): string => join(root, ...keyParts(key));
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
    list: (prefix) => guarded(async () => (await listUnder(join(root, ...prefixParts(prefix)), '')).sort(byName)),
    remove: (key) =>
      guarded(async () => {
        await rm(pathOf(key), { force: true });
        await syncDirectory(dirname(pathOf(key)));
      }),
    removeEarlier: () => Promise.resolve(),
    check: () =>
      guarded(async () => {
        await mkdir(root, { recursive: true, mode: 0o700 });
      }),
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
  for (const e of entries) {
    if (e.isDirectory()) out.push(...(await listUnder(join(dir, e.name), `${prefix}${e.name}/`)));
    else if (isSegment(e.name)) out.push({ name: prefix + e.name, bytes: (await stat(join(dir, e.name))).size });
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
