/** For load balancers and orchestrators: does the process live, and can it serve. They say nothing of anybody. */
import { z } from 'zod';
import { messageOf } from '../../base/errors.ts';
import { healthReply } from '../../contract/store/index.ts';
import type { Database } from '../db/database.ts';
import { StoreError } from '../http/errors.ts';
import { json, none, type Router } from '../http/route.ts';
import type { ObjectStore } from '../storage/objects.ts';

const LIVE = '/healthz';
const READY = '/readyz';
/** A part that takes longer is not ready: the balancer asks again. */
const READY_MS = 3_000;

export const isProbe = (url: string): boolean => url === LIVE || url === READY;

export function healthRoutes(route: Router, parts: { readonly db: Database; readonly objects: ObjectStore }): void {
  route({
    ...none,
    method: 'GET',
    path: LIVE,
    auth: 'public',
    action: 'health.live',
    reply: json(healthReply),
    handler: (ctx) => {
      ctx.unaudited();
      return Promise.resolve({ status: 'ok' as const });
    },
  });
  route({
    ...none,
    method: 'GET',
    path: READY,
    auth: 'public',
    action: 'health.ready',
    reply: json(healthReply),
    handler: async (ctx) => {
      ctx.unaudited();
      await inTime('the database', parts.db.first(z.object({ one: z.number() }), 'select 1 as one'));
      await inTime('the object storage', parts.objects.check());
      return { status: 'ok' as const };
    },
  });
}

/** @throws StoreError unavailable, which names the part and no address */
async function inTime(what: string, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${READY_MS} ms`)), READY_MS);
  });
  try {
    await Promise.race([work, late]);
  } catch (cause) {
    throw new StoreError('unavailable', `${what} cannot be used now`, { cause: messageOf(cause) });
  } finally {
    clearTimeout(timer);
  }
}
