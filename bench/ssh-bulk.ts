/** Many bytes through one channel: exec in both directions, scp by both of its protocols, text that passes the masker. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median } from './pgbench.ts';
import type { WorkDir } from './servers.ts';
import { writeBinary, writeLogs } from './ssh-data.ts';
import { cpuSeconds, settled, type SshRoute, type SshWorld } from './ssh-world.ts';

export interface BulkSpeed {
  readonly job: string;
  readonly route: string;
  readonly bytes: number;
  /** Text, which detectors read. */
  readonly text: boolean;
  /** From the start of the client to its end, the median of the rounds. */
  readonly seconds: number;
  /** Of the bytes alone: the time that a command takes that moves nothing is taken off. */
  readonly megabytesPerSecond: number;
  /** Processor time of the gateway for 1 GB, in seconds; undefined where it is not on the way. */
  readonly gatewayCpu: number | undefined;
}

interface Job {
  readonly name: string;
  readonly bytes: number;
  readonly text?: boolean;
  command(route: SshRoute): { readonly program: string; readonly args: readonly string[]; readonly stdin?: string; /** A file that it makes, to be as long as what was sent. */ readonly makes?: string };
}

export interface BulkPlan {
  readonly bytes: number;
  readonly textBytes: number;
  readonly rounds: number;
}

function jobs(work: WorkDir, plan: BulkPlan): Job[] {
  const dir = work.folder('bulk');
  const big = join(dir, 'big');
  const [clean, values] = [join(dir, 'clean.log'), join(dir, 'values.log')];
  const copy = join(dir, 'copy');
  writeBinary(big, plan.bytes);
  writeLogs(clean, plan.textBytes, 0);
  writeLogs(values, plan.textBytes, 20);
  const ssh = (...args: string[]) => (route: SshRoute) => ({ program: 'ssh', args: ['-F', route.config, route.host, ...args] });
  const scp = (up: boolean, ...options: string[]) => (route: SshRoute) => ({ program: 'scp', args: ['-q', '-F', route.config, ...options, ...(up ? [big, `${route.host}:${copy}`] : [`${route.host}:${big}`, copy])], makes: copy });
  return [
    { name: 'exec, output', bytes: plan.bytes, command: ssh(`cat ${big}`) },
    { name: 'exec, input', bytes: plan.bytes, command: (route) => ({ ...ssh('cat > /dev/null')(route), stdin: big }) },
    { name: 'scp, download', bytes: plan.bytes, command: scp(false) },
    { name: 'scp, upload', bytes: plan.bytes, command: scp(true) },
    { name: 'scp -O, download', bytes: plan.bytes, command: scp(false, '-O') },
    { name: 'scp -O, upload', bytes: plan.bytes, command: scp(true, '-O') },
    { name: 'log lines', bytes: plan.textBytes, text: true, command: ssh(`cat ${clean}`) },
    { name: 'log lines, one in 20 with a value', bytes: plan.textBytes, text: true, command: ssh(`cat ${values}`) },
  ];
}

/** Seconds of one run. @throws Error when the client fails, or what it made is of another length */
async function run(job: Job, route: SshRoute): Promise<number> {
  const { program, args, stdin, makes } = job.command(route);
  if (makes !== undefined) rmSync(makes, { force: true });
  const input = openSync(stdin ?? '/dev/null', 'r');
  const output = openSync('/dev/null', 'w');
  try {
    const start = performance.now();
    const child = spawn(program, args, { stdio: [input, output, 'pipe'] });
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    const seconds = (performance.now() - start) / 1000;
    if (code !== 0) throw new Error(`${job.name} through ${route.name} failed\n${errors}`);
    if (makes !== undefined && statSync(makes).size !== job.bytes) throw new Error(`${job.name} through ${route.name} made a file of another length`);
    return seconds;
  } finally {
    closeSync(input);
    closeSync(output);
  }
}

/** Runs every job over every route, route by route within a round, so that a slow moment of the machine hits all. */
export async function measureBulk(work: WorkDir, world: SshWorld, plan: BulkPlan, report: (speed: BulkSpeed) => void): Promise<BulkSpeed[]> {
  const nothing: Job = { name: 'nothing', bytes: 0, command: (route) => ({ program: 'ssh', args: ['-F', route.config, route.host, 'true'] }) };
  const routes = [world.direct, world.stock, world.sallyport];
  const empty = new Map<string, number>();
  for (const route of routes) {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) times.push(await run(nothing, route));
    empty.set(route.name, median(times));
  }
  await settled(world.pid);
  const only = process.env['SSH_JOBS'];
  const results: BulkSpeed[] = [];
  for (const job of jobs(work, plan)) {
    if (only !== undefined && !new RegExp(only).test(job.name)) continue;
    const times = new Map<string, number[]>(routes.map((r) => [r.name, []]));
    let cpu = 0;
    for (let round = 0; round < plan.rounds; round++) {
      for (const route of routes) {
        const before = cpuSeconds(world.pid);
        times.get(route.name)?.push(await run(job, route));
        if (route === world.sallyport) cpu += cpuSeconds(world.pid) - before;
      }
    }
    for (const route of routes) {
      const seconds = median(times.get(route.name) ?? []);
      const moving = Math.max(0.001, seconds - (empty.get(route.name) ?? 0));
      const speed: BulkSpeed = { job: job.name, route: route.name, bytes: job.bytes, text: job.text === true, seconds, megabytesPerSecond: job.bytes / moving / 1e6, gatewayCpu: route === world.sallyport ? (cpu * 1e9) / (plan.rounds * job.bytes) : undefined };
      results.push(speed);
      report(speed);
    }
  }
  return results;
}
