/** Devices that record sessions and upload them through whatever happens, and a count of what became of it. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { systemClock, systemRandom } from '../base/clock.ts';
import { EnvironmentError } from '../base/errors.ts';
import type { SessionId } from '../base/ids.ts';
import { gunzipSync } from 'node:zlib';
import { nextChunk } from '../evidence/chunks.ts';
import { nodeCrypto, nodeSha256Hex } from '../evidence/node-crypto.ts';
import { readSrz } from '../evidence/srz-read.ts';
import { parseTrust } from '../evidence/trust.ts';
import type { ReceivedChunk } from '../evidence/types.ts';
import { verifyRecording } from '../evidence/verify.ts';
import { SessionRecorder } from '../evidence/write.ts';
import { StoreRefusal, type StoreClient } from '../proxy/core/store-client.ts';
import { openInput, recordStatement } from './evidence-session.ts';
import type { ClusterPerson, StoreCluster } from './store-cluster.ts';

export interface MadeRecording {
  readonly session: SessionId;
  readonly open: string;
  readonly chunks: readonly ReceivedChunk[];
  readonly close: string;
}

/** A closed session of a few chunks, on disk only while it is made. */
export async function makeRecording(dir: string, person: ClusterPerson, user: { iss: string; sub: string }, o: { statements?: number; chunkBytes?: number } = {}): Promise<MadeRecording> {
  mkdirSync(dir, { recursive: true });
  const recorder = await SessionRecorder.open({
    dir,
    store: 'store.test',
    open: { ...openInput, user: { ...openInput.user, ...user, name: user.sub } },
    device: person.device,
    clock: systemClock,
    random: systemRandom,
    onFailure: (error) => {
      throw error;
    },
  });
  const statements = o.statements ?? 24;
  for (let i = 0; i < statements; i++) {
    recordStatement(recorder, i);
    if (i % 8 === 7) recorder.checkpoint();
  }
  await recorder.close({ reason: 'client disconnected' });
  const chunks: ReceivedChunk[] = [];
  for (let at = 0; ; ) {
    const chunk = await nextChunk(recorder.dir, at, { minBytes: o.chunkBytes ?? 4_000 });
    if (chunk === undefined) break;
    chunks.push(chunk);
    at = chunk.toByte;
  }
  const close = readFileSync(path.join(recorder.dir, 'close.dsse.json'), 'utf8');
  rmSync(recorder.dir, { recursive: true });
  return { session: recorder.sessionId, open: recorder.openEnvelope, chunks, close };
}

/** What the devices saw. */
export class Tally {
  /** Recordings by session, with those of their parts that have a receipt. */
  readonly acknowledged = new Map<SessionId, { readonly made: MadeRecording; readonly parts: Map<string, string> }>();
  sent = 0;
  acks = 0;
  errors = 0;
  readonly #watchers = new Set<() => void>();

  changed(): void {
    for (const w of [...this.#watchers]) w();
  }

  /** Resolves when `isTrue` holds, looked at after each part and each error. */
  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isTrue()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }
}

const RETRY_MS = 100;
const READ_TRIES = 50;

/** True when the store says that a part of it is away, or is away itself: its clients try again, as devices do. */
const isAway = (error: unknown): boolean => error instanceof EnvironmentError && !(error instanceof StoreRefusal && error.status < 500 && error.status !== 429);

/** A read as a patient client makes it: after the last fault the store may still find a connection of its own dead. */
async function readThrough<T>(read: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await read();
    } catch (error) {
      if (!isAway(error) || n === READ_TRIES) throw error;
      await delay(RETRY_MS);
    }
  }
}

/**
 * Uploads one recording: each part again and again, at any node, until it has its receipt.
 * @throws StoreRefusal when a store refuses a part for good: nothing here is wrong, so that would be a loss
 */
