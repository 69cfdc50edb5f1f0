/** A few blocks kept per session, so that a full disk still has room for the note that says so and the close. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAll } from './files.ts';

const reserveBytes = 64 * 1024;

/** Writes real bytes: a sparse file would reserve nothing. */
export function createReserve(dir: string): void {
  const fd = openSync(join(dir, 'reserve'), 'w', 0o600);
  try {
    writeAll(fd, Buffer.alloc(reserveBytes, 0x5a));
  } finally {
    closeSync(fd);
  }
}

export function dropReserve(dir: string): void {
  rmSync(join(dir, 'reserve'), { force: true });
}
