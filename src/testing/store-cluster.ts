/** Several processes of `sallyport store` on one PostgreSQL and one S3, as an operator would run them, and a sign-in provider. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { createStoreClient, type DeviceSigner, type StoreClient } from '../proxy/core/store-client.ts';
import { openDeviceFile } from '../proxy/core/store-client-device.ts';
import { DEV_CLIENT_ID, DEV_ISSUER_ID, type DevIdp, startDevIdp } from '../store/identity/dev-idp.ts';
import type { DevPerson } from '../store/identity/dev-idp-page.ts';
import { storeKeyNames } from '../store/storage/key-files.ts';
import { freshDatabase } from './database-of.ts';
import { freePort } from './free-port.ts';
import { builtCommand } from './gateway.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { S3TestServer, type S3TestOptions } from './s3/server.ts';

export class StoreNode {
  readonly url: string;
  readonly #config: string;
  readonly #command: string;
  #process: RunningProcess | undefined;

  constructor(url: string, config: string, command: string) {
    this.url = url;
    this.#config = config;
    this.#command = command;
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }
  get pid(): number | undefined {
    return this.#process?.pid;
  }
  get stderr(): string {
    return this.#process?.stderr ?? '';
  }

  async start(): Promise<void> {
    this.#process = startProcess(process.execPath, [this.#command, 'store', '--config', this.#config], { cwd: path.dirname(this.#config) });
    // Generous: while everything fails at once on a busy machine, a start is starved and not stuck.
    await this.#process.waitForLine((line) => (line.includes('"ready"') ? true : undefined), 180_000);
  }

  /** SIGKILL: nothing is said to anybody. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.ended();
    this.#process = undefined;
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }
}

export interface ClusterPerson {
  readonly device: DeviceSigner;
  /** The same person and device, at one node each. */
  readonly at: readonly StoreClient[];
}

export interface ClusterOptions {
  readonly nodes?: number;
  readonly s3?: S3TestOptions;
  /** Members of store.yaml to add or replace. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly postgresSettings?: readonly string[];
  /** Who the sign-in provider's page offers. */
  readonly people?: readonly DevPerson[];
}

export class StoreCluster {
  readonly dir: string;
  readonly postgres: PostgresServer;
  readonly databaseUrl: string;
  readonly s3: S3TestServer;
  readonly idp: DevIdp;
  readonly nodes: readonly StoreNode[];

  private constructor(o: Omit<StoreCluster, 'person' | 'stop'>) {
    this.dir = o.dir;
    this.postgres = o.postgres;
    this.databaseUrl = o.databaseUrl;
    this.s3 = o.s3;
    this.idp = o.idp;
    this.nodes = o.nodes;
  }

  static async start(o: ClusterOptions = {}): Promise<StoreCluster> {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-cluster-'));
    const postgres = await startPostgres(o.postgresSettings === undefined ? {} : { settings: o.postgresSettings });
    const databaseUrl = await freshDatabase(postgres);
    const s3 = await S3TestServer.start(o.s3);
    const idp = await startDevIdp({ dir: path.join(dir, 'idp'), people: o.people ?? [], port: 0, clock: systemClock, publicUrl: undefined });
    mkdirSync(path.join(dir, 'keys'));
    for (const name of storeKeyNames) writeFileSync(path.join(dir, 'keys', `${name}.key`), randomBytes(32), { mode: 0o640 });
    writeFileSync(path.join(dir, 'database.url'), `${databaseUrl}\n`, { mode: 0o600 });
    writeFileSync(path.join(dir, 's3.secret'), s3.secretAccessKey, { mode: 0o600 });
    const command = await builtCommand();
    const nodes: StoreNode[] = [];
    for (let i = 0; i < (o.nodes ?? 2); i++) {
      const port = await freePort();
      const config = path.join(dir, `store-${i}.yaml`);
      const members = {
        data_dir: `./process-${i}`,
        listen: { host: '127.0.0.1', port },
        origin: 'store.test',
        database: { url_file: './database.url' },
        objects: { s3: { endpoint: s3.endpoint, bucket: s3.bucketName, path_style: true, access_key_id: { value: s3.accessKeyId }, secret_access_key: { file: './s3.secret' } } },
        keys_dir: './keys',
        issuers: [{ issuer: idp.issuer, client_id: DEV_CLIENT_ID, id: DEV_ISSUER_ID }],
        roles: { admin: ['platform'], auditor: ['audit'] },
        devices: { enrolment: 'auto' },
        // Devices here do in a minute what others do in a day.
        limits: { requests_per_minute: 100_000 },
        ...o.config,
      };
      writeFileSync(config, JSON.stringify(members, null, 2));
      nodes.push(new StoreNode(`http://127.0.0.1:${port}`, config, command));
    }
    await Promise.all(nodes.map((n) => n.start()));
    return new StoreCluster({ dir, postgres, databaseUrl, s3, idp, nodes });
  }

  /** Signs in at the first node and enrols a device; the session and the device are good at every node. */
  async person(subject: string, groups: readonly string[] = ['engineering'], name = subject): Promise<ClusterPerson> {
    const device = openDeviceFile(path.join(this.dir, 'devices', name));
    const [first] = this.nodes;
    const token = await this.idp.devToken({ subject, groups });
    const signedIn = await createStoreClient({ url: first?.url ?? '', device }).signIn(token);
    const at = this.nodes.map((n) => createStoreClient({ url: n.url, device, userToken: () => signedIn.token }));
    await at[0]?.enrolDevice(name);
    return { device, at };
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.stop();
    await this.idp.stop();
    await this.s3.down();
    await this.postgres.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
