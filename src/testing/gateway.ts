/** `sallyport gateway` as a child process, with real clients in front of it and a real PostgreSQL behind it. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import pg from 'pg';
import { messageOf } from '../base/errors.ts';
import { approvalsCommand } from '../cli/approvals.ts';
import { postgresBin, type PostgresServer } from './postgres-server.ts';
import { runProcess, startProcess, type ProcessResult, type RunningProcess } from './process.ts';
import { copyStoreTemplate } from './store-template.ts';
import { targetPassword } from './target-password.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The command as the product's build makes it, from the sources of this moment; the same sources give the same files. */
let built: Promise<string> | undefined;
export function builtCommand(): Promise<string> {
  built ??= bundle();
  return built;
}

async function bundle(): Promise<string> {
  const out = path.join(root, '.cache', 'test-command');
  const result = await build({
    entryPoints: [path.join(root, 'src/cli/sallyport.ts')], bundle: true, splitting: true, outdir: out, outExtension: { '.js': '.mjs' }, chunkNames: 'chunks/[name]-[hash]',
    platform: 'node', target: 'node20', format: 'esm', packages: 'external', write: false, logLevel: 'silent', absWorkingDir: root,
  });
  const digest = createHash('sha256');
  for (const file of result.outputFiles) digest.update(path.relative(out, file.path)).update(file.contents);
  const dir = path.join(out, digest.digest('hex').slice(0, 16));
  if (!existsSync(dir)) {
    mkdirSync(out, { recursive: true });
    // Another worker may be writing the same: renaming is all or nothing.
    const temp = mkdtempSync(`${dir}.`);
    for (const file of result.outputFiles) {
      const at = path.join(temp, path.relative(out, file.path));
      mkdirSync(path.dirname(at), { recursive: true });
      writeFileSync(at, file.contents);
    }
    try {
      renameSync(temp, dir);
    } catch (error) {
      rmSync(temp, { recursive: true });
      if (!existsSync(dir)) throw error;
    }
  }
  return path.join(dir, 'sallyport.mjs');
}

/**
 * What Node is given to run the command. A test's process ends before V8's optimised WebAssembly would pay for its
 * making, which takes seconds of the processor at every start; e2e and bench run the command as users do.
 */
export async function commandArgs(...args: readonly string[]): Promise<string[]> {
  return ['--liftoff-only', await builtCommand(), ...args];
}

/** Runs the command to its end. */
export async function runCommand(args: readonly string[], options: { cwd?: string; timeoutMs?: number } = {}): Promise<ProcessResult> {
  return runProcess(process.execPath, await commandArgs(...args), options);
}

export interface Listener {
  readonly connection: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly url: string;
}

export type GatewayEvent = Readonly<Record<string, unknown>> & { readonly event: string };

export interface GatewayOptions {
  readonly server: PostgresServer;
  /** A bundle of the product, or a directory. Default: starter. */
  readonly bundle?: string;
  readonly databases?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly groups?: readonly string[];
  /** Members of gateway.yaml to add or replace. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: NodeJS.ProcessEnv;
  /** The port of the target, when something stands between. */
  readonly targetPort?: number;
}

export const bundleDir = (name: string): string => (path.isAbsolute(name) ? name : path.join(root, 'resources', 'bundles', name));

export function gatewayConfig(o: GatewayOptions): Record<string, unknown> {
  return {
    data_dir: './data',
    store: 'embedded',
    identity: { dev: { subject: 'alice@example.com', groups: [...(o.groups ?? ['engineering'])] } },
    bundle: bundleDir(o.bundle ?? 'starter'),
    connections: (o.databases ?? ['shop']).map((name) => ({
      name,
      protocol: 'postgres',
      target: { host: o.server.host, port: o.targetPort ?? o.server.port, database: name, tls: 'disable' },
      credentials: { user: 'app', password: targetPassword },
      labels: o.labels ?? { env: 'prod' },
      listen: { port: 0 },
    })),
    ...o.config,
  };
}

export class TestGateway {
  readonly dir: string;
  readonly configFile: string;
  readonly #env: NodeJS.ProcessEnv | undefined;
  #process: RunningProcess | undefined;
  #listeners: readonly Listener[] = [];
  #earlier = '';

  private constructor(dir: string, configFile: string, env: NodeJS.ProcessEnv | undefined) {
    this.dir = dir;
    this.configFile = configFile;
    this.#env = env;
  }

  /** Writes the configuration into a directory of its own and starts. */
  static async start(options: GatewayOptions): Promise<TestGateway> {
    const gateway = TestGateway.prepare(options);
    await gateway.run();
    return gateway;
  }

  static prepare(options: GatewayOptions): TestGateway {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-gateway-'));
    const file = path.join(dir, 'gateway.yaml');
    writeFileSync(file, JSON.stringify(gatewayConfig(options), null, 2), { mode: 0o600 });
    if (options.config?.['store'] === undefined) copyStoreTemplate(path.join(dir, 'data', 'store', 'pg'));
    return new TestGateway(dir, file, options.env);
  }

