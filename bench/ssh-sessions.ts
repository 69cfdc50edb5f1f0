/** Many sessions at once: each signs on, runs a command, and stays at its prompt. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from './pgbench.ts';
import { residentBytes } from './rows.ts';
import { cpuSeconds, type SshRoute, type SshWorld } from './ssh-world.ts';

export interface SessionsOpen {
  readonly route: string;
  readonly sessions: number;
  /** Sessions that ended or did not open in time; the first says why. */
  readonly failed: number;
  readonly firstFailure: string | undefined;
  /** From the start of the client to the command's output. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What the gateway's memory grew by for each session, in KiB. */
  readonly kibPerSession: number | undefined;
  /** Processor time of the gateway for each session, in milliseconds. */
  readonly gatewayCpuMs: number | undefined;
}

/** Its output is not what the terminal echoes of it. */
const COMMAND = 'echo ready-$((6*7))\n';
const ANSWER = 'ready-42';
const IDLE_MS = 3_000;
const OPEN_MS = 120_000;

class Session {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  readonly opened: Promise<number>;

  constructor(route: SshRoute) {
    const start = performance.now();
    this.#child = spawn('ssh', ['-tt', '-F', route.config, route.host]);
    this.#child.stdin.on('error', () => undefined);
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve));
    let shown = '';
    this.opened = new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`a session through ${route.name} did not open\n${shown}`)), OPEN_MS);
      this.#child.once('error', reject);
      const heard = (bytes: Buffer): void => {
        shown += bytes.toString('latin1');
        if (!shown.includes(ANSWER)) return;
        clearTimeout(late);
        resolve(performance.now() - start);
      };
      this.#child.stdout.on('data', heard);
      this.#child.stderr.on('data', heard);
      void this.#closed.then(() => reject(new Error(`a session through ${route.name} ended\n${shown}`)));
    });
    this.opened.catch(() => undefined);
    this.#child.stdin.write(COMMAND);
  }

  async close(): Promise<void> {
    this.#child.stdin.end('exit\n');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await this.#closed;
    clearTimeout(timer);
  }
}

async function through(route: SshRoute, count: number, pid: number | undefined): Promise<SessionsOpen> {
  const before = pid === undefined ? 0 : residentBytes(pid);
  const cpuBefore = pid === undefined ? 0 : cpuSeconds(pid);
  const sessions = Array.from({ length: count }, () => new Session(route));
  try {
    const ends = await Promise.allSettled(sessions.map((s) => s.opened));
    const times = ends.flatMap((e) => (e.status === 'fulfilled' ? [e.value] : [])).sort((a, b) => a - b);
    const failures = ends.flatMap((e) => (e.status === 'rejected' ? [String(e.reason)] : []));
    const cpu = pid === undefined ? undefined : ((cpuSeconds(pid) - cpuBefore) * 1000) / count;
    await delay(IDLE_MS);
    const grown = pid === undefined ? undefined : (residentBytes(pid) - before) / 1024 / count;
    return { route: route.name, sessions: count, failed: failures.length, firstFailure: failures[0], p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), kibPerSession: grown, gatewayCpuMs: cpu };
  } finally {
    await Promise.all(sessions.map((s) => s.close()));
  }
}

export async function measureSessions(world: SshWorld, count: number): Promise<SessionsOpen[]> {
  // One session first: what is loaded once does not count for each.
  for (const route of [world.direct, world.observe, world.gate]) await through(route, 1, undefined);
  const results: SessionsOpen[] = [];
  for (const [route, pid] of [[world.direct, undefined], [world.observe, world.pid], [world.gate, world.pid]] as const) results.push(await through(route, count, pid));
  return results;
}
