/** Replaces a small file of the app whole or not at all; readable by its owner only. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { EnvironmentError, messageOf } from '../../base/errors.ts';

/** @throws EnvironmentError env.io or env.disk_full; the old file is then still there */
export const writeAtomic = (file: string, text: string): void => writeFileAtomic(file, Buffer.from(text, 'utf8'));

/** As `writeAtomic`, for bytes. */
export function writeFileAtomic(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const fd = openSync(temporary, 'w', 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
    throw new EnvironmentError(full ? 'env.disk_full' : 'env.io', `${path.basename(file)} cannot be written: ${messageOf(cause)}`, { cause });
  }
}
