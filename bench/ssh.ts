/**
 * SSH through Sallyport beside OpenSSH alone, in one run on a real sshd.
 *   npm run bench -- ssh [--quick] [--profile]
 *   SSH_JOBS='exec|log' npm run bench -- ssh --quick      only these of the transfers
 *   SSH_BYTES=300000000      so many bytes in each transfer that is not text
 *   SSH_PARTS=bulk,echo,sessions                          only these parts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { WorkDir } from './servers.ts';
import { measureBulk, type BulkSpeed } from './ssh-bulk.ts';
import { measureEcho, type EchoSpeed } from './ssh-echo.ts';
import { measureSessions, type SessionsOpen } from './ssh-sessions.ts';
import { startSshWorld } from './ssh-world.ts';
import { sshVerdicts, table, type Verdict } from './targets.ts';

const plans = {
  full: { bytes: 1_000_000_000, textBytes: 100_000_000, rounds: 1, keys: 500, sessions: 100 },
  quick: { bytes: 100_000_000, textBytes: 20_000_000, rounds: 1, keys: 120, sessions: 25 },
};

export interface SshSpeed {
  readonly bulk: readonly BulkSpeed[];
  readonly echo: readonly EchoSpeed[];
  readonly sessions: readonly SessionsOpen[];
  readonly targets: readonly Verdict[];
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function printBulk(results: readonly BulkSpeed[]): void {
  const rows = results.map((r) => {
    const of = (route: string): string => {
      const reference = results.find((d) => d.job === r.job && d.route === route);
      return reference === undefined || reference === r ? '' : (r.megabytesPerSecond / reference.megabytesPerSecond).toFixed(2);
    };
    return [`${r.job}, ${(r.bytes / 1e6).toFixed(0)} MB`, r.route, r.megabytesPerSecond.toFixed(0), of('direct'), of('stock'), r.seconds.toFixed(2), r.gatewayCpu === undefined ? '' : r.gatewayCpu.toFixed(2)];
  });
  process.stdout.write(`\nSSH, one channel (direct: the same cipher as through Sallyport; stock: OpenSSH's own choice)\n${table(['transfer', 'route', 'MB/s', 'of direct', 'of stock', 'seconds in all', 'gateway cpu s/GB'], rows)}\n`);
}

function printEcho(results: readonly EchoSpeed[]): void {
  const direct = results.find((r) => r.route === 'direct');
  const rows = results.map((r) => [r.route, String(r.keys), r.p50Ms.toFixed(3), r.p99Ms.toFixed(3), direct && direct !== r ? (r.p50Ms - direct.p50Ms).toFixed(3) : '', direct && direct !== r ? (r.p99Ms - direct.p99Ms).toFixed(3) : '']);
  process.stdout.write(`\nSSH, the echo of a key in a shell\n${table(['route', 'keys', 'p50 ms', 'p99 ms', 'added p50', 'added p99'], rows)}\n`);
}

function printSessions(results: readonly SessionsOpen[]): void {
  const rows = results.map((r) => [r.route, String(r.sessions), String(r.failed), r.p50Ms.toFixed(0), r.p99Ms.toFixed(0), r.kibPerSession?.toFixed(0) ?? '', r.gatewayCpuMs?.toFixed(1) ?? '']);
  process.stdout.write(`\nSSH, sessions opened at once, each with a command and a shell\n${table(['route', 'sessions', 'failed', 'open p50 ms', 'open p99 ms', 'gateway KiB each', 'gateway cpu ms each'], rows)}\n`);
  for (const r of results) if (r.firstFailure !== undefined) process.stdout.write(`${r.route}: ${r.firstFailure}\n`);
}

/** Measures and prints. @param profile leave a CPU profile of the gateway in artifacts/profile */
export async function measureSsh(quick: boolean, profile: boolean): Promise<SshSpeed> {
  const chosen = quick ? plans.quick : plans.full;
  const plan = { ...chosen, bytes: Number(process.env['SSH_BYTES'] ?? chosen.bytes) };
  const parts = process.env['SSH_PARTS']?.split(',') ?? ['bulk', 'echo', 'sessions'];
  const work = new WorkDir();
  try {
    say('SSH: starting sshd and the gateway');
    const world = await startSshWorld(work, profile);
    try {
      // Each part is printed when it is measured: a later one may fail on a machine that has too much to do.
      const bulk = parts.includes('bulk') ? await measureBulk(work, world, plan, (s) => say(`  ${s.job}, ${s.route}: ${s.megabytesPerSecond.toFixed(0)} MB/s`)) : [];
      if (bulk.length > 0) printBulk(bulk);
      say('SSH: keys');
      const echo = parts.includes('echo') ? await measureEcho(world, plan.keys) : [];
      if (echo.length > 0) printEcho(echo);
      say('SSH: sessions');
      const sessions = parts.includes('sessions') ? await measureSessions(world, plan.sessions) : [];
      if (sessions.length > 0) printSessions(sessions);
      // What else the machine had to do says how far these figures can be trusted.
      process.stdout.write(`\n${cpus().length} cores; load average of the last 1, 5 and 15 minutes: ${loadavg().map((n) => n.toFixed(1)).join(' ')}\n`);
      const targets = sshVerdicts(bulk, echo);
      return { bulk, echo, sessions, targets };
    } finally {
      await world.stop();
    }
  } finally {
    work.remove();
  }
}

/** What is printed of verdicts. */
export function printVerdicts(targets: readonly Verdict[]): void {
  process.stdout.write(`\nTargets\n${table(['target', 'measured', 'asked for', '', 'met'], targets.map((v) => [v.name, v.value.toFixed(3), String(v.target), v.unit, v.met ? 'yes' : 'NO']))}\n`);
}

if (process.argv[1] === import.meta.filename) {
  const args = process.argv.slice(2);
  const quick = args.includes('--quick');
  const speed = await measureSsh(quick, args.includes('--profile'));
  printVerdicts(speed.targets);
  const artifacts = join(import.meta.dirname, '..', 'artifacts');
  mkdirSync(artifacts, { recursive: true });
  const machine = { cpus: cpus().length, cpu: cpus()[0]?.model ?? '', memoryMiB: Math.round(totalmem() / 1024 / 1024), load: loadavg(), node: process.versions.node };
  writeFileSync(join(artifacts, 'bench-ssh.json'), `${JSON.stringify({ quick, machine, ...speed }, null, 2)}\n`);
}
