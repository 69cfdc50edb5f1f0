/** A real PostgreSQL of the system's packages, in a directory of its own, on a free loopback port. */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './process.ts';

export interface PostgresServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  readonly dir: string;
  /** Server log so far. */
  log(): string;
  /** Away: connections are cut (fast shutdown), or with `crash` nothing is said to anybody and the server recovers at `up`. */
  down(how?: 'crash'): Promise<void>;
  /** Back on the same port with the same data. */
  up(): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Lines for postgresql.conf. */
  readonly settings?: readonly string[];
  /** Lines for pg_hba.conf in place of SCRAM for everybody on loopback. */
  readonly hba?: readonly string[];
  readonly ssl?: { readonly cert: string; readonly key: string };
  /** Where the server's programs are. Default: the newest of the system's packages. */
  readonly bin?: string;
}

/** Newest version that is installed. @throws Error that names the package when there is none. */
export function postgresBin(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).map(Number).filter((v) => !Number.isNaN(v)).sort((a, b) => b - a) : [];
  const newest = versions[0];
  if (newest === undefined) throw new Error('no PostgreSQL server is installed: apt-get install postgresql');
  return path.join(root, String(newest), 'bin');
}

/** PostgreSQL refuses to run as root: then it runs as the user `postgres` of its package. */
function asServerUser(command: string, args: readonly string[]): [string, string[]] {
  return process.getuid?.() === 0 ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]] : [command, [...args]];
}

function id(flag: string): number {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
}

/** initdb and start; ready for connections on return. fsync is off: nothing here has to survive. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = options.bin ?? postgresBin();
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-pg-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(dir, id('-u'), id('-g'));
  const password = 'super-secret-of-tests';
  const passwordFile = path.join(dir, 'pw');
  writeFileSync(passwordFile, password, { mode: 0o644 });
  const data = path.join(dir, 'data');
  execFileSync(...asServerUser(path.join(bin, 'initdb'), ['-D', data, '-U', 'super', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']), { stdio: 'pipe' });
  const port = await freePort();
  const settings = [`port = ${port}`, "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", 'fsync = off', 'full_page_writes = off', 'synchronous_commit = off', 'max_connections = 600', ...(options.settings ?? [])];
  if (options.ssl) {
    for (const [name, text] of [['server.crt', options.ssl.cert], ['server.key', options.ssl.key]] as const) {
      writeFileSync(path.join(data, name), text, { mode: 0o600 });
      if (isRoot) chownSync(path.join(data, name), id('-u'), id('-g'));
    }
    settings.push('ssl = on');
  }
  writeFileSync(path.join(data, 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
  if (options.hba) writeFileSync(path.join(data, 'pg_hba.conf'), `${options.hba.join('\n')}\n`);
  if (isRoot) chownSync(path.join(data, 'postgresql.auto.conf'), id('-u'), id('-g'));
  // The server logs to stderr; the helper waits for lines of stdout.
  const [command, args] = asServerUser('sh', ['-c', 'exec "$0" "$@" 2>&1', path.join(bin, 'postgres'), '-D', data]);
  let server: RunningProcess | undefined;
  let log = '';
  const up = async (): Promise<void> => {
    server = startProcess(command, args);
    await server.waitForLine((line) => (line.includes('ready to accept connections') ? true : undefined), 110_000);
  };
  const down = async (how?: 'crash'): Promise<void> => {
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients. SIGQUIT is its immediate one.
    server?.kill(how === 'crash' ? 'SIGQUIT' : 'SIGINT');
    await server?.ended();
    log += server?.stdout ?? '';
    server = undefined;
  };
  const stop = async (): Promise<void> => {
    await down();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await up();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host: '127.0.0.1',
    port,
    superuser: 'super',
    password,
    dir,
    log: () => log + (server?.stdout ?? ''),
    down,
    up,
    stop,
  };
}
