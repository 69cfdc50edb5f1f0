// npm start: sets up, builds, starts the demo and opens the app, signed in. Without a display: the tour.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { startStack } from './demo/stack.mjs';
import { resolveElectron } from './electron-runtime.mjs';
import { good, info, isMain, main, step, Stop } from './lib/log.mjs';
import { withLock } from './lib/lock.mjs';
import { artifacts, inRoot, root, state } from './lib/paths.mjs';
import { startOwned, stopAll } from './lib/run.mjs';
import { hasDisplay, startXvfb } from './lib/xvfb.mjs';
import { setup } from './setup.mjs';

const HELP = `usage: npm start [-- --tour] [-- --fresh]

Installs what is missing, builds, starts a demo (PostgreSQL with an invented shop, a store with a development
sign-in) and opens the app, signed in as alice@example.com. Ctrl-C ends everything that it started.

Where there is no display it runs a tour instead, on real Electron under Xvfb, prints what happened and leaves
screenshots and the recording in artifacts/tour.

  --tour    the tour, even where there is a display
  --fresh   forget the data of earlier runs (data/demo)
  --help    this text
`;

/** Chromium's own sandbox does not start as root, which happens in containers only. The renderers stay sandboxed by Electron's rules. */
export const electronArgs = (appConfig) => [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root, `--sallyport-config=${appConfig}`];

/** The environment for Electron: without what would turn it into plain Node. */
function electronEnv(base) {
  const env = { ...base };
  for (const name of ['ELECTRON_RUN_AS_NODE', 'NODE_OPTIONS', 'ELECTRON_OVERRIDE_DIST_PATH']) delete env[name];
  return env;
}

async function openWindow(electron, fresh) {
  const base = inRoot('data', 'demo');
  if (fresh) rmSync(base, { recursive: true, force: true });
  await withLock(join(state, 'start.lock'), async () => {
    const stack = await startStack({ base });
    step('App');
    info('signed in as alice@example.com; docs/demo.md says what to try; Ctrl-C ends everything');
    info(`approve as Carol: npx sallyport approvals list --config ${stack.storeConfig} --as carol@example.com --groups engineering,dba`);
    const app = startOwned(electron.path, electronArgs(stack.appConfig), { cwd: root, env: electronEnv(process.env), stdio: ['ignore', 'inherit', 'inherit'] });
    const code = await new Promise((resolve) => app.once('close', (exit) => resolve(exit ?? 1)));
    await stack.stop();
    if (code !== 0) throw new Stop(`the app ended with exit code ${code}`);
  }, { what: 'another npm start', timeoutMs: 0 });
}

async function runTour(electron) {
  const folder = join(artifacts, 'tour');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const base = inRoot('data', 'tour');
  rmSync(base, { recursive: true, force: true });
  const display = hasDisplay() ? { env: process.env, stop: async () => {} } : await startXvfb();
  try {
    const stack = await startStack({ base });
    step('Tour');
    const plan = { electron: electron.path, args: electronArgs(stack.appConfig), storeConfig: stack.storeConfig, folder };
    const tour = startOwned(process.execPath, ['--import', 'tsx', inRoot('e2e', 'tour.ts'), JSON.stringify(plan)], {
      cwd: root, env: electronEnv(display.env), stdio: ['ignore', 'inherit', 'inherit'],
    });
    const limit = setTimeout(() => tour.kill('SIGTERM'), 5 * 60_000);
    const code = await new Promise((resolve) => tour.once('close', (exit) => resolve(exit ?? 1)));
    clearTimeout(limit);
    await stack.stop();
    if (code !== 0) throw new Stop('the tour did not reach its end; see above, and artifacts/tour for the last screenshot');
    good('the tour is complete: artifacts/tour');
  } finally {
    await display.stop();
  }
}

if (isMain(import.meta)) {
  await main(async (args) => {
    if (args.includes('--help')) {
      process.stdout.write(HELP);
      return 0;
    }
    const unknown = args.find((arg) => !['--tour', '--fresh'].includes(arg));
    if (unknown !== undefined) throw new Stop(`unknown option ${unknown}; see npm start -- --help`, 2);
    const tour = args.includes('--tour') || !hasDisplay();
    await setup({ display: tour && !hasDisplay() });
    await build({ strict: true });
    const electron = await resolveElectron();
    info(`Electron ${electron.version} (${electron.source})`);
    try {
      if (tour) await runTour(electron);
      else await openWindow(electron, args.includes('--fresh'));
    } finally {
      await stopAll();
    }
    return 0;
  });
}
