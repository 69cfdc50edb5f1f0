/** Size of the window as it was left. A comfort only: a file that does not parse is the same as none. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomic } from './write-atomic.ts';

const schema = z.strictObject({ v: z.literal(1), width: z.int().min(900).max(10_000), height: z.int().min(600).max(10_000), maximized: z.boolean() });

export interface WindowSize {
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
}

const DEFAULT: WindowSize = { width: 1280, height: 800, maximized: false };
const fileOf = (dataDir: string): string => path.join(dataDir, 'window.json');

export function readWindowSize(dataDir: string): WindowSize {
  try {
    return schema.parse(JSON.parse(readFileSync(fileOf(dataDir), 'utf8')));
  } catch {
    return DEFAULT;
  }
}

export function writeWindowSize(dataDir: string, size: WindowSize): void {
  writeAtomic(fileOf(dataDir), `${JSON.stringify({ v: 1, ...size })}\n`);
}
