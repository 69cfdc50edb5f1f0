import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runProcess } from '../src/testing/process.ts';
import { clientEnv, findProgram } from './servers.ts';
import type { Endpoint, Route, WorkDir } from './servers.ts';

export interface Load {
  readonly clients: number;
  readonly mode: 'simple' | 'prepared';
}

export interface Throughput extends Load {
  readonly route: string;
  /** Transactions per second, the median of the rounds. */
  readonly tps: number;
  /** Latency of one transaction in milliseconds, over all rounds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const LOADS: readonly Load[] = [
  { clients: 1, mode: 'simple' },
  { clients: 1, mode: 'prepared' },
  { clients: 8, mode: 'simple' },
  { clients: 8, mode: 'prepared' },
];

/** By each client before a load is measured: counted, since a route that is slow to connect would not begin within a second. */
const WARM_UP_TRANSACTIONS = 200;

function pgbenchPath(): string {
  const path = findProgram('pgbench');
  if (path === undefined) throw new Error('pgbench is not installed');
  return path;
}

/** Fills pgbench's tables, directly. */
export async function fillPgbench(endpoint: Endpoint, scale: number): Promise<void> {
  const result = await runProcess(pgbenchPath(), ['-i', '-q', '-s', String(scale)], { env: clientEnv(endpoint), timeoutMs: 300_000 });
  if (result.code !== 0) throw new Error(`pgbench -i failed\n${result.stderr}`);
}

interface Round {
  readonly tps: number;
  readonly latenciesUs: readonly number[];
}

/** One run. Latencies come from pgbench's log of every transaction: its third field, in microseconds. */
async function round(endpoint: Endpoint, load: Load, length: { seconds: number } | { transactions: number }, folder: string): Promise<Round> {
  const prefix = join(folder, 'log');
  const args = ['-S', '-n', '-M', load.mode, '-c', String(load.clients), '-j', String(Math.min(2, load.clients)), ...('seconds' in length ? ['-T', String(length.seconds)] : ['-t', String(length.transactions)]), '-l', `--log-prefix=${prefix}`];
  const result = await runProcess(pgbenchPath(), args, { env: clientEnv(endpoint), cwd: folder, timeoutMs: ('seconds' in length ? length.seconds : 60) * 1000 + 60_000 });
  const tps = Number(/tps = ([\d.]+) \(without initial connection time\)/.exec(result.stdout)?.[1]);
  if (result.code !== 0 || !Number.isFinite(tps)) throw new Error(`pgbench failed\n${result.stdout}${result.stderr}`);
  const latenciesUs: number[] = [];
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      const time = Number(line.split(' ')[2]);
      if (line !== '' && Number.isFinite(time)) latenciesUs.push(time);
    }
    rmSync(join(folder, name));
  }
  return { tps, latenciesUs };
}

export const median = (values: readonly number[]): number => quantile([...values].sort((a, b) => a - b), 0.5);

/** The value at a share of a sorted list (nearest rank). */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

/**
 * pgbench -S over every route and load. Rounds go route by route, so that a slow minute of the machine hits all.
 * @param report called after each measured load
 */
export async function measurePgbench(work: WorkDir, routes: readonly Route[], plan: { rounds: number; seconds: number }, report: (t: Throughput) => void): Promise<Throughput[]> {
  const folder = work.folder('pgbench');
  const results: Throughput[] = [];
  for (const load of LOADS) {
    const rounds = new Map<string, Round[]>(routes.map((route) => [route.name, []]));
    for (const route of routes) await round(route.endpoint, load, { transactions: WARM_UP_TRANSACTIONS }, folder);
    for (let i = 0; i < plan.rounds; i += 1) {
      for (const route of routes) rounds.get(route.name)?.push(await round(route.endpoint, load, { seconds: plan.seconds }, folder));
    }
    for (const [route, runs] of rounds) {
      const sorted = runs.flatMap((run) => run.latenciesUs).sort((a, b) => a - b);
      const result = { route, ...load, tps: median(runs.map((run) => run.tps)), p50Ms: quantile(sorted, 0.5) / 1000, p99Ms: quantile(sorted, 0.99) / 1000 };
      results.push(result);
      report(result);
    }
  }
  return results;
}
