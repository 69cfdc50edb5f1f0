/** A real embedded store for tests: real Fastify, real PGlite, a data directory of its own, a clock that can be moved. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { ApprovalId } from '../base/ids.ts';
import { parseApprovalId, parseSessionId, uuidv7 } from '../base/ids.ts';
import { systemRandom } from '../base/clock.ts';
import type { ApprovalRequest } from '../evidence/approval.ts';
import { createStoreClient, type DeviceSigner, type SignInResult, type StoreClient } from '../proxy/core/store-client.ts';
import { openDeviceFile } from '../proxy/core/store-client-device.ts';
import type { StoreConfig } from '../store/config.ts';
import { type Database, openEmbedded } from '../store/db/database.ts';
import { type RunningStore, startStore } from '../store/server.ts';
import { copyStoreTemplate } from './store-template.ts';

export class MovableClock implements Clock {
  offsetMs = 0;
  nowMs(): number {
    return Date.now() + this.offsetMs;
  }
  monotonicNs(): bigint {
    return process.hrtime.bigint();
  }
}

export interface Person {
  readonly client: StoreClient;
  readonly device: DeviceSigner;
  readonly identity: SignInResult;
}

export interface TestStore {
  readonly dataDir: string;
  readonly clock: MovableClock;
  readonly problems: string[];
  url(): string;
  store(): RunningStore;
  /** Signs in and enrols a device of their own. */
  person(subject: string, groups: readonly string[], device?: string): Promise<Person>;
  token(subject: string, groups?: readonly string[]): Promise<string>;
  /** Stops and starts again on the same data. */
  restart(): Promise<void>;
  /** Works on the database of the stopped store, then starts it again on its old port. */
  inside<T>(work: (db: Database) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export const canary = 'canary-3f9d1c77-secret';

const defaults: Omit<StoreConfig, 'data_dir'> = {
  origin: 'store.test',
  organisation: 'Test',
  dev_idp: { people: [{ subject: 'alice@example.com', name: 'Alice', groups: ['engineering'] }, { subject: 'carol@example.com', name: 'Carol', groups: ['dba'], password: 'open sesame' }] },
  log: { checkpoint_seconds: 0.05 },
  roles: { admin: ['platform'], auditor: ['audit'], security: ['security', 'platform'], privacy_officer: ['privacy'] },
  targets: [{ name: 'shop', protocol: 'postgres', host: '127.0.0.1', port: 5432, database: 'shop', labels: { env: 'prod' }, credentials: { user: 'app', password: canary } }],
};

export async function startTestStore(overrides: Partial<StoreConfig> = {}): Promise<TestStore> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sallyport-test-store-'));
  copyStoreTemplate(join(dataDir, 'store', 'pg'));
  const clock = new MovableClock();
  const problems: string[] = [];
  const start = (port = 0): Promise<RunningStore> => startStore({ ...defaults, listen: { host: '127.0.0.1', port }, ...overrides, data_dir: dataDir }, { clock, onProblem: (p) => problems.push(p) });
  let running = await start();
  const token = async (subject: string, groups: readonly string[] = []): Promise<string> => {
    const { devIdp } = running;
    if (devIdp === undefined) throw new Error('this store has no development provider');
    return devIdp.devToken({ subject, groups });
  };
  return {
    dataDir,
    clock,
    problems,
    url: () => running.url,
    store: () => running,
    token,
    person: async (subject, groups, name = subject) => {
      const device = openDeviceFile(join(dataDir, 'test-devices', name));
      const client = createStoreClient({ url: running.url, device, nowMs: () => clock.nowMs() });
      const identity = await client.signIn(await token(subject, groups));
      await client.enrolDevice(name);
      return { client, device, identity };
    },
    restart: async () => {
      await running.stop();
      running = await start();
    },
    inside: async (work) => {
      const { port } = running;
      await running.stop();
      const db = await openEmbedded(join(dataDir, 'store', 'pg'));
      try {
        return await work(db);
      } finally {
        await db.close();
        running = await start(port);
      }
    },
    stop: async () => {
      await running.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A well-formed approval request of that person's device. */
export function approvalRequest(by: Person, nowMs: number, overrides: Partial<ApprovalRequest> = {}): ApprovalRequest {
  const { principal } = by.identity;
  const uuid = (): string => uuidv7(nowMs, systemRandom.bytes(10));
  return {
    v: 1,
    type: 'approval-request',
    id: newApprovalId(nowMs),
    session_id: parseSessionId(uuid()),
    device_id: by.device.deviceId,
    connection: 'shop',
    target: { host: '127.0.0.1', port: 5432, database: 'shop' },
    labels: { env: 'prod' },
    requester: { iss: principal.issuer, sub: principal.subject, name: principal.name, groups: principal.groups },
    statement: 'UPDATE customers SET active = false',
    statement_sha256: '11'.repeat(32),
    params: [],
    params_sha256: '22'.repeat(32),
    request_record: { n: 4, leaf: '33'.repeat(32) },
    policy: { bundle: `sha256:${'ab'.repeat(32)}`, ids: ['hold-update-without-where'], reason: 'UPDATE without WHERE' },
    approvers: ['dba'],
    quorum: 1,
    created_ms: nowMs,
    expires_ms: nowMs + 600_000,
    nonce: uuid(),
    client: 'native psql',
    ...overrides,
  };
}

export const newApprovalId = (nowMs: number): ApprovalId => parseApprovalId(`apr_${uuidv7(nowMs, systemRandom.bytes(10))}`);
