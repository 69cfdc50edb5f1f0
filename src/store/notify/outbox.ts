/** Messages that wait, in the database: each is taken by one process at a time, and stays until it was accepted or given up. */
import { z } from 'zod';
import type { Database, Queries } from '../db/database.ts';
import { notification, type Notification } from './notification.ts';

/** About two hours of tries in all. */
export const MAX_ATTEMPTS = 12;
const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 30 * 60_000;
/** A message that a process took and did not finish is free again after this time. */
const TAKEN_MS = 60_000;
/** How long what is over stays to be looked at. */
const KEEP_MS = 30 * 24 * 3_600_000;

export interface Waiting {
  readonly id: string;
  readonly attempts: number;
  readonly message: Notification;
}

const key = (channel: string, n: Notification): string => `${channel} ${n.id}`;

/** Adds a message for a channel; the same one again changes nothing. */
export async function enqueue(tx: Queries, channel: string, n: Notification, nowMs: number): Promise<string> {
  const id = key(channel, n);
  await tx.run('insert into notify_outbox (id, channel, kind, message, created_ms, due_ms) values ($1,$2,$3,$4,$5,$5) on conflict do nothing', [id, channel, n.kind, JSON.stringify(n), nowMs]);
  return id;
}

const taken = z.object({ id: z.string(), attempts: z.number(), message: z.string().transform((t) => notification.parse(JSON.parse(t))) });

/** The oldest message of the channel that is due; it is this process's for a minute. */
export async function take(db: Database, channel: string, nowMs: number): Promise<Waiting | undefined> {
  return db.first(
    taken,
    `update notify_outbox set taken_ms = $2, attempts = attempts + 1 where id = (
       select id from notify_outbox where channel = $1 and state = 'waiting' and due_ms <= $2 and taken_ms <= $3
       order by due_ms, id limit 1 for update skip locked)
     returning id, attempts, message`,
    [channel, nowMs, nowMs - TAKEN_MS],
  );
}

export async function markSent(q: Queries, id: string, nowMs: number): Promise<void> {
  await q.run("update notify_outbox set state = 'sent', sent_ms = $2, last_error = '', message = '' where id = $1", [id, nowMs]);
}

/** Too late to be of use: an approval that has expired. */
export async function markStale(q: Queries, id: string): Promise<void> {
  await q.run("update notify_outbox set state = 'stale', message = '' where id = $1", [id]);
}

/** @returns true when it was given up */
export async function markFailed(q: Queries, w: Waiting, error: string, nowMs: number): Promise<boolean> {
  const dead = w.attempts >= MAX_ATTEMPTS;
  const waitMs = Math.min(RETRY_FIRST_MS * 2 ** (w.attempts - 1), RETRY_MAX_MS);
  await q.run('update notify_outbox set state = $2, due_ms = $3, taken_ms = 0, last_error = $4 where id = $1', [w.id, dead ? 'dead' : 'waiting', nowMs + waitMs, error.slice(0, 500)]);
  return dead;
}

/** Sends what was given up once more. */
export async function revive(tx: Queries, channel: string | undefined, nowMs: number): Promise<string[]> {
  const rows = await tx.rows(z.object({ id: z.string() }), "update notify_outbox set state = 'waiting', attempts = 0, due_ms = $2, taken_ms = 0 where state = 'dead' and ($1::text is null or channel = $1) returning id", [channel ?? null, nowMs]);
  return rows.map((r) => r.id);
}

export async function forgetOldMessages(db: Database, nowMs: number): Promise<void> {
  await db.run("delete from notify_outbox where state <> 'waiting' and created_ms < $1", [nowMs - KEEP_MS]);
}

const counts = z.object({ waiting: z.number(), sent: z.number(), dead: z.number(), last_sent_ms: z.number().nullable(), last_error: z.string().nullable() });

export async function channelCounts(q: Queries, channel: string): Promise<z.output<typeof counts>> {
  const row = await q.first(
    counts,
    `select count(*) filter (where state = 'waiting')::integer as waiting, count(*) filter (where state = 'sent')::integer as sent,
       count(*) filter (where state = 'dead')::integer as dead, max(sent_ms) as last_sent_ms,
       (select last_error from notify_outbox where channel = $1 and last_error <> '' order by due_ms desc limit 1) as last_error
     from notify_outbox where channel = $1`,
    [channel],
  );
  return row ?? { waiting: 0, sent: 0, dead: 0, last_sent_ms: null, last_error: null };
}
