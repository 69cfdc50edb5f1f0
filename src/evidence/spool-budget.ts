/** Bytes of recordings that have not reached the store. One budget per device, shared by its sessions. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

export interface SpoolBudget {
  /** False when the bytes do not fit; they are then not counted. */
  take(bytes: number): boolean;
  /** Called when uploaded recordings leave the spool. */
  give(bytes: number): void;
}

export class SpoolMeter implements SpoolBudget {
  readonly limitBytes: number;
  #usedBytes: number;

  constructor(limitBytes: number = limits.spoolBytes, usedBytes = 0) {
    this.limitBytes = limitBytes;
    this.#usedBytes = usedBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  take(bytes: number): boolean {
    assert(bytes >= 0, 'bytes are counted up');
    if (this.#usedBytes + bytes > this.limitBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#usedBytes = Math.max(0, this.#usedBytes - bytes);
  }
}

/** Bytes of all files under `dir`; 0 when it does not exist. Counts what is there at start-up. */
export function bytesUnder(dir: string): number {
  try {
    return readdirSync(dir, { withFileTypes: true }).reduce((sum, entry) => {
      const path = join(dir, entry.name);
      return sum + (entry.isDirectory() ? bytesUnder(path) : lstatSync(path).size);
    }, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}
