/** One process per directory: two databases on the same files would destroy them, two recorders recover each other's sessions. */
import { constants } from 'node:fs';
import { mkdir, open, readFile, rm, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EnvironmentError, messageOf } from '../base/errors.ts';

const held = new Set<string>();

/**
 * Takes the lock file, and over from a process that no longer runs.
 * @throws EnvironmentError when another process, or this one, has the directory open
 */
export async function lockDirectory(dir: string): Promise<() => Promise<void>> {
  const path = resolve(dir, 'lock');
  if (held.has(path)) throw new EnvironmentError('env.io', `this process has ${dir} open already`);
  held.add(path);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await takeOver(path, dir);
  } catch (cause) {
    held.delete(path);
    if (cause instanceof EnvironmentError) throw cause;
    throw new EnvironmentError('env.io', `cannot use ${dir}: ${messageOf(cause)}`, { cause });
  }
  return async () => {
    await rm(path, { force: true });
    held.delete(path);
  };
}

async function takeOver(path: string, dir: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await take(path)) return;
    const [pid = '', started = ''] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ');
    const owner = Number(pid);
    const alive = owner !== process.pid && Number.isInteger(owner) && owner > 0 && isRunning(owner) && (started === '' || (await startOf(owner)) === started);
    if (alive) throw new EnvironmentError('env.io', `another process has ${dir} open: process ${owner}`);
    await unlink(path).catch(() => undefined);
  }
  throw new EnvironmentError('env.io', `cannot lock ${join(dir, 'lock')}`);
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    await file.writeFile(`${process.pid} ${await startOf(process.pid)}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** When a process started, in ticks since boot, so that a re-used pid is not mistaken for it. Empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold anything, so fields are counted after it; the start time is field 22.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
