// Measures Sallyport beside direct, PgBouncer and a byte pipe, in one run on real PostgreSQL (see bench/).
//   node scripts/bench.mjs [--quick] [--without-sallyport] [--profile]
import { build } from './build.mjs';
import { isMain, main, Stop } from './lib/log.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { startOwned } from './lib/run.mjs';
import { setup } from './setup.mjs';

const OPTIONS = ['--quick', '--without-sallyport', '--profile'];

if (isMain(import.meta)) {
  await main(async (args) => {
    if (args.includes('--help')) {
      process.stdout.write('usage: npm run bench -- [--quick] [--without-sallyport] [--profile]\n\nPrints throughput, latency and memory with their ratios, and writes artifacts/bench.json.\n');
      return 0;
    }
    const unknown = args.find((arg) => !OPTIONS.includes(arg));
    if (unknown !== undefined) throw new Stop(`unknown option ${unknown}; see --help`, 2);
    await setup({ tests: true, display: true });
    if (!args.includes('--without-sallyport')) await build();
    const child = startOwned(process.execPath, ['--import', 'tsx', inRoot('bench', 'main.ts'), ...args], { cwd: root, stdio: 'inherit' });
    return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  });
}
