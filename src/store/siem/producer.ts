/**
 * Makes events of what the store takes: follows the audit trail, reads each new chunk of a recording from the object
 * store, and queues the events in the database, in one transaction with its own position. Uploads never wait for it.
 * When receivers are too far behind it stops; what it has not read yet stays where it is.
 */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { MalformedError, messageOf } from '../../base/errors.ts';
import { isSessionId, type SessionId } from '../../base/ids.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import type { AuditFact } from '../../evidence/ocsf-audit.ts';
import type { Emitter, OcsfObject } from '../../evidence/ocsf-event.ts';
import { RecordingEvents } from '../../evidence/ocsf-recording.ts';
import type { OpenRequest } from '../../evidence/ocsf-requests.ts';
import { auditEvent } from '../../evidence/ocsf-store.ts';
import { type ReadRecord, readRecords } from '../../evidence/read.ts';
import { chunkName } from '../../evidence/source.ts';
import { parseOpen } from '../../evidence/statements.ts';
import type { Database, Queries } from '../db/database.ts';
import { CHUNK_LIMIT_BYTES, objectKey } from '../recordings/ingest.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { withApproval } from './approval-facts.ts';
import { type FeedPosition, type FeedRow, feedPosition, moveFeed, readFeed } from './feed.ts';

export const SIEM_FEED = 'siem';
const ROWS = 200;
/** Events of one insert. */
const INSERT = 500;

export interface ProducerPorts {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly emitter: Emitter;
  readonly start: 'beginning' | 'now';
  /** Events that may wait for receivers. */
  readonly maxQueue: number;
}

/** Reads on. True when there may be more. @throws EnvironmentError when the object store is away: nothing is skipped */
export async function produce(p: ProducerPorts): Promise<boolean> {
  if ((await queued(p.db)) >= p.maxQueue) return false;
  let from = await feedPosition(p.db, SIEM_FEED, p.start, p.clock.nowMs());
  const rows = await readFeed(p.db, from, ROWS);
  let plain: FeedRow[] = [];
  for (const row of rows) {
    const part = partOf(row.fact);
    if (part === undefined) {
      plain.push(row);
      continue;
    }
    from = await commitPlain(p, from, plain);
    plain = [];
    from = await commitPart(p, from, row, part);
  }
  await commitPlain(p, from, plain);
  return rows.length === ROWS;
}

/** Events that wait, counted by their numbers. */
export async function queued(q: Queries): Promise<number> {
  const row = await q.first(z.object({ n: z.number() }), 'select coalesce(max(seq) - min(seq) + 1, 0)::bigint as n from siem_events');
  return row?.n ?? 0;
}

interface Part {
  readonly session: SessionId;
  /** Index of the chunk; undefined for the end of the recording. */
  readonly index: number | undefined;
}

/** A row that says: this part of a recording has been taken. */
function partOf(f: AuditFact): Part | undefined {
  if (f.outcome !== 'ok') return undefined;
  const [session, index] = f.object.split('/');
  if (!isSessionId(session)) return undefined;
  if (f.action === 'recording.end') return { session, index: undefined };
  return f.action === 'recording.chunk' && index !== undefined && /^\d{1,6}$/.test(index) ? { session, index: Number(index) } : undefined;
}

async function commitPlain(p: ProducerPorts, from: FeedPosition, rows: readonly FeedRow[]): Promise<FeedPosition> {
  const last = rows.at(-1);
  if (last === undefined) return from;
  const events: OcsfObject[] = [];
  for (const { fact } of rows) {
    const event = auditEvent(p.emitter, await withApproval(p.db, fact));
    if (event !== undefined) events.push(event);
  }
  return commit(p, from, last.position, events, () => Promise.resolve());
}

async function commitPart(p: ProducerPorts, from: FeedPosition, row: FeedRow, part: Part): Promise<FeedPosition> {
  const own = auditEvent(p.emitter, row.fact);
  const events: OcsfObject[] = [];
  const session = await sessionOf(p, part.session, row.fact.tMs);
  if (session === undefined) return commit(p, from, row.position, own === undefined ? [] : [own], () => Promise.resolve());
  const { known, reader } = session;
  if (part.index === undefined) {
    events.push(...reader.end());
    if (own !== undefined) events.push(own);
    return commit(p, from, row.position, events, (tx) => forgetSession(tx, part.session));
  }
  // A part that is sent again is answered again, and audited again.
  if (known !== undefined && part.index < known) return commit(p, from, row.position, [], () => Promise.resolve());
  const records = await recordsOf(p, part.session, part.index);
  if (typeof records === 'string') events.push(...lost(p.emitter, row.fact, part, records));
  else for (const r of records) events.push(...reader.push(r));
  const { index } = part;
  return commit(p, from, row.position, events, (tx) => keepSession(tx, part.session, index + 1, reader.state()));
}

