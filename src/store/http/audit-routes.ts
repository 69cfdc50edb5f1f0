/** The audit trail for auditors, and live events for people. */
import { z } from 'zod';
import { type StoreEvent, auditEntry, auditList, auditQuery } from '../../contract/store/index.ts';
import { findApproval } from '../approvals/repository.ts';
import { isApprover, isRequester } from '../approvals/decide.ts';
import type { Database } from '../db/database.ts';
import type { User } from './context.ts';
import { events, json, none, type Router } from './route.ts';

export function auditRoutes(route: Router): void {
  route({
    ...none,
    method: 'GET',
    path: '/v1/audit',
    auth: 'user',
    action: 'audit.read',
    query: auditQuery,
    reply: json(auditList),
    handler: (ctx) =>
      ctx.commit('audit', async (tx) => ({
        entries: await tx.rows(
          auditEntry.extend({ id: z.number() }),
          `select id, t_ms, iss, sub, device_id, address, action, object, outcome, detail from audit
           where ($1::text is null or action = $1) and ($2::bigint is null or t_ms >= $2) order by id desc limit $3`,
          [ctx.query.action ?? null, ctx.query.since_ms ?? null, ctx.query.limit],
        ),
      })),
  });
  route({
    ...none,
    method: 'GET',
    path: '/v1/events',
    auth: 'user',
    action: 'events.open',
    reply: events,
    handler: async (ctx) => {
      await ctx.commit('events', () => Promise.resolve());
      const { user, hub, db } = ctx;
      return {
        attach: (write) => {
          write({ type: 'hello' });
          return hub.subscribe((event) => {
            void concerns(db, user, event).then((yes) => {
              if (yes && ctx.clock.nowMs() < user.expiresMs) write(event);
            });
          });
        },
      };
    },
  });
}

/** People hear of their own requests and of those they may decide. A failed look-up tells nothing to nobody. */
async function concerns(db: Database, user: User, event: StoreEvent): Promise<boolean> {
  if (event.type === 'hello' || event.type === 'policy') return true;
  if (user.may('recording.read', { own: false })) return true;
  if (event.type === 'recording') return false;
  const found = await findApproval(db, event.id).catch(() => undefined);
  return found !== undefined && (isRequester(found, user) || isApprover(found, user));
}
