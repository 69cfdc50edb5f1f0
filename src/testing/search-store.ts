/** A test store in both flavours, with people who record sessions and an auditor who searches them. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStoreClient, type StoreClient } from '../proxy/core/store-client.ts';
import { auditList } from '../contract/store/index.ts';
import type { StoreConfig } from '../store/config.ts';
import { storeKeyNames } from '../store/storage/key-files.ts';
import { freshDatabase } from './database-of.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { S3TestServer } from './s3/server.ts';
import { type Person, startTestStore, type TestStore } from './store-harness.ts';
import { openSession, type RecordedSession, uploadRest } from './store-recordings.ts';
import type { SessionRecorder } from '../evidence/write.ts';

export type Flavour = 'embedded' | 'PostgreSQL and S3';
export const flavours: readonly Flavour[] = ['embedded', 'PostgreSQL and S3'];

export class SearchStore {
  readonly store: TestStore;
  /** Of the database server; undefined for the embedded store. */
  readonly databaseUrl: string | undefined;
  readonly #undo: (() => Promise<void>)[];

  private constructor(store: TestStore, databaseUrl: string | undefined, undo: (() => Promise<void>)[]) {
    this.store = store;
    this.databaseUrl = databaseUrl;
    this.#undo = undo;
  }

  static async start(flavour: Flavour): Promise<SearchStore> {
    if (flavour === 'embedded') {
      const store = await startTestStore();
      return new SearchStore(store, undefined, [() => store.stop()]);
    }
    const postgres: PostgresServer = await startPostgres();
    const s3 = await S3TestServer.start();
    const keys = mkdtempSync(join(tmpdir(), 'sallyport-test-keys-'));
    mkdirSync(keys, { recursive: true });
    for (const name of storeKeyNames) writeFileSync(join(keys, `${name}.key`), randomBytes(32), { mode: 0o600 });
    const databaseUrl = await freshDatabase(postgres);
    const config: Partial<StoreConfig> = {
      database: { url: databaseUrl },
      objects: { s3: { endpoint: s3.endpoint, bucket: s3.bucketName, path_style: true, access_key_id: { value: s3.accessKeyId }, secret_access_key: { value: s3.secretAccessKey } } },
      keys_dir: keys,
    };
    const store = await startTestStore(config);
    const removeKeys = (): Promise<void> => {
      rmSync(keys, { recursive: true, force: true });
      return Promise.resolve();
    };
    return new SearchStore(store, databaseUrl, [removeKeys, () => postgres.stop(), () => s3.down(), () => store.stop()]);
  }

  async stop(): Promise<void> {
    for (const step of [...this.#undo].reverse()) await step();
  }

  person(subject: string, groups: readonly string[] = ['engineering']): Promise<Person> {
    return this.store.person(subject, groups);
  }

  /** Signed in without a device, as at a browser. */
  async reader(subject: string, groups: readonly string[]): Promise<StoreClient> {
    const client = createStoreClient({ url: this.store.url() });
    await client.signIn(await this.store.token(subject, groups));
    return client;
  }

  auditor(): Promise<StoreClient> {
    return this.reader('erin@example.com', ['audit']);
  }

  /** Details of the audit rows of an action. */
  async audited(action: string): Promise<string[]> {
    const response = await fetch(`${this.store.url()}/v1/audit?action=${action}&limit=1000`, { headers: { authorization: `Bearer ${await this.#bearer()}` } });
    const { entries } = auditList.parse(await response.json());
    return entries.map((e) => e.detail);
  }

  async #bearer(): Promise<string> {
    const signedIn = await createStoreClient({ url: this.store.url() }).signIn(await this.store.token('erin@example.com', ['audit']));
    return signedIn.token;
  }

  /** Records what `work` does, closes, and uploads it whole. */
  async recorded(by: Person, work: (recorder: SessionRecorder) => void): Promise<RecordedSession> {
    const session = await openSession(this.store, by);
    await by.client.uploadOpen(session.id, session.openEnvelope);
    work(session.recorder);
    await session.recorder.sync();
    await session.recorder.close({ reason: 'client disconnected' });
    await uploadRest(by, session);
    return session;
  }
}

/** Resolves when all that the store holds is searchable. */
export async function indexed(auditor: StoreClient): Promise<void> {
  for (let tries = 0; ; tries++) {
    const status = await auditor.searchStatus();
    if (status.pending_chunks === 0) return;
    if (tries > 600) throw new Error(`the index does not get done: ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
