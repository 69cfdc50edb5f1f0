/** The audit trail for auditors, and live events for people. */
import { z } from 'zod';
import { type StoreEvent, auditList, auditQuery } from '../../contract/store/index.ts';
import { findApproval } from '../approvals/repository.ts';
import { isApprover, isRequester } from '../approvals/decide.ts';
import type { Database } from '../db/database.ts';
import { findDevice } from '../devices/repository.ts';
import { auditPage } from './audit-page.ts';
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
    handler: (ctx) => ctx.commit('audit', (tx) => auditPage(tx, ctx.query), { detail: () => JSON.stringify(ctx.query) }),
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

/** A session that was ended hears nothing more, whatever stream it had open. */
const isLive = async (db: Database, user: User): Promise<boolean> =>
  (await db.first(z.object({ one: z.number() }), 'select 1 as one from sessions where session_id = $1', [user.sessionId]).catch(() => undefined)) !== undefined;

/** People hear of their own requests and of those they may decide. A failed look-up tells nothing to nobody. */
async function concerns(db: Database, user: User, event: StoreEvent): Promise<boolean> {
  if (!(await isLive(db, user))) return false;
  if (event.type === 'hello' || event.type === 'policy') return true;
  if (event.type === 'device') {
    const device = await findDevice(db, event.device_id).catch(() => undefined);
    return device !== undefined && device.owner.iss === user.iss && device.owner.sub === user.sub;
  }
  if (user.may('recording.read', { own: false })) return true;
  if (event.type === 'recording') return false;
  const found = await findApproval(db, event.id).catch(() => undefined);
  return found !== undefined && (isRequester(found, user) || isApprover(found, user));
}
