/** Sessions of the store: 256 random bits, of which only the hash is kept. They can be listed and ended. */
import { z } from 'zod';
import { deviceId, storeSessionId, type StoreSession } from '../../contract/store/index.ts';
import { randomToken, sha256Hex } from '../crypto/keys.ts';
import type { Queries } from '../db/database.ts';
import { personRow } from './people.ts';

/** `browser` sessions live in a cookie, `service` ones belong to an agent or CI job that exchanged its token. */
export type SessionKind = 'bearer' | 'browser' | 'service';
const sessionKind = z.enum(['bearer', 'browser', 'service']);

/** `seen_ms` is written at most this often, so that reading does not mean writing. */
const SEEN_EVERY_MS = 60_000;

export interface NewSession {
  readonly iss: string;
  readonly sub: string;
  readonly kind: SessionKind;
  /** Digest of the token or assertion that proved the person. */
  readonly proofSha256: string;
  readonly address: string;
  readonly userAgent: string;
  readonly nowMs: number;
  readonly expiresMs: number;
  /** Name of the rule that let a service in. */
  readonly service?: string;
}

/** @returns the token; it is not stored and cannot be had again */
export async function openSession(tx: Queries, o: NewSession): Promise<string> {
  const token = `sps_${randomToken()}`;
  await tx.run(
    'insert into sessions (token_sha256, iss, sub, expires_ms, id_token_sha256, created_ms, kind, address, user_agent, service) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)',
    [sha256Hex(token), o.iss, o.sub, o.expiresMs, o.proofSha256, o.nowMs, o.kind, o.address, printable(o.userAgent), o.service ?? null],
  );
  return token;
}

/** A header that people will read in a list: no control characters, not long. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, ' ').slice(0, 300);

const sessionRow = personRow.extend({
  session_id: storeSessionId,
  session_kind: sessionKind,
  device_id: deviceId.nullable(),
  created_ms: z.number(),
  expires_ms: z.number(),
  seen_ms: z.number().nullable(),
  address: z.string(),
  user_agent: z.string(),
});
export type SessionRow = z.output<typeof sessionRow>;

const columns = `p.kind, p.iss, p.sub, p.name, p.groups, s.session_id, s.kind as session_kind, s.device_id, s.created_ms, s.expires_ms,
  s.seen_ms, s.address, s.user_agent from sessions s join people p on p.iss = s.iss and p.sub = s.sub`;

/** The session of a token, if it has not expired. */
export async function findSession(q: Queries, tokenSha256: string, nowMs: number): Promise<SessionRow | undefined> {
  return q.first(sessionRow, `select ${columns} where s.token_sha256 = $1 and s.expires_ms > $2`, [tokenSha256, nowMs]);
}

export async function markSeen(q: Queries, row: SessionRow, nowMs: number): Promise<void> {
  if (row.seen_ms !== null && nowMs - row.seen_ms < SEEN_EVERY_MS) return;
  await q.run('update sessions set seen_ms = $2 where session_id = $1', [row.session_id, nowMs]);
}

/** Live sessions, newest first. `owner` undefined: of everybody. */
export async function listSessions(q: Queries, owner: { iss: string; sub: string } | undefined, nowMs: number, currentId: string): Promise<StoreSession[]> {
  const rows = await q.rows(sessionRow, `select ${columns} where s.expires_ms > $1 and ($2::text is null or (s.iss = $2 and s.sub = $3)) order by s.created_ms desc limit 1000`, [
    nowMs,
    owner?.iss ?? null,
    owner?.sub ?? null,
  ]);
  return rows.map((r) => ({
    session_id: r.session_id,
    kind: r.session_kind,
    principal: { kind: r.kind, iss: r.iss, sub: r.sub, name: r.name, groups: r.groups },
    created_ms: r.created_ms,
    expires_ms: r.expires_ms,
    ...(r.seen_ms === null ? {} : { seen_ms: r.seen_ms }),
    address: r.address,
    user_agent: r.user_agent,
    ...(r.device_id === null ? {} : { device_id: r.device_id }),
    current: r.session_id === currentId,
  }));
}

/** Ends one session. @returns how many ended: 0 when it does not exist or is somebody else's than `owner` */
export async function endSession(tx: Queries, sessionId: string, owner: { iss: string; sub: string } | undefined): Promise<number> {
  return tx.run('delete from sessions where session_id = $1 and ($2::text is null or (iss = $2 and sub = $3))', [sessionId, owner?.iss ?? null, owner?.sub ?? null]);
}

/** Ends every session of a person but `except`. @returns how many ended */
export const endSessionsOf = (tx: Queries, person: { iss: string; sub: string }, except: string | undefined): Promise<number> =>
  tx.run('delete from sessions where iss = $1 and sub = $2 and ($3::text is null or session_id <> $3)', [person.iss, person.sub, except ?? null]);

/** Live sessions by the name of the service rule that let them in. */
export async function serviceSessions(q: Queries, nowMs: number): Promise<ReadonlyMap<string, number>> {
  const rows = await q.rows(z.object({ service: z.string(), n: z.number() }), 'select service, count(*)::integer as n from sessions where service is not null and expires_ms > $1 group by service', [nowMs]);
  return new Map(rows.map((r) => [r.service, r.n]));
}
