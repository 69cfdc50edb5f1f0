/** Key files of the store: created once, mode 0600, never replaced when they cannot be read. */
import { constants } from 'node:fs';
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { EnvironmentError, messageOf } from '../../base/errors.ts';

/**
 * Reads a secret file, or creates it with `make()` when there is none. Two processes that race agree on one content.
 * @throws EnvironmentError env.io when the file is readable by others or cannot be read: it is never made anew then.
 */
export async function secretFile(path: string, make: () => Uint8Array): Promise<Buffer> {
  const there = await readIfThere(path);
  if (there !== undefined) return there;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temp = await writePrivate(path, make());
  try {
    await link(temp, path);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw new EnvironmentError('env.io', `cannot create ${path}: ${messageOf(cause)}`, { cause });
  } finally {
    await unlink(temp);
  }
  const made = await readIfThere(path);
  if (made === undefined) throw new EnvironmentError('env.io', `${path} vanished while it was being created`);
  return made;
}

/** Replaces a private file whole. */
export async function replacePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rename(await writePrivate(path, bytes), path);
}

async function writePrivate(path: string, bytes: Uint8Array): Promise<string> {
  const temp = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  const file = await open(temp, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return temp;
}

/**
 * Undefined only when the file does not exist.
 * @param readers `group`: a file that an operator made and that this process reads by its group, as mounted secrets are
 */
export async function readIfThere(path: string, readers: 'owner' | 'group' = 'owner'): Promise<Buffer | undefined> {
  try {
    // Windows has no such bits; the user's profile directory protects the file there.
    if (process.platform !== 'win32' && ((await stat(path)).mode & (readers === 'group' ? 0o037 : 0o077)) !== 0) {
      throw new EnvironmentError('env.io', `${path} can be read by others: set its mode to 0600 and replace the secret in it`);
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new EnvironmentError('env.io', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}
