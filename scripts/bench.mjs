// Measures Sallyport beside direct, PgBouncer and a byte pipe, in one run on real PostgreSQL (see bench/).
//   node scripts/bench.mjs [--quick] [--without-sallyport] [--profile]
//   node scripts/bench.mjs ssh [--quick] [--profile]     SSH alone (bench/ssh.ts)
//   node scripts/bench.mjs search     the store's search (bench/search.ts)
import { build } from './build.mjs';
import { isMain, main, Stop } from './lib/log.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { startOwned } from './lib/run.mjs';
import { setup } from './setup.mjs';

const OPTIONS = ['--quick', '--without-sallyport', '--profile'];

if (isMain(import.meta)) {
  await main(async (args) => {
    if (args.includes('--help')) {
      process.stdout.write('usage: npm run bench -- [--quick] [--without-sallyport] [--profile]\n       npm run bench -- ssh [--quick] [--profile]      SSH alone, beside OpenSSH\n       npm run bench -- search      searches over many statements; STATEMENTS, SESSIONS, ROUNDS in the environment\n\nPrints throughput, latency and memory with their ratios, and writes artifacts/bench.json.\n');
      return 0;
    }
    if (args[0] === 'search') return run('search.ts', args.slice(1));
    const ssh = args[0] === 'ssh';
    if (ssh) args = args.slice(1);
    const unknown = args.find((arg) => !OPTIONS.includes(arg));
    if (unknown !== undefined) throw new Stop(`unknown option ${unknown}; see --help`, 2);
    await setup({ tests: true, display: true });
    if (!args.includes('--without-sallyport')) await build();
    return run(ssh ? 'ssh.ts' : 'main.ts', args);
  });
}

function run(file, args) {
  const child = startOwned(process.execPath, ['--import', 'tsx', inRoot('bench', file), ...args], { cwd: root, stdio: 'inherit' });
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}