export async function uploadThrough(made: MadeRecording, person: ClusterPerson, tally: Tally, pick: () => number): Promise<void> {
  const parts = new Map<string, string>();
  tally.acknowledged.set(made.session, { made, parts });
  const send = async (name: string, work: (at: StoreClient) => Promise<string>): Promise<void> => {
    for (;;) {
      tally.sent++;
      try {
        const client = person.at[pick() % person.at.length];
        if (client === undefined) throw new Error('no node');
        parts.set(name, await work(client));
        tally.acks++;
        tally.changed();
        return;
      } catch (error) {
        if (!isAway(error)) throw error;
        tally.errors++;
        tally.changed();
        await delay(RETRY_MS);
      }
    }
  };
  await send('open', async (at) => {
    await at.uploadOpen(made.session, made.open);
    return '';
  });
  for (const chunk of made.chunks) await send(String(chunk.index), async (at) => (await at.uploadChunk(made.session, chunk)).envelope);
  await send('close', async (at) => (await at.uploadClose(made.session, 'close', made.close)).envelope);
}

export interface Found {
  readonly recordings: number;
  readonly uploaded: number;
  readonly acknowledged: number;
  readonly found: number;
  readonly lost: readonly string[];
  readonly double: readonly string[];
}

/** Looks for every acknowledged part in the store, as an auditor and in its tables and objects, and for anything twice. */
export async function account(cluster: StoreCluster, tally: Tally, auditor: StoreClient): Promise<Found> {
  const lost: string[] = [];
  const double: string[] = [];
  let found = 0;
  let acknowledged = 0;
  const trust = parseTrust(await readThrough(() => auditor.trust()));
  for (const [session, { made, parts }] of tally.acknowledged) {
    acknowledged += parts.size;
    const source = readSrz(await readThrough(() => auditor.downloadSrz(session)));
    const expected = new Map([['open', ['open.dsse.json', nodeSha256Hex(made.open)]], ['close', ['close.dsse.json', nodeSha256Hex(made.close)]], ...made.chunks.map((c) => [String(c.index), [`chunks/${String(c.index).padStart(6, '0')}.ndjson.gz`, c.sha256]] as const)] as [string, [string, string]][]);
    for (const name of parts.keys()) {
      const [file, sha256] = expected.get(name) ?? ['', ''];
      const bytes = source.file(file);
      const digest = bytes === undefined ? '' : nodeSha256Hex(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
      if (digest === sha256) found++;
      else lost.push(`${session} ${name}`);
    }
    if (parts.has('close')) {
      const report = await verifyRecording(source, trust, { crypto: nodeCrypto });
      if (report.verdict !== 'PASS') lost.push(`${session}: ${report.verdict}`);
    }
  }
  double.push(...(await doubles(cluster, tally)));
  return { recordings: tally.acknowledged.size, uploaded: tally.sent, acknowledged, found, lost, double };
}

/** Rows, log entries and objects that are there more often than they should be, or that belong to nothing. */
async function doubles(cluster: StoreCluster, tally: Tally): Promise<string[]> {
  const client = new pg.Client({ connectionString: cluster.databaseUrl });
  await client.connect();
  const out: string[] = [];
  try {
    const chunks = await client.query<{ session_id: string; idx: number }>('select session_id, idx from chunks');
    const expected = new Set([...tally.acknowledged].flatMap(([session, { made }]) => made.chunks.map((c) => `${session} ${c.index}`)));
    const seen = new Set<string>();
    for (const { session_id, idx } of chunks.rows) {
      const key = `${session_id} ${idx}`;
      if (seen.has(key) || !expected.has(key)) out.push(`chunk ${key}`);
      seen.add(key);
    }
    const entries = await client.query<{ kind: string; n: string }>("select kind, count(*) as n from log_entries where kind like 'session.%' group by kind");
    for (const { kind, n } of entries.rows) {
      const want = [...tally.acknowledged.values()].filter(({ parts }) => parts.has(kind === 'session.open' ? 'open' : 'close')).length;
      if (Number(n) !== want) out.push(`${n} log entries ${kind} for ${want}`);
    }
  } finally {
    await client.end();
  }
  for (const key of cluster.s3.bucket.keys().filter((k) => k.includes('/chunks/'))) if (cluster.s3.bucket.versions(key).length !== 1) out.push(`object ${key}`);
  return out;
}
