/** Brings queued events to one receiver: in order, from its own cursor, by one process at a time. */
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import type { Database, Queries } from '../db/database.ts';
import { DeliveryError, type Sink } from './sink.ts';

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 5 * 60_000;
/** Of event bodies in one batch, so that memory stays bounded whatever the events are. */
const BATCH_BYTES = 4 * 1024 * 1024;

const sinkRow = z.object({ name: z.string(), seq: z.number(), delivered: z.number(), delivered_ms: z.number().nullable(), failures: z.number(), retry_ms: z.number(), last_error: z.string() });
export type SinkRow = z.output<typeof sinkRow>;
const columns = 'name, seq, delivered, delivered_ms, failures, retry_ms, last_error';

export interface SenderPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly name: string;
  readonly sink: Sink;
  /** Names of all receivers: what they all have is deleted. */
  readonly all: readonly string[];
  readonly onProblem: (message: string) => void;
}

/** A receiver that is new begins behind what is queued; the first ones of a store begin with the first event. */
export async function registerSinks(db: Database, names: readonly string[]): Promise<void> {
  for (const name of names) await db.run('insert into siem_sinks (name, seq) select $1, case when exists (select from siem_sinks) then (select coalesce(max(seq), 0) from siem_events) else 0 end on conflict do nothing', [name]);
}

export const sinkRows = (q: Queries): Promise<SinkRow[]> => q.rows(sinkRow, `select ${columns} from siem_sinks order by name`);

/** Sends one batch. True when there may be more; a number of milliseconds when it is to wait. */
export async function sendBatch(p: SenderPorts, signal: AbortSignal): Promise<boolean | number> {
  const at = await p.db.first(sinkRow, `select ${columns} from siem_sinks where name = $1`, [p.name]);
  if (at === undefined) {
    await registerSinks(p.db, [p.name]);
    return true;
  }
  const nowMs = p.clock.nowMs();
  if (at.retry_ms > nowMs) return at.retry_ms - nowMs;
  const limit = at.failures > 0 && at.last_error.startsWith(TOO_LARGE) ? Math.max(1, Math.floor(p.sink.batchEvents / 2 ** at.failures)) : p.sink.batchEvents;
  const events = await nextEvents(p.db, at.seq, limit);
  const last = events.at(-1);
  if (last === undefined) return false;
  try {
    await p.sink.deliver(events.map((e) => e.body), signal);
  } catch (error) {
    if (!(error instanceof DeliveryError) || signal.aborted) throw error;
    await failed(p, at, error);
    return true;
  }
  await p.db.run("update siem_sinks set seq = $3, delivered = delivered + $4, delivered_ms = $5, failures = 0, retry_ms = 0, last_error = '' where name = $1 and seq = $2", [p.name, at.seq, last.seq, events.length, p.clock.nowMs()]);
  if (at.failures > 0) p.onProblem(`store: siem ${p.name}: delivered again`);
  await prune(p.db, p.all);
  return true;
}

const TOO_LARGE = 'too large: ';

const eventRow = z.object({ seq: z.number(), body: z.string() });

/** In order, as many as fit; always one, however large. */
async function nextEvents(q: Queries, after: number, limit: number): Promise<z.output<typeof eventRow>[]> {
  return q.rows(
    eventRow,
    `select seq, body from (
       select seq, body, sum(octet_length(body)) over (order by seq) - octet_length(body) as before
       from (select seq, body from siem_events where seq > $1 order by seq limit $2) candidates) sized
     where before < $3 order by seq`,
    [after, limit, BATCH_BYTES],
  );
}

async function failed(p: SenderPorts, at: SinkRow, error: DeliveryError): Promise<void> {
  const failures = Math.min(at.failures + 1, 30);
  // A batch that is too large is halved at once; everything else waits longer each time.
  const waitMs = error.retryAfterMs ?? (error.tooLarge && failures < 12 ? 0 : Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_MAX_MS));
  const message = `${error.tooLarge ? TOO_LARGE : ''}${error.message}`.slice(0, 500);
  await p.db.run('update siem_sinks set failures = $2, retry_ms = $3, last_error = $4 where name = $1', [p.name, failures, p.clock.nowMs() + Math.min(waitMs, RETRY_MAX_MS), message]);
  if (at.failures === 0 || failures === 30) p.onProblem(`store: siem ${p.name}: ${message}; the events wait`);
}

/** Deletes what every receiver has. */
async function prune(db: Database, names: readonly string[]): Promise<void> {
  await db.run('delete from siem_events where seq <= (select min(seq) from siem_sinks where name in (select value from json_array_elements_text($1::json)))', [JSON.stringify(names)]);
}
