/**
 * Saved searches: filters with a name. A shared one gives its filters to other auditors, never rights; to nobody else,
 * because filters tell whom somebody looks into.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { emptyReply, type SavedSearch, savedSearch, savedSearchBody, savedSearchList, savedSearchParams, searchFilters } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';

const PER_PERSON_MAX = 200;
const LIST_MAX = 500;

const text = z.string();
const row = z.object({ id: text, iss: text, sub: text, person: text, name: text, filters: text, shared: z.boolean(), created_ms: z.number(), updated_ms: z.number() });
const SELECT = 'select s.id, s.iss, s.sub, coalesce(p.name, s.sub) as person, s.name, s.filters, s.shared, s.created_ms, s.updated_ms from saved_searches s left join people p on p.iss = s.iss and p.sub = s.sub';

export function savedSearchRoutes(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/saved-searches',
    auth: 'user',
    action: 'search.saved.list',
    reply: json(savedSearchList),
    handler: (ctx) => ctx.commit('saved searches', async (tx) => ({ searches: (await tx.rows(row, `${SELECT} where (s.shared and $3) or (s.iss = $1 and s.sub = $2) order by s.name, s.id limit ${LIST_MAX}`, [ctx.user.iss, ctx.user.sub, ctx.user.roles.auditor])).map((r) => shown(r, ctx.user)) })),
  });
  route({
    ...none,
    method: 'POST',
    path: '/v1/saved-searches',
    auth: 'user',
    action: 'search.saved.create',
    body: savedSearchBody,
    reply: json(savedSearch),
    handler: (ctx) => {
      const id = randomUUID();
      return ctx.commit(id, (tx) => create(tx, ctx.user, { id, ...ctx.body, nowMs: ctx.clock.nowMs() }), { detail: JSON.stringify(ctx.body) });
    },
  });
  route({
    ...none,
    method: 'PUT',
    path: '/v1/saved-searches/:id',
    auth: 'user',
    action: 'search.saved.change',
    params: savedSearchParams,
    body: savedSearchBody,
    reply: json(savedSearch),
    handler: (ctx) => ctx.commit(ctx.params.id, (tx) => change(tx, ctx.user, { id: ctx.params.id, ...ctx.body, nowMs: ctx.clock.nowMs() }), { detail: JSON.stringify(ctx.body) }),
  });
  route({
    ...none,
    method: 'DELETE',
    path: '/v1/saved-searches/:id',
    auth: 'user',
    action: 'search.saved.delete',
    params: savedSearchParams,
    reply: json(emptyReply),
    handler: (ctx) =>
      ctx.commit(ctx.params.id, async (tx) => {
        const gone = await tx.run('delete from saved_searches where id = $1 and iss = $2 and sub = $3', [ctx.params.id, ctx.user.iss, ctx.user.sub]);
        if (gone === 0) throw notYours();
        return {};
      }),
  });
}

type Saving = z.output<typeof savedSearchBody> & { readonly id: string; readonly nowMs: number };

async function create(tx: Queries, user: User, s: Saving): Promise<SavedSearch> {
  const count = await tx.first(z.object({ n: z.number() }), 'select count(*)::int as n from saved_searches where iss = $1 and sub = $2', [user.iss, user.sub]);
  if ((count?.n ?? 0) >= PER_PERSON_MAX) throw new StoreError('conflict', `a person keeps at most ${PER_PERSON_MAX} searches`);
  await nameIsFree(tx, user, s);
  await tx.run('insert into saved_searches (id, iss, sub, name, filters, shared, created_ms, updated_ms) values ($1,$2,$3,$4,$5,$6,$7,$7)', [s.id, user.iss, user.sub, s.name, JSON.stringify(s.filters), s.shared, s.nowMs]);
  return saved(tx, user, s.id);
}

async function change(tx: Queries, user: User, s: Saving): Promise<SavedSearch> {
  await nameIsFree(tx, user, s);
  const changed = await tx.run('update saved_searches set name = $4, filters = $5, shared = $6, updated_ms = $7 where id = $1 and iss = $2 and sub = $3', [s.id, user.iss, user.sub, s.name, JSON.stringify(s.filters), s.shared, s.nowMs]);
  if (changed === 0) throw notYours();
  return saved(tx, user, s.id);
}

async function nameIsFree(tx: Queries, user: User, s: Saving): Promise<void> {
  const taken = await tx.first(z.object({ id: text }), 'select id from saved_searches where iss = $1 and sub = $2 and name = $3 and id <> $4', [user.iss, user.sub, s.name, s.id]);
  if (taken !== undefined) throw new StoreError('conflict', 'you have a search of this name');
}

async function saved(tx: Queries, user: User, id: string): Promise<SavedSearch> {
  const found = await tx.first(row, `${SELECT} where s.id = $1`, [id]);
  if (found === undefined) throw notYours();
  return shown(found, user);
}

/** Somebody else's search is told to be absent, shared or not: only its owner changes it. */
const notYours = (): StoreError => new StoreError('not_found', 'you have no such search');

const shown = (r: z.output<typeof row>, user: User): SavedSearch => ({
  id: r.id,
  name: r.name,
  filters: searchFilters.parse(JSON.parse(r.filters)),
  shared: r.shared,
  owner: { iss: r.iss, sub: r.sub, name: r.person },
  mine: r.iss === user.iss && r.sub === user.sub,
  created_ms: r.created_ms,
  updated_ms: r.updated_ms,
});
