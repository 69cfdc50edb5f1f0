/** `sallyport store` as a process of its own, and gateways that sign in to it with a token. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { devAdminFile, devTokenReply } from '../contract/store/index.ts';
import { freePort } from './free-port.ts';
import { readBundleDir } from '../policy/bundle/files.ts';
import { createStoreClient } from '../proxy/core/store-client.ts';
import { bundleDir, commandArgs, type GatewayOptions } from './gateway.ts';
import { PolicyAuthor } from './policy-repo.ts';
import type { PostgresServer } from './postgres-server.ts';
import { MovableClock } from './store-harness.ts';
import { copyStoreTemplate } from './store-template.ts';
import { startProcess, type RunningProcess } from './process.ts';
import { targetPassword } from './target-password.ts';

export class StoreProcess {
  readonly dir: string;
  readonly port: number;
  readonly #config: string;
  #process: RunningProcess | undefined;
  #author: PolicyAuthor | undefined;

  private constructor(dir: string, port: number) {
    this.dir = dir;
    this.port = port;
    this.#config = path.join(dir, 'store.yaml');
  }

  static async start(server: PostgresServer, databases: readonly string[] = ['shop']): Promise<StoreProcess> {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-store-'));
    const store = new StoreProcess(dir, await freePort());
    const targets = databases.map((name) => ({ name, protocol: 'postgres', host: server.host, port: server.port, database: name, tls: 'disable', labels: { env: 'prod' }, credentials: { user: 'app', password: targetPassword } }));
    writeFileSync(store.#config, JSON.stringify({ data_dir: './data', listen: { host: '127.0.0.1', port: store.port }, dev_idp: { people: [] }, roles: { admin: ['platform'], security: ['platform'], auditor: ['audit'] }, targets }, null, 2));
    copyStoreTemplate(path.join(dir, 'data', 'store', 'pg'));
    await store.run();
    return store;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  get objects(): string {
    return path.join(this.dir, 'data', 'store', 'objects');
  }

  async run(): Promise<void> {
    this.#process = startProcess(process.execPath, await commandArgs('store', '--config', this.#config), { cwd: this.dir });
    await this.#process.waitForLine((line) => (line.includes('"ready"') ? true : undefined), 60_000);
  }

  async ensureUp(): Promise<void> {
    if (!this.#process) await this.run();
  }

  /** SIGKILL: nothing is said to anybody. */
  async crash(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.ended();
    this.#process = undefined;
  }

  /** An ID token of the development provider. */
  async token(subject: string, groups: readonly string[]): Promise<string> {
    const admin = devAdminFile.parse(JSON.parse(readFileSync(path.join(this.dir, 'data', 'store', 'dev-admin.json'), 'utf8')));
    const reply = await fetch(`${admin.url}/v1/dev/token`, { method: 'POST', headers: { 'content-type': 'application/json', 'sallyport-dev-secret': admin.secret }, body: JSON.stringify({ subject, groups }) });
    return devTokenReply.parse(await reply.json()).id_token;
  }

  /** store.yaml, for commands. */
  get configFile(): string {
    return this.#config;
  }

  /** Signs a bundle of the product, or of a directory, and pushes it. @returns the fingerprint of the root that devices pin */
  async publish(bundle = 'starter'): Promise<string> {
    const client = createStoreClient({ url: this.url });
    await client.signIn(await this.token('sam@example.com', ['platform']));
    this.#author ??= await PolicyAuthor.create(client, new MovableClock());
    this.#author.client = client;
    await this.#author.release('stable', await readBundleDir(bundleDir(bundle)));
    return this.#author.fingerprint;
  }

  /** What a gateway needs to use this store. The token is written into the gateway's own directory by `TestGateway`. */
  async client(server: PostgresServer, options: Partial<GatewayOptions> = {}): Promise<GatewayOptions> {
    const token = path.join(this.dir, 'alice.token');
    writeFileSync(token, await this.token('alice@example.com', ['engineering']), { mode: 0o600 });
    const policy = options.config?.['policy'] ?? { root_sha256: this.#author?.fingerprint ?? (await this.publish()) };
    return { server, ...options, config: { store: this.url, identity: { token_file: token }, bundle: undefined, policy, connections: [], ...options.config } };
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
