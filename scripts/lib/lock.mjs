// A lock between processes: a file that is created exclusively and holds the owner's pid. A dead owner's lock is taken over.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { info, Stop } from './log.mjs';

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

function take(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return undefined;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  let owner;
  try {
    owner = Number(readFileSync(path, 'utf8'));
  } catch {
    return 0; // Released between the two calls.
  }
  if (owner > 0 && !alive(owner)) {
    rmSync(path, { force: true });
    return 0;
  }
  return owner;
}

/** Runs `work` while holding the lock at `path`; waits for another owner up to timeoutMs. */
export async function withLock(path, work, { timeoutMs = 15 * 60_000, what = 'another run' } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = Date.now() + timeoutMs;
  let told = false;
  for (let owner = take(path); owner !== undefined; owner = take(path)) {
    if (Date.now() > deadline) throw new Stop(`${what} (process ${owner}) has held ${path} for too long; end it or delete the file`);
    if (owner > 0 && !told) {
      info(`waiting for ${what} (process ${owner})`);
      told = true;
    }
    await delay(200);
  }
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}
