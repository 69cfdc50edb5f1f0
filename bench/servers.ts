import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../src/testing/free-port.ts';
import { runProcess, startProcess } from '../src/testing/process.ts';
import type { RunningProcess } from '../src/testing/process.ts';

/** Where a client connects. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** One way to the database that is measured. */
export interface Route {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The process between client and database; undefined for the direct way. */
  readonly pid: number | undefined;
  stop(): Promise<unknown>;
}

interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL and PgBouncer refuse root; as root they run as the system's postgres user, or nobody. */
function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      continue;
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
}

/** Where a command of PostgreSQL or another server lies; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(a) - Number(b)) : [];
  const dirs = [...versions.map((version) => join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(':'), '/usr/sbin'];
  return dirs.map((dir) => join(dir, name)).find((path) => existsSync(path));
}

function program(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function untilListening(port: number, server: RunningProcess, name: string): Promise<void> {
  const over = server.ended().then(() => true);
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (await accepts(port)) return;
    if (await Promise.race([over, delay(50, false)])) break;
  }
  throw new Error(`${name} does not listen\n${server.stdout}${server.stderr}`);
}

/** A folder of this run. Servers that run as another user get a folder of their own below it. */
export class WorkDir {
  readonly path = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

  constructor() {
    chmodSync(this.path, 0o755);
  }

  folder(name: string, user: ServerUser = {}): string {
    const path = join(this.path, name);
    mkdirSync(path, { mode: 0o700 });
    if (user.uid !== undefined && user.gid !== undefined) chownSync(path, user.uid, user.gid);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function writeFor(user: ServerUser, path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) chownSync(path, user.uid, user.gid);
}

async function mustRun(command: string, args: readonly string[], options: Parameters<typeof runProcess>[2] = {}): Promise<string> {
  const result = await runProcess(command, args, { timeoutMs: 300_000, ...options });
  if (result.code !== 0) throw new Error(`${command} ${args.join(' ')} failed\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** The system's PostgreSQL on a fresh data folder, with `bench` as superuser and SCRAM on loopback. */
export async function startPostgres(work: WorkDir): Promise<Route & { readonly version: string }> {
  const user = serverUser();
  const folder = work.folder('postgres', user);
  const password = 'bench';
  writeFor(user, join(folder, 'password'), password);
  const data = join(folder, 'data');
  await mustRun(program('initdb'), ['-D', data, '-U', 'bench', '--auth=scram-sha-256', `--pwfile=${join(folder, 'password')}`, '--encoding=UTF8', '--locale=C', '--no-sync'], { ...user, cwd: folder });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off', 'shared_buffers=256MB', 'max_connections=100', 'max_wal_size=4GB'];
  const server = startProcess(program('postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], { ...user, cwd: folder });
  await untilListening(port, server, 'PostgreSQL');
  const version = (await mustRun(program('postgres'), ['--version'])).trim();
  const endpoint = { host: '127.0.0.1', port, user: 'bench', password, database: 'postgres' };
  return {
    name: 'direct', endpoint, pid: undefined, version,
    stop: async () => {
      server.kill('SIGINT');
      await server.ended();
    },
  };
}

/** Runs SQL through psql; for preparing data, not for measuring. */
export function psql(endpoint: Endpoint, sql: string): Promise<string> {
  return mustRun(program('psql'), ['-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-c', sql], { env: clientEnv(endpoint) });
}

/** libpq's environment for an endpoint. */
export const clientEnv = (endpoint: Endpoint): NodeJS.ProcessEnv => ({
  ...process.env, PGHOST: endpoint.host, PGPORT: String(endpoint.port), PGUSER: endpoint.user, PGPASSWORD: endpoint.password, PGDATABASE: endpoint.database, PGSSLMODE: 'disable',
});

/** PgBouncer with session pooling, the usual middle of the road. */
export async function startPgbouncer(work: WorkDir, target: Endpoint): Promise<Route> {
  const user = serverUser();
  const folder = work.folder('pgbouncer', user);
  const port = await freePort();
  writeFor(user, join(folder, 'users.txt'), `"${target.user}" "${target.password}"\n`);
  writeFor(user, join(folder, 'pgbouncer.ini'), [
    '[databases]', `${target.database} = host=${target.host} port=${target.port} dbname=${target.database}`,
    '[pgbouncer]', 'listen_addr = 127.0.0.1', `listen_port = ${port}`, 'unix_socket_dir =', 'auth_type = scram-sha-256', `auth_file = ${join(folder, 'users.txt')}`,
    'pool_mode = session', 'default_pool_size = 50', 'max_client_conn = 100', 'ignore_startup_parameters = extra_float_digits', 'log_connections = 0', 'log_disconnections = 0', '',
  ].join('\n'));
  const server = startProcess(program('pgbouncer'), [join(folder, 'pgbouncer.ini')], { ...user, cwd: folder });
  await untilListening(port, server, 'PgBouncer');
  return { name: 'pgbouncer', endpoint: { ...target, port }, pid: server.pid, stop: () => server.stop() };
}

/** What a byte pipe costs: HAProxy where it is installed, else a Node relay in a process of its own. */
export async function startPipe(work: WorkDir, target: Endpoint): Promise<Route> {
  const port = await freePort();
  const haproxy = findProgram('haproxy');
  let server: RunningProcess;
  if (haproxy === undefined) {
    server = startProcess(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'relay.ts'), String(port), target.host, String(target.port)]);
  } else {
    const config = join(work.folder('haproxy'), 'haproxy.cfg');
    writeFileSync(config, [
      'global', '  maxconn 200', 'defaults', '  mode tcp', '  timeout connect 5s', '  timeout client 10m', '  timeout server 10m',
      'frontend in', `  bind 127.0.0.1:${port}`, '  default_backend out', 'backend out', `  server db ${target.host}:${target.port}`, '',
    ].join('\n'));
    server = startProcess(haproxy, ['-db', '-f', config]);
  }
  const name = haproxy === undefined ? 'node relay' : 'haproxy';
  await untilListening(port, server, name);
  return { name, endpoint: { ...target, port }, pid: server.pid, stop: () => server.stop() };
}
