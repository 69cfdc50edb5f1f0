/** People, agents and CI jobs as their sign-in described them. */
import { z } from 'zod';
import type { WirePrincipal } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';

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
