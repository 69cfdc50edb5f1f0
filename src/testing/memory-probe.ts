/** Asks a process of Node how much memory it holds after a full garbage collection. */
import { readdirSync, readlinkSync } from 'node:fs';

export interface MemorySample {
  /** Bytes. */
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

const script = `
import v8 from 'node:v8';
import vm from 'node:vm';
v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');
process.on('SIGUSR2', async () => {
  for (let i = 0; i < 4; i++) { gc(); await new Promise((done) => setImmediate(done)); }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  process.stdout.write(JSON.stringify({ event: 'test.memory', rss, heapUsed, external, arrayBuffers }) + '\\n');
});
`;

/** The environment of a process that can be asked: on SIGUSR2 it collects its garbage and prints one `test.memory` line. */
export function probedEnv(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}

/**
 * File descriptors that a process holds (Linux), but for the embedded database's own: it opens a file for each table and
 * index when it first touches it and keeps it, so their number follows the schema and not the sessions.
 */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).filter((fd) => !isDatabaseFile(`/proc/${pid}/fd/${fd}`)).length;

function isDatabaseFile(link: string): boolean {
  try {
    return readlinkSync(link).includes('/store/pg/');
  } catch {
    // Closed between the listing and the look.
    return true;
  }
}

export const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(1);

/** Least-squares slope of y over its index, as growth over the whole series. */
export function growth(series: readonly number[]): number {
  const n = series.length;
  if (n < 2) return 0;
  const meanX = (n - 1) / 2;
  const meanY = series.reduce((a, b) => a + b, 0) / n;
  let over = 0;
  let under = 0;
  series.forEach((y, x) => {
    over += (x - meanX) * (y - meanY);
    under += (x - meanX) ** 2;
  });
  return (over / under) * (n - 1);
}