  get dataDir(): string {
    return path.join(this.dir, 'data');
  }
  get recordings(): string {
    return path.join(this.dataDir, 'recordings');
  }
  get process(): RunningProcess {
    if (!this.#process) throw new Error('the gateway does not run');
    return this.#process;
  }
  get pid(): number {
    return this.process.pid ?? 0;
  }
  /** stdout of this run and the ones before. */
  get stdout(): string {
    return this.#earlier + (this.#process?.stdout ?? '');
  }
  get events(): readonly GatewayEvent[] {
    return this.stdout.split('\n').flatMap((line) => parseEvent(line) ?? []);
  }

  async run(): Promise<void> {
    this.#earlier = this.stdout;
    this.#process = startProcess(process.execPath, await commandArgs('gateway', '--config', this.configFile), { cwd: this.dir, ...(this.#env ? { env: this.#env } : {}) });
    const ready = await this.#process.waitForLine((line) => {
      const event = parseEvent(line);
      return event?.event === 'ready' ? event : undefined;
    }, 110_000);
    this.#listeners = ready['listeners'] as readonly Listener[];
  }

  /** Resolves when each of these recordings has the store's receipt for its end. */
  async uploaded(sessions: readonly string[]): Promise<void> {
    // An event may be lost with a process that is killed; the file is what the next start goes by.
    const left = (): string[] => sessions.filter((id) => !/"part":"(close|recovered)"/.test(readIfThere(path.join(this.recordings, id, 'upload.ndjson'))));
    for (;;) {
      const seen = this.process.stdout.length;
      if (left().length === 0) return;
      await this.waitEvent((e) => e.event === 'session.uploaded', seen, 110_000).catch((error: unknown) => {
        if (left().length > 0) throw new Error(`not uploaded: ${left().join(', ')}`, { cause: error });
      });
    }
  }

  listener(connection = 'shop'): Listener {
    const found = this.#listeners.find((l) => l.connection === connection);
    if (!found) throw new Error(`no listener ${connection}`);
    return found;
  }

  /** Waits for an event of this run that matches, from `offset` in its stdout on. */
  waitEvent(match: (event: GatewayEvent) => boolean, offset = 0, timeoutMs = 90_000): Promise<GatewayEvent> {
    return this.process.waitForLine(
      (line) => {
        const event = parseEvent(line);
        return event !== undefined && match(event) ? event : undefined;
      },
      timeoutMs,
      offset,
    );
  }

  /** Where in stdout the next event will be. */
  get mark(): number {
    return this.process.stdout.length;
  }

  async connect(connection = 'shop', options: pg.ClientConfig = {}): Promise<pg.Client> {
    const l = this.listener(connection);
    return pgConnect({ host: l.host, port: l.port, user: l.user, password: l.password, database: l.database, ...options });
  }

  psql(args: readonly string[], options: { connection?: string; input?: string; timeoutMs?: number; port?: number } = {}): Promise<ProcessResult> {
    const l = this.listener(options.connection);
    return psql({ ...l, port: options.port ?? l.port }, args, options);
  }

  /** An approver's command on this gateway's embedded store. */
  approvals(verb: 'approve' | 'deny' | 'show', id: string, reason?: string, as = 'carol@example.com', groups = 'dba'): Promise<ProcessResult> {
    return runCommand(['approvals', verb, id, '--config', this.configFile, '--as', as, '--groups', groups, ...(reason === undefined ? [] : ['--reason', reason])]);
  }

  /** The same as `approvals`, inside this process: a fresh one takes seconds. `refusal` is the error's text. */
  async decide(verb: 'approve' | 'deny', id: string, reason: string, as = 'carol@example.com', groups = 'dba'): Promise<{ refusal: string | undefined }> {
    const command = approvalsCommand();
    try {
      await command.parseAsync([verb, id, '--config', this.configFile, '--as', as, '--groups', groups, '--reason', reason, '--json'], { from: 'user' });
      return { refusal: undefined };
    } catch (error) {
      return { refusal: messageOf(error) };
    }
  }

  verify(recording: string): Promise<ProcessResult> {
    return runCommand(['recordings', 'verify', recording, '--config', this.configFile]);
  }

  /** SIGKILL; resolves when the process is gone. */
  async crash(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.ended();
  }

  /** SIGTERM; resolves when the process is gone. The directory stays. */
  halt(): Promise<ProcessResult> {
    return this.process.stop(20_000);
  }

  async stop(): Promise<void> {
    if (this.#process) await this.halt();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export async function pgConnect(options: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(options);
  // The end of a connection outside a query arrives as an event; tests look at queries and at the gateway's events.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export function psql(to: { host: string; port: number; user: string; password: string; database: string }, args: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Promise<ProcessResult> {
  return runProcess(path.join(postgresBin(), 'psql'), ['-X', '-q', '-A', '-t', ...args], { env: libpqEnv(to), ...options });
}

/** The connection as libpq's programs read it from their environment. */
export function libpqEnv(to: { host: string; port: number; user: string; password: string; database: string }): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', PGHOST: to.host, PGPORT: String(to.port), PGUSER: to.user, PGPASSWORD: to.password, PGDATABASE: to.database };
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function parseEvent(line: string): GatewayEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'event' in value ? (value as GatewayEvent) : undefined;
  } catch {
    return undefined;
  }
}
