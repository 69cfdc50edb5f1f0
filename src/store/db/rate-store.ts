/** Counters of the rate limits in the database, so that a limit holds however many processes there are. */
import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import { BugError } from '../../base/errors.ts';
import type { Database, Queries } from './database.ts';

/** Longest window of any route: what is older is forgotten. */
const WINDOW_MS = 60_000;
const routeOptions = z.object({ routeInfo: z.object({ url: z.string() }) });
const row = z.object({ count: z.number(), started_ms: z.number() });

/** What `@fastify/rate-limit` takes as `store`. */
export function rateStore(db: Database, clock: Clock): FastifyRateLimitStoreCtor {
  const forRoute = (route: string): FastifyRateLimitStore => ({
    incr: (key, callback, windowMs) => {
      hit(db, `${route} ${key}`, clock.nowMs(), windowMs).then(
        (result) => callback(null, result),
        (error: unknown) => callback(error instanceof Error ? error : new BugError('counting failed')),
      );
    },
    // The library's types promise the path itself; what it hands over is the route.
    child: (options) => forRoute(routeOptions.parse(options).routeInfo.url),
  });
  return class implements FastifyRateLimitStore {
    readonly #own = forRoute('');
    incr(...args: Parameters<FastifyRateLimitStore['incr']>): void {
      this.#own.incr(...args);
    }
    child(options: Parameters<FastifyRateLimitStore['child']>[0]): FastifyRateLimitStore {
      return this.#own.child(options);
    }
  };
}

async function hit(db: Database, key: string, nowMs: number, windowMs: number): Promise<{ current: number; ttl: number }> {
  const found = await db.first(
    row,
    `insert into rate_windows as w (key, started_ms, count) values ($1, $2, 1)
     on conflict (key) do update set
       count = case when w.started_ms + $3 <= $2 then 1 else w.count + 1 end,
       started_ms = case when w.started_ms + $3 <= $2 then $2 else w.started_ms end
     returning count, started_ms`,
    [key.slice(0, 500), nowMs, windowMs],
  );
  if (found === undefined) throw new BugError('a counter was not stored');
  return { current: found.count, ttl: Math.max(0, found.started_ms + windowMs - nowMs) };
}

/** Forgets windows that have ended. Run by the sweeper. */
export async function forgetWindows(q: Queries, nowMs: number): Promise<void> {
  await q.run('delete from rate_windows where started_ms < $1', [nowMs - WINDOW_MS]);
}
