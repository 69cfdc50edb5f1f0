// The demo without its window: PostgreSQL with the shop, and the store with a development sign-in.
//   node scripts/demo/stack.mjs --base FOLDER    prints one JSON line when ready, ends with SIGTERM or SIGINT
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMain, main, step, Stop } from '../lib/log.mjs';
import { inRoot } from '../lib/paths.mjs';
import { startOwned, stopAll, waitForLine } from '../lib/run.mjs';
import { startPostgres } from './postgres.mjs';
import { ensureShop } from './shop.mjs';

export const people = [
  { subject: 'alice@example.com', name: 'Alice Berg', groups: ['engineering'] },
  { subject: 'carol@example.com', name: 'Carol Novak', groups: ['engineering', 'dba'] },
];

/** JSON is YAML, so this needs no library. Secrets are in it: the file is for its owner only. */
function writePrivate(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  return path;
}

const readyOf = (line) => {
  try {
    const value = JSON.parse(line);
    return value.event === 'ready' ? value : undefined;
  } catch {
    return undefined;
  }
};

/** The built command. */
export const command = () => inRoot('dist', 'cli', 'sallyport.mjs');

async function startStore(base, database) {
  const config = writePrivate(join(base, 'store.yaml'), {
    data_dir: join(base, 'central'),
    organisation: 'Demo Shop',
    dev_idp: { people },
    targets: [{
      name: 'shop', protocol: 'postgres', host: database.host, port: database.port, database: 'shop', tls: 'disable', labels: { env: 'prod', team: 'shop' },
      credentials: { user: database.app.user, password: database.app.password },
    }],
  });
  const child = startOwned(process.execPath, [command(), 'store', '--config', config]);
  const ready = await waitForLine(child, readyOf, { label: 'the store', timeoutMs: 120_000 });
  if (typeof ready.url !== 'string') throw new Stop('the store did not say where it listens');
  return { config, url: ready.url, stop: () => child.stop(20_000) };
}

/**
 * Starts the demo's servers and writes what the app needs to know.
 * @param {{base: string, signIn?: string}} options base: folder of all state; signIn: who the app signs in as, nobody when empty
 */
export async function startStack({ base: wanted, signIn = 'alice@example.com' }) {
  if (!existsSync(command())) throw new Stop('the command is not built; run npm run build', 2);
  const base = resolve(wanted);
  mkdirSync(base, { recursive: true, mode: 0o700 });
  step('Demo database');
  const database = await startPostgres({ base: join(base, 'postgres') });
  try {
    await ensureShop(database);
    step('Store');
    const store = await startStore(base, database);
    const appConfig = writePrivate(join(base, 'app.json'), {
      storeUrl: store.url,
      dataDir: join(base, 'app'),
      bundle: inRoot('resources', 'bundles', 'starter'),
      demo: signIn ? { autoSignIn: { subject: signIn } } : {},
    });
    const stop = async () => {
      await store.stop();
      await database.stop();
    };
    return { base, appConfig, storeConfig: store.config, storeUrl: store.url, database, stop };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

if (isMain(import.meta)) {
  await main(async (args) => {
    const at = args.indexOf('--base');
    if (at < 0 || args[at + 1] === undefined) throw new Stop('usage: node scripts/demo/stack.mjs --base FOLDER [--sign-in SUBJECT]', 2);
    const who = args.indexOf('--sign-in');
    const stack = await startStack({ base: args[at + 1], ...(who >= 0 ? { signIn: args[who + 1] ?? '' } : {}) });
    const { database } = stack;
    process.stdout.write(`${JSON.stringify({
      event: 'ready', base: stack.base, app_config: stack.appConfig, store_config: stack.storeConfig, store_url: stack.storeUrl,
      database: { host: database.host, port: database.port, name: 'shop', user: database.app.user, password: database.app.password },
    })}\n`);
    await new Promise((done) => {
      process.once('SIGTERM', done);
      process.once('SIGINT', done);
    });
    await stack.stop();
    await stopAll();
    return 0;
  });
}
