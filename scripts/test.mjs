// The whole suite: set-up, types, lint, rooms, build, unit and integration tests, e2e on real Electron.
// The last line of stdout is always "N passed, N failed"; the exit code is 0 only when nothing failed.
//   node scripts/test.mjs [--only check|unit|e2e]...
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { resolveElectron } from './electron-runtime.mjs';
import { crashed, playwrightCounts, vitestCounts } from './lib/counts.mjs';
import { bad, elapsedSeconds, good, info, isMain, main, step, Stop, warn } from './lib/log.mjs';
import { artifacts, inRoot, root } from './lib/paths.mjs';
import { lastLines, run, stopAll } from './lib/run.mjs';
import { startXvfb } from './lib/xvfb.mjs';
import { setup } from './setup.mjs';

const reports = join(artifacts, 'test');
const STAGES = ['check', 'unit', 'e2e'];
/** It takes some 24 minutes on two cores. The whole run ends within this, whatever hangs. */
const TOTAL_MS = 31 * 60_000;
const remainingMs = (share) => Math.max(30_000, Math.min(share, TOTAL_MS - elapsedSeconds() * 1000 - 30_000));

const bin = (...parts) => inRoot('node_modules', ...parts);
const node = (args, options) => run(process.execPath, args, { cwd: root, allowFailure: true, ...options });

const checks = [
  { name: 'types and lint', args: [bin('oxlint', 'bin', 'oxlint')] },
  { name: 'rooms', args: [bin('dependency-cruiser', 'bin', 'dependency-cruise.mjs'), 'src', '--config', '.dependency-cruiser.cjs'] },
];

/** Beside each other. */
async function runChecks() {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const one = async (check) => {
    const { code, output, timedOut } = await node(check.args, { label: check.name, timeoutMs: remainingMs(8 * 60_000) });
    writeFileSync(join(reports, `${check.name.replaceAll(' ', '-')}.log`), output);
    if (code === 0) {
      counts.passed += 1;
      good(check.name);
    } else {
      counts.failed += 1;
      counts.failures.push(`${check.name}${timedOut ? ': no end in time' : ''}\n${lastLines(output, 20)}`);
      bad(check.name);
      process.stderr.write(`${lastLines(output, 60)}\n`);
    }
  };
  await Promise.all(checks.map(one));
  return counts;
}

async function runBuild() {
  await build({ strict: true });
  return { passed: 1, failed: 0, skipped: 0, failures: [] };
}

async function runUnit() {
  step('Unit and integration tests');
  const report = join(reports, 'unit.json');
  const { code, timedOut } = await node(
    [bin('vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    { label: 'vitest', output: 'inherit', timeoutMs: remainingMs(17 * 60_000), env: { ...process.env, FORCE_COLOR: '0' } },
  );
  return timedOut ? crashed('unit', 'no end in time') : vitestCounts(report, code);
}

async function runE2e() {
  step('End to end, on real Electron and a real browser');
  const electron = await resolveElectron();
  info(`Electron ${electron.version} (${electron.source})`);
  const display = process.platform === 'linux' ? await startXvfb() : { env: process.env, stop: async () => {} };
  const report = join(reports, 'e2e.json');
  try {
    const { code, timedOut } = await node([bin('@playwright', 'test', 'cli.js'), 'test', '--reporter=list,json'], {
      label: 'playwright', output: 'inherit', timeoutMs: remainingMs(13 * 60_000),
      env: { ...display.env, SALLYPORT_ELECTRON: electron.path, PLAYWRIGHT_JSON_OUTPUT_FILE: report, FORCE_COLOR: '0' },
    });
    return timedOut ? crashed('e2e', 'no end in time') : playwrightCounts(report, code);
  } finally {
    await display.stop();
  }
}

/** Runs one stage; what it throws is one failure with the stage's name. */
async function stage(name, work) {
  try {
    return await work();
  } catch (error) {
    bad(error instanceof Stop ? error.message : (error.stack ?? String(error)));
    return crashed(name, error.message.split('\n')[0]);
  }
}

function parse(args) {
  const only = [];
  for (let i = 0; i < args.length; i += 1) {
    if (args[i] !== '--only') throw new Stop(`unknown option ${args[i]}; see --help`, 2);
    i += 1;
    if (!STAGES.includes(args[i])) throw new Stop(`--only takes one of ${STAGES.join(', ')}`, 2);
    only.push(args[i]);
  }
  return only.length > 0 ? only : STAGES;
}

async function runAll(wanted) {
  const results = {};
  results['set-up'] = await stage('set-up', async () => {
    await setup({ tests: true, display: true });
    return { passed: 0, failed: 0, skipped: 0, failures: [] };
  });
  if (results['set-up'].failed > 0) return results;
  if (wanted.includes('check')) {
    step('Check');
    results.check = await stage('check', runChecks);
  }
  if (wanted.includes('unit') || wanted.includes('e2e')) results.build = await stage('build', runBuild);
  if (wanted.includes('unit')) results.unit = await stage('unit', runUnit);
  if (wanted.includes('e2e')) results.e2e = await stage('e2e', runE2e);
  return results;
}

function report(results) {
  const all = Object.values(results);
  const sum = (field) => all.reduce((total, counts) => total + counts[field], 0);
  step(`Result after ${elapsedSeconds()} s`);
  for (const [name, counts] of Object.entries(results)) {
    if (counts.passed + counts.failed > 0) info(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
  }
  for (const failure of all.flatMap((counts) => counts.failures)) bad(failure);
  if (sum('skipped') > 0) warn(`${sum('skipped')} skipped`);
  writeFileSync(join(reports, 'summary.json'), JSON.stringify({ passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped'), seconds: elapsedSeconds(), results }, null, 2));
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
  return sum('failed') === 0 ? 0 : 1;
}

if (isMain(import.meta)) {
  await main(async (args) => {
    if (args.includes('--help')) {
      process.stdout.write('usage: npm test -- [--only check|unit|e2e]...\n\nRuns everything and ends with "N passed, N failed". Reports lie in artifacts/test.\n');
      return 0;
    }
    const wanted = parse(args);
    rmSync(reports, { recursive: true, force: true });
    mkdirSync(reports, { recursive: true });
    const results = await runAll(wanted);
    await stopAll();
    return report(results);
  });
}
