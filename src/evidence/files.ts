/** Durable small files: written beside, fsynced, renamed, and the directory fsynced. Disk errors get the product's codes. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { EnvironmentError, messageOf } from '../base/errors.ts';

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The product's error for a failed file operation. */
export function ioError(what: string, error: unknown): EnvironmentError {
  if (error instanceof EnvironmentError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new EnvironmentError(full.has(code) ? 'env.disk_full' : 'env.io', `${what}: ${messageOf(error)}`, { cause: error });
}

/** Writes all of `data`, however many writes the kernel makes of it. */
export function writeAll(fd: number, data: Uint8Array): void {
  let at = 0;
  while (at < data.length) at += writeSync(fd, data, at, data.length - at);
}

export function fsyncDir(dir: string): void {
  // Windows cannot open directories; its rename is journalled.
  if (process.platform === 'win32') return;
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** After this returns the file holds exactly `data`, also after a power cut. @throws EnvironmentError */
export function writeDurable(path: string, data: Uint8Array | string): void {
  const temporary = `${path}.tmp`;
  try {
    const fd = openSync(temporary, 'w', 0o600);
    try {
      writeAll(fd, typeof data === 'string' ? Buffer.from(data, 'utf8') : data);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    fsyncDir(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw ioError(`cannot write ${path}`, error);
  }
}
