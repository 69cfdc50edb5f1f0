/**
 * The audit trail as a feed: every row once, in an order in which no row can appear behind the reader. Row ids alone
 * would not do: an id is given before its transaction commits, so a smaller one may become visible later. Rows are
 * read by the number of their transaction, and only those below every transaction that is still running.
 */
import { z } from 'zod';
import type { AuditFact } from '../../evidence/ocsf-audit.ts';
import type { Database, Queries } from '../db/database.ts';

/** After the row with this transaction and id. */
export interface FeedPosition {
  /** xid8 as text. */
  readonly txid: string;
  readonly id: number;
}

export interface FeedRow {
  readonly position: FeedPosition;
  readonly fact: AuditFact;
}

const groups = z.string().nullable().transform((t) => (t === null ? undefined : z.array(z.string()).parse(JSON.parse(t))));
const row = z.object({
  txid: z.string(),
  id: z.number(),
  t_ms: z.number(),
  iss: z.string(),
  sub: z.string(),
  name: z.string().nullable(),
  groups,
  device_id: z.string(),
  address: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: z.enum(['ok', 'refused']),
  detail: z.string(),
});

/** At most `limit` rows after `after`, oldest first, with the person's name as the store knows it now. */
export async function readFeed(q: Queries, after: FeedPosition, limit: number): Promise<FeedRow[]> {
  const rows = await q.rows(
    row,
    `select a.txid::text as txid, a.id, a.t_ms, a.iss, a.sub, p.name, p.groups, a.device_id, a.address, a.action, a.object, a.outcome, a.detail
     from audit a left join people p on p.iss = a.iss and p.sub = a.sub
     where (a.txid, a.id) > ($1::xid8, $2::bigint) and a.txid < pg_snapshot_xmin(pg_current_snapshot())
     order by a.txid, a.id limit $3`,
    [after.txid, after.id, limit],
  );
  return rows.map((r) => ({
    position: { txid: r.txid, id: r.id },
    fact: {
      id: r.id,
      tMs: r.t_ms,
      iss: r.iss,
      sub: r.sub,
      ...(r.name === null ? {} : { name: r.name }),
      ...(r.groups === undefined ? {} : { groups: r.groups }),
      deviceId: r.device_id,
      address: r.address,
      action: r.action,
      object: r.object,
      outcome: r.outcome,
      detail: r.detail,
    },
  }));
}

const cursor = z.object({ txid: z.string(), id: z.number() });

/** Where the reader `name` stands; a new one begins at the beginning or behind everything that is there. */
export async function feedPosition(db: Database, name: string, start: 'beginning' | 'now', nowMs: number): Promise<FeedPosition> {
  const found = await db.first(cursor, 'select txid, id from feed_cursors where name = $1', [name]);
  if (found !== undefined) return found;
  const first = start === 'beginning' ? "'0'" : 'pg_snapshot_xmin(pg_current_snapshot())::text';
  await db.run(`insert into feed_cursors (name, txid, id, moved_ms) select $1, ${first}, 0, $2 on conflict do nothing`, [name, nowMs]);
  return feedPosition(db, name, start, nowMs);
}

/** Moves the reader on. False when somebody else has moved it: the caller's transaction must then change nothing. */
export async function moveFeed(tx: Queries, name: string, from: FeedPosition, to: FeedPosition, nowMs: number): Promise<boolean> {
  const changed = await tx.run('update feed_cursors set txid = $4, id = $5, moved_ms = $6 where name = $1 and txid = $2 and id = $3', [name, from.txid, from.id, to.txid, to.id, nowMs]);
  return changed === 1;
}

/** How far the reader is behind: rows that wait for it, and the age of the oldest. */
export async function feedLag(q: Queries, name: string, nowMs: number): Promise<{ rows: number; ageMs: number } | undefined> {
  const at = await q.first(cursor, 'select txid, id from feed_cursors where name = $1', [name]);
  if (at === undefined) return undefined;
  const lag = await q.first(z.object({ n: z.number(), t_ms: z.number().nullable() }), 'select count(*)::integer as n, min(t_ms) as t_ms from (select t_ms from audit where (txid, id) > ($1::xid8, $2::bigint) order by txid, id limit 10000) waiting', [at.txid, at.id]);
  return { rows: lag?.n ?? 0, ageMs: lag?.t_ms === null || lag === undefined ? 0 : Math.max(0, nowMs - lag.t_ms) };
}
