/** People as sign-in saw them, and their sessions of the store. */
import { z } from 'zod';
import type { Queries } from '../db/database.ts';
import { randomToken, sha256Hex } from '../crypto/keys.ts';
import type { WirePrincipal } from '../../contract/store/index.ts';

/** Groups are kept as JSON text. */
export const groupsText = z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text)));

export const personRow = z.object({ kind: z.enum(['User', 'Agent']), iss: z.string(), sub: z.string(), name: z.string(), groups: groupsText });

/** Remembers who signed in, with the groups of this sign-in. */
export async function rememberPerson(tx: Queries, p: WirePrincipal, nowMs: number): Promise<void> {
  await tx.run(
    `insert into people (iss, sub, kind, name, groups, seen_ms) values ($1,$2,$3,$4,$5,$6)
     on conflict (iss, sub) do update set kind = $3, name = $4, groups = $5, seen_ms = $6`,
    [p.iss, p.sub, p.kind, p.name, JSON.stringify(p.groups), nowMs],
  );
}

export async function personOf(q: Queries, iss: string, sub: string): Promise<WirePrincipal | undefined> {
  return q.first(personRow, 'select kind, iss, sub, name, groups from people where iss = $1 and sub = $2', [iss, sub]);
}

/** Opens a session: 256 random bits, of which only the hash is kept. */
export async function openSession(tx: Queries, o: { iss: string; sub: string; idTokenSha256: string; nowMs: number; expiresMs: number }): Promise<string> {
  const token = `sps_${randomToken()}`;
  await tx.run('insert into sessions (token_sha256, iss, sub, expires_ms, id_token_sha256, created_ms) values ($1,$2,$3,$4,$5,$6)', [
    sha256Hex(token),
    o.iss,
    o.sub,
    o.expiresMs,
    o.idTokenSha256,
    o.nowMs,
  ]);
  return token;
}

const sessionRow = personRow.extend({ expires_ms: z.number() });
export type SessionRow = z.output<typeof sessionRow>;

export async function findSession(q: Queries, tokenSha256: string): Promise<SessionRow | undefined> {
  return q.first(
    sessionRow,
    'select p.kind, p.iss, p.sub, p.name, p.groups, s.expires_ms from sessions s join people p on p.iss = s.iss and p.sub = s.sub where s.token_sha256 = $1',
    [tokenSha256],
  );
}
