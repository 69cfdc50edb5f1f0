/** Legal hold: while one stands, nothing is removed from a recording, by nobody. */
import { z } from 'zod';
import type { SessionId } from '../../base/ids.ts';
import type { legalHold } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { appendToLog, logStatement } from '../log/append.ts';
import { findRecording } from '../recordings/repository.ts';

export type Hold = z.output<typeof legalHold>;

const row = z.object({
  reason: z.string(),
  iss: z.string(),
  sub: z.string(),
  name: z.string(),
  placed_ms: z.number(),
  released_iss: z.string().nullable(),
  released_sub: z.string().nullable(),
  released_name: z.string().nullable(),
  released_ms: z.number().nullable(),
  release_reason: z.string().nullable(),
});

export const isHeld = async (q: Queries, session: SessionId): Promise<boolean> => (await q.first(z.object({ one: z.number() }), 'select 1 as one from legal_holds where session_id = $1 and released_ms is null', [session])) !== undefined;

/** All holds that there were, newest first. */
export async function holdsOf(q: Queries, session: SessionId): Promise<Hold[]> {
  const rows = await q.rows(row, 'select reason, iss, sub, name, placed_ms, released_iss, released_sub, released_name, released_ms, release_reason from legal_holds where session_id = $1 order by id desc', [session]);
  return rows.map((r) => {
    const hold = { reason: r.reason, placed_by: { iss: r.iss, sub: r.sub, name: r.name }, placed_ms: r.placed_ms };
    if (r.released_ms === null) return hold;
    return { ...hold, released_by: { iss: r.released_iss ?? '', sub: r.released_sub ?? '', name: r.released_name ?? '' }, released_ms: r.released_ms, release_reason: r.release_reason ?? '' };
  });
}

/** Locks the recording, so that no deletion or redaction that has begun passes by the hold. */
async function locked(tx: Queries, session: SessionId): Promise<void> {
  if ((await findRecording(tx, session, true)) === undefined) throw new StoreError('not_found', 'no such recording');
}

export async function placeHold(tx: Queries, o: { session: SessionId; reason: string; user: User; nowMs: number }): Promise<void> {
  await locked(tx, o.session);
  if (await isHeld(tx, o.session)) throw new StoreError('conflict', 'the recording is under legal hold already');
  await tx.run('insert into legal_holds (session_id, reason, iss, sub, name, placed_ms) values ($1,$2,$3,$4,$5,$6)', [o.session, o.reason, o.user.iss, o.user.sub, o.user.name, o.nowMs]);
  await logged(tx, o, 'placed');
}

export async function releaseHold(tx: Queries, o: { session: SessionId; reason: string; user: User; nowMs: number }): Promise<void> {
  await locked(tx, o.session);
  const changed = await tx.run('update legal_holds set released_iss = $2, released_sub = $3, released_name = $4, released_ms = $5, release_reason = $6 where session_id = $1 and released_ms is null', [o.session, o.user.iss, o.user.sub, o.user.name, o.nowMs, o.reason]);
  if (changed !== 1) throw new StoreError('conflict', 'the recording is not under legal hold');
  await logged(tx, o, 'released');
}

/** Who held and released what is in the log, so that a hold cannot be lifted without a trace. Reasons stay in the database. */
const logged = (tx: Queries, o: { session: SessionId; user: User; nowMs: number }, hold: 'placed' | 'released'): Promise<unknown> =>
  appendToLog(tx, { kind: 'hold', envelope: logStatement('hold', o.nowMs, { session_id: o.session, hold, by: { iss: o.user.iss, sub: o.user.sub } }), tMs: o.nowMs });
