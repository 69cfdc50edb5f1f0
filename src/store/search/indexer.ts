/** The job that keeps the index up to date. It runs in every process of the store; the database says who does what. */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { MalformedError, messageOf } from '../../base/errors.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { type ReadRecord, readRecords } from '../../evidence/read.ts';
import { chunkName } from '../../evidence/source.ts';
import type { Database } from '../db/database.ts';
import { CHUNK_LIMIT_BYTES, objectKey } from '../recordings/ingest.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { fold, referencesOf } from './fold.ts';
import { ATTEMPTS_MAX, type ChunkJob, claim, failed, newestPendingMs, postponed } from './jobs.ts';
import { knownTexts, writeChunk } from './write.ts';

const IDLE_MS = 1_500;
const REST_MAX_MS = 1_000;
/** While recordings arrive, a laptop's processor is for the statements: the rest is longer than the work by this. */
const BUSY_RESTS = 6;
/** Sessions send what they recorded every five seconds. */
const BUSY_MS = 7_000;

export interface IndexerPorts {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
  /** Beside the proxy on a laptop: rest as long as it worked, and longer while recordings arrive. */
  readonly gentle: boolean;
}

/** Indexes one chunk. False when none waits. */
export async function indexNext(p: IndexerPorts, pause: () => Promise<void> = () => Promise.resolve()): Promise<boolean> {
  const job = await claim(p.db, p.clock.nowMs());
  if (job === undefined) return false;
  try {
    await indexChunk(p, job, pause);
  } catch (error) {
    const reason = messageOf(error);
    p.onProblem(`store: chunk ${job.idx} of ${job.session_id} could not be indexed: ${reason}`);
    // What cannot be read today cannot be read tomorrow; everything else is tried again.
    if (error instanceof MalformedError || job.attempts >= ATTEMPTS_MAX) await failed(p.db, job, reason);
    else await postponed(p.db, job, reason);
  }
  return true;
}

async function indexChunk(p: IndexerPorts, job: ChunkJob, pause: () => Promise<void>): Promise<void> {
  const chunk = await p.db.first(z.object({ t_ms: z.number() }), 'select t_ms from chunks where session_id = $1 and idx = $2', [job.session_id, job.idx]);
  const gzip = await p.objects.get(objectKey(job.session_id, chunkName(job.idx)));
  if (chunk === undefined || gzip === undefined) throw new Error('the object store does not have it');
  const records = await recordsOf(gzip, await forgotten(p.db, job));
  const known = await knownTexts(p.db, job.session_id, referencesOf(records));
  await writeChunk(p.db, job, fold({ records, receivedMs: chunk.t_ms, known }), pause);
}

/** Fields of this session that redactions removed, as `n/field`. Read before the write checks that none came since. */
async function forgotten(db: Database, job: ChunkJob): Promise<ReadonlySet<string>> {
  const rows = await db.rows(z.object({ n: z.number(), field: z.string() }), 'select n, field from search_forgotten where session_id = $1', [job.session_id]);
  return new Set(rows.map((r) => `${r.n}/${r.field}`));
}

async function recordsOf(gzip: Uint8Array, forgotten: ReadonlySet<string>): Promise<ReadRecord[]> {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(gzip, { maxOutputLength: CHUNK_LIMIT_BYTES });
  } catch (cause) {
    throw new MalformedError('malformed.encoding', `not gzip: ${messageOf(cause)}`);
  }
  const records: ReadRecord[] = [];
  for await (const r of readRecords(one(bytes), nodeSha256)) records.push(forgotten.size === 0 ? r : without(r, forgotten));
  return records;
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}

function without(r: ReadRecord, forgotten: ReadonlySet<string>): ReadRecord {
  const gone = Object.keys(r.fields).filter((name) => forgotten.has(`${r.n}/${name}`));
  if (gone.length === 0) return r;
  return { ...r, fields: Object.fromEntries(Object.entries(r.fields).filter(([name]) => !gone.includes(name))), removed: [...r.removed, ...gone] };
}

/** Starts the job; the answer stops it and waits for the chunk under way. */
export function startIndexer(p: IndexerPorts): () => Promise<void> {
  const stop = new AbortController();
  const running = run(p, stop.signal);
  return async () => {
    stop.abort();
    await running;
  };
}

async function run(p: IndexerPorts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let since = performance.now();
    const rest = async (): Promise<void> => {
      const workedMs = performance.now() - since;
      if (p.gentle) await wait(Math.min(workedMs * (await rests(p)), REST_MAX_MS), signal);
      since = performance.now();
    };
    const worked = await indexNext(p, rest).catch((error: unknown) => {
      if (!signal.aborted) p.onProblem(`store: the search index is not kept up: ${messageOf(error)}`);
      return false;
    });
    if (worked) await rest();
    else await wait(IDLE_MS, signal);
  }
}

/** How many times as long as the work the rest is. */
async function rests(p: IndexerPorts): Promise<number> {
  const newestMs = await newestPendingMs(p.db).catch(() => undefined);
  return newestMs !== undefined && p.clock.nowMs() - newestMs < BUSY_MS ? BUSY_RESTS : 1;
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener('abort', end);
  });
}