/** Position first: who loses the race inserts nothing, so numbers of events rise in the order of their commits. */
async function commit(p: ProducerPorts, from: FeedPosition, to: FeedPosition, events: readonly OcsfObject[], also: (tx: Queries) => Promise<void>): Promise<FeedPosition> {
  const nowMs = p.clock.nowMs();
  await p.db.transaction(async (tx) => {
    if (!(await moveFeed(tx, SIEM_FEED, from, to, nowMs))) throw new Error('another process follows the audit trail');
    for (let at = 0; at < events.length; at += INSERT) {
      const bodies = events.slice(at, at + INSERT).map((e) => JSON.stringify(e));
      await tx.run('insert into siem_events (made_ms, body) select $1, value from json_array_elements_text($2::json) with ordinality as t(value, n) order by n', [nowMs, JSON.stringify(bodies)]);
    }
    await also(tx);
  });
  return to;
}

const kept = z.object({ next_chunk: z.number(), requests: z.string() });

async function sessionOf(p: ProducerPorts, session: SessionId, loggedMs: number): Promise<{ known: number | undefined; reader: RecordingEvents } | undefined> {
  const recording = await p.db.first(z.object({ open_envelope: z.string() }), 'select open_envelope from recordings where session_id = $1', [session]);
  if (recording === undefined) return undefined;
  const open = parseOpen(payloadJson(parseEnvelope(recording.open_envelope, 'open')));
  const state = await p.db.first(kept, 'select next_chunk, requests from siem_sessions where session_id = $1', [session]);
  // Our own row: written by keepSession, never by anybody else.
  const requests = state === undefined ? [] : (JSON.parse(state.requests) as OpenRequest[]);
  return { known: state?.next_chunk, reader: new RecordingEvents({ emitter: p.emitter, open, loggedMs }, requests) };
}

async function keepSession(tx: Queries, session: SessionId, next: number, requests: readonly OpenRequest[]): Promise<void> {
  await tx.run('insert into siem_sessions (session_id, next_chunk, requests) values ($1,$2,$3) on conflict (session_id) do update set next_chunk = $2, requests = $3', [session, next, JSON.stringify(requests)]);
}

async function forgetSession(tx: Queries, session: SessionId): Promise<void> {
  await tx.run('delete from siem_sessions where session_id = $1', [session]);
}

/** The records of a chunk without what has been redacted since; or why it cannot be read, now and ever. */
async function recordsOf(p: ProducerPorts, session: SessionId, index: number): Promise<ReadRecord[] | string> {
  const gzip = await p.objects.get(objectKey(session, chunkName(index)));
  if (gzip === undefined) return 'the object store does not have it';
  const gone = new Set((await p.db.rows(z.object({ n: z.number(), field: z.string() }), 'select n, field from search_forgotten where session_id = $1', [session])).map((r) => `${r.n}/${r.field}`));
  try {
    const bytes = gunzipSync(gzip, { maxOutputLength: CHUNK_LIMIT_BYTES });
    const records: ReadRecord[] = [];
    for await (const r of readRecords(only(bytes), nodeSha256)) records.push({ ...r, fields: Object.fromEntries(Object.entries(r.fields).filter(([name]) => !gone.has(`${r.n}/${name}`))) });
    return records;
  } catch (error) {
    if (error instanceof MalformedError || (error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|ERR_BUFFER)/.test(error.code))) return `it cannot be read: ${messageOf(error)}`;
    throw error;
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}

/** A part that was taken and is not there any more is an alarm of its own. */
function lost(emitter: Emitter, f: AuditFact, part: Part, why: string): OcsfObject[] {
  const event = auditEvent(emitter, { ...f, action: 'security.verification_failed', detail: `chunk ${part.index ?? ''} of session ${part.session} was taken, and now ${why}` });
  return event === undefined ? [] : [event];
}
