import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { measureEvidence } from './evidence.ts';
import type { EvidenceSpeed } from './evidence.ts';
import { startGateway } from './gateway.ts';
import { measureLarge } from './large.ts';
import type { LargeResult } from './large.ts';
import { fillPgbench, measurePgbench } from './pgbench.ts';
import type { Throughput } from './pgbench.ts';
import { fillRows, measureRows } from './rows.ts';
import type { RowSpeed } from './rows.ts';
import { startPgbouncer, startPipe, startPostgres, WorkDir } from './servers.ts';
import type { Route } from './servers.ts';
import { measureSsh, printVerdicts } from './ssh.ts';
import { table, verdicts } from './targets.ts';

const plans = {
  full: { scale: 10, rounds: 3, seconds: 5, rows: 1_000_000, runs: 3, records: 100_000, largeBytes: 1_000_000_000 },
  quick: { scale: 1, rounds: 1, seconds: 2, rows: 100_000, runs: 1, records: 20_000, largeBytes: 100_000_000 },
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);

function printThroughput(results: readonly Throughput[]): void {
  const rows = results.map((r) => {
    const direct = results.find((d) => d.route === 'direct' && d.clients === r.clients && d.mode === r.mode);
    return [`${r.mode}, ${r.clients} client${r.clients > 1 ? 's' : ''}`, r.route, r.tps.toFixed(0), direct ? (r.tps / direct.tps).toFixed(2) : '', r.p50Ms.toFixed(3), r.p99Ms.toFixed(3)];
  });
  process.stdout.write(`\npgbench -S\n${table(['load', 'route', 'tps', 'of direct', 'p50 ms', 'p99 ms'], rows)}\n`);
}

function printRows(results: readonly RowSpeed[]): void {
  const rows = results.map((r) => {
    const direct = results.find((d) => d.route === 'direct' && d.query === r.query);
    return [r.query, r.route, r.rowsPerSecond.toFixed(0), direct ? (r.rowsPerSecond / direct.rowsPerSecond).toFixed(2) : '', r.growthMiB === undefined ? '' : r.growthMiB.toFixed(1)];
  });
  process.stdout.write(`\nA result of ${results[0]?.rows ?? 0} rows\n${table(['query', 'route', 'rows/s', 'of direct', 'memory growth MiB'], rows)}\n`);
}

function printEvidence(e: EvidenceSpeed): void {
  const rows = [
    ['recorder, a commit for each statement', `${e.recordsPerSecond.toFixed(0)} records/s`, `${e.recordCpuUs.toFixed(1)} us each`],
    [`verifier, ${e.records} records in ${(e.logBytes / 1024 / 1024).toFixed(0)} MiB`, `${e.verifySeconds.toFixed(2)} s`, `${e.verifyCpuSeconds.toFixed(2)} s`],
  ];
  process.stdout.write(`\nRecordings\n${table(['work', 'by the clock', 'processor time'], rows)}\n`);
}

function printLarge(l: LargeResult): void {
  const [before = 0, ...during] = l.residentMiB;
  process.stdout.write(`\nMemory over one result of ${(l.bytes / 1e9).toFixed(2)} GB (${l.rows} rows, one column masked, ${l.seconds.toFixed(1)} s)\n${before.toFixed(0)} MiB before; at each sixteenth: ${during.map((m) => m.toFixed(0)).join(' ')}\n`);
}

async function run(quick: boolean, withSallyport: boolean, profile: boolean): Promise<void> {
  const plan = quick ? plans.quick : plans.full;
  const work = new WorkDir();
  const routes: Route[] = [];
  try {
    say('starting the servers');
    const direct = await startPostgres(work);
    routes.push(direct);
    say('filling the tables');
    await fillPgbench(direct.endpoint, plan.scale);
    await fillRows(direct.endpoint, plan.rows);
    routes.push(await startPgbouncer(work, direct.endpoint), await startPipe(work, direct.endpoint));
    const gateway = withSallyport ? await startGateway(work, direct.endpoint, profile) : undefined;
    if (gateway) routes.push(gateway);
    const tps = await measurePgbench(work, routes, plan, (t) => say(`  ${t.mode}, ${t.clients} clients, ${t.route}: ${t.tps.toFixed(0)} tps`));
    const rows = await measureRows(routes, plan, (r) => say(`  ${r.query}, ${r.route}: ${r.rowsPerSecond.toFixed(0)} rows/s`));
    if (gateway) say('one large result');
    const large = gateway && (await measureLarge(gateway, plan.rows, plan.largeBytes));
    say('recorder and verifier');
    const evidence = await measureEvidence(work, plan.records);
    const ssh = withSallyport ? await measureSsh(quick, false) : undefined;
    const targets = [...verdicts(tps, rows, evidence), ...(ssh?.targets ?? [])];
    printThroughput(tps);
    printRows(rows);
    if (large) printLarge(large);
    printEvidence(evidence);
    printVerdicts(targets);
    const artifacts = join(import.meta.dirname, '..', 'artifacts');
    mkdirSync(artifacts, { recursive: true });
    const machine = { cpus: cpus().length, cpu: cpus()[0]?.model ?? '', memoryMiB: Math.round(totalmem() / 1024 / 1024), node: process.versions.node, postgres: direct.version };
    writeFileSync(join(artifacts, 'bench.json'), `${JSON.stringify({ quick, machine, tps, rows, large, evidence, ssh, targets }, null, 2)}\n`);
  } finally {
    for (const route of routes.reverse()) await route.stop();
    work.remove();
  }
}

const args = process.argv.slice(2);
await run(args.includes('--quick'), !args.includes('--without-sallyport'), args.includes('--profile'));
