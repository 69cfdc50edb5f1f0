import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { freshDatabase } from '../../testing/database-of.ts';
import { emptyDatabase } from '../../testing/empty-database.ts';
import { FakeClock } from '../../testing/evidence-session.ts';
import { emitter } from '../../testing/ocsf-samples.ts';
import { startPostgres } from '../../testing/postgres-server.ts';
import type { Database } from '../db/database.ts';
import { openPostgres } from '../db/postgres.ts';
import { postgresUrl } from '../db/postgres-url.ts';
import { type AuditNote, writeAudit } from '../http/context.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { feedLag, feedPosition, readFeed } from './feed.ts';
import { produce, queued, SIEM_FEED } from './producer.ts';
import { registerSinks, sendBatch, sinkRows } from './sender.ts';
import { DeliveryError, type Sink } from './sink.ts';
import { takeLease } from './worker.ts';

let db: Database;
const T = 1_780_000_000_000;
const never = new AbortController().signal;
const LOCAL = { user: undefined, device: undefined, address: 'local' };
const note = (object: string): AuditNote => ({ action: 'store.start', object, outcome: 'ok' });
const audit = (object: string): Promise<void> => writeAudit(db, T, LOCAL, note(object));
const noObjects: ObjectStore = {
  putNew: () => Promise.reject(new Error('not here')),
  replace: () => Promise.reject(new Error('not here')),
  get: () => Promise.resolve(undefined),
  list: () => Promise.resolve([]),
  check: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  removeEarlier: () => Promise.resolve(),
};
const clock = new FakeClock(T, 0);
const ports = (maxQueue = 1_000): Parameters<typeof produce>[0] => ({ db, objects: noObjects, clock, emitter, start: 'beginning', maxQueue });
const objects = async (): Promise<string[]> => (await db.rows(z.object({ body: z.string() }), 'select body from siem_events order by seq')).map((r) => (JSON.parse(r.body) as { resources: { uid: string }[] }).resources[0]?.uid ?? '');

/** Takes batches and remembers them; refuses while `fail` says so. */
function memorySink(fail: (bodies: readonly string[]) => DeliveryError | undefined = () => undefined, batchEvents = 100): Sink & { readonly got: string[][] } {
  const got: string[][] = [];
  return {
    got,
    batchEvents,
    deliver: (bodies) => {
      const error = fail(bodies);
      if (error !== undefined) return Promise.reject(error);
      got.push(bodies.map((b) => (JSON.parse(b) as { metadata: { uid: string } }).metadata.uid));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
const sender = (sink: Sink, name = 's', all = [name]): Parameters<typeof sendBatch>[0] => ({ db, clock, name, sink, all, onProblem: () => undefined });

async function onServer(): Promise<{ db: Database; remove: () => Promise<void> }> {
  const server = await startPostgres();
  const made = await openPostgres({ connection: postgresUrl(await freshDatabase(server)), connections: 5, onProblem: () => undefined });
  return {
    db: made,
    remove: async () => {
      await made.close();
      await server.stop();
    },
  };
}

describe.each([['PGlite', emptyDatabase], ['PostgreSQL', onServer]] as const)('on %s', (name, open) => {
  let opened: { readonly db: Database; readonly remove: () => Promise<void> };
  beforeAll(async () => {
    opened = await open();
    ({ db } = opened);
  });
  afterAll(() => opened.remove());
  beforeEach(async () => {
    for (const table of ['audit', 'feed_cursors', 'worker_leases', 'siem_events', 'siem_sinks']) await db.run(`delete from ${table}`);
  });

  describe('the feed', () => {
    it('starts at the beginning or now, gives rows in order, and says how far it is behind', async () => {
      await audit('a');
      const now = await feedPosition(db, 'now', 'now', T);
      await audit('b');
      const all = await feedPosition(db, 'all', 'beginning', T);
      expect((await readFeed(db, all, 10)).map((r) => r.fact.object)).toEqual(['a', 'b']);
      expect((await readFeed(db, now, 10)).map((r) => r.fact.object)).toEqual(['b']);
      expect(await feedLag(db, 'all', T + 5_000)).toEqual({ rows: 2, ageMs: 5_000 });
      expect(await feedLag(db, 'nobody', T)).toBeUndefined();
    });

    it('does not pass a row that was given its id earlier and is committed later', async () => {
      const at = await feedPosition(db, 'all', 'beginning', T);
      const objectsNow = async (): Promise<string[]> => (await readFeed(db, at, 10)).map((r) => r.fact.object);
      await db.transaction(async (tx) => {
        await writeAudit(tx, T, LOCAL, note('early'));
        // On another connection, while this transaction is open. The embedded database has one connection only.
        if (name === 'PostgreSQL') {
          await audit('late');
          expect(await objectsNow()).toEqual([]);
        }
      });
      if (name === 'PGlite') await audit('late');
      expect(await objectsNow()).toEqual(['early', 'late']);
    });
  });

  describe('the producer', () => {
    it('makes each event once, also when it is run twice at the same time', async () => {
      for (let i = 0; i < 20; i++) await audit(`o${i}`);
      await Promise.allSettled([produce(ports()), produce(ports())]);
      await produce(ports());
      expect(await objects()).toEqual(Array.from({ length: 20 }, (_, i) => `o${i}`));
    });

    it('stops while receivers are too far behind, and loses nothing', async () => {
      for (let i = 0; i < 5; i++) await audit(`a${i}`);
      await produce(ports(5));
      for (let i = 0; i < 5; i++) await audit(`b${i}`);
      await produce(ports(5));
      expect(await queued(db)).toBe(5);
      await db.run('delete from siem_events');
      await produce(ports(5));
      expect(await objects()).toEqual(Array.from({ length: 5 }, (_, i) => `b${i}`));
      expect(await feedLag(db, SIEM_FEED, T)).toMatchObject({ rows: 0 });
    });
  });

  describe('the sender', () => {
    it('goes on from its own place, and deletes only what every receiver has', async () => {
      const [a, b] = [memorySink(), memorySink()];
      await registerSinks(db, ['a', 'b']);
      for (let i = 0; i < 3; i++) await audit(`o${i}`);
      await produce(ports());
      expect(await sendBatch(sender(a, 'a', ['a', 'b']), never)).toBe(true);
      expect(await queued(db)).toBe(3);
      await sendBatch(sender(b, 'b', ['a', 'b']), never);
      expect(await queued(db)).toBe(0);
      expect(await sendBatch(sender(a, 'a', ['a', 'b']), never)).toBe(false);
      expect(b.got).toEqual(a.got);
      expect(a.got.flat()).toHaveLength(3);
    });

    it('sends the same batch again after a failure, later each time, and says so in its row', async () => {
      let failing = true;
      const sink = memorySink(() => (failing ? new DeliveryError('no route') : undefined));
      await registerSinks(db, ['s']);
      await audit('o');
      await produce(ports());
      await sendBatch(sender(sink), never);
      const wait = await sendBatch(sender(sink), never);
      expect(wait).toBe(1_000);
      expect(await sinkRows(db)).toMatchObject([{ failures: 1, last_error: 'no route', delivered: 0 }]);
      clock.advance(1_000);
      await sendBatch(sender(sink), never);
      expect(await sendBatch(sender(sink), never)).toBe(2_000);
      failing = false;
      clock.advance(2_000);
      await sendBatch(sender(sink), never);
      expect(sink.got.flat()).toHaveLength(1);
      expect(await sinkRows(db)).toMatchObject([{ failures: 0, last_error: '', delivered: 1 }]);
    });

    it('makes batches smaller for a receiver that finds them too large', async () => {
      const sink = memorySink((bodies) => (bodies.length > 3 ? new DeliveryError('413', { tooLarge: true }) : undefined));
      await registerSinks(db, ['s']);
      for (let i = 0; i < 20; i++) await audit(`o${i}`);
      await produce(ports());
      for (let step = 0; step < 60; step++) await sendBatch(sender(sink), never);
      expect(sink.got.flat()).toHaveLength(20);
      expect(new Set(sink.got.flat()).size).toBe(20);
    });

    it('bounds a batch by its bytes as well', async () => {
      const sink = memorySink();
      await registerSinks(db, ['s']);
      const large = JSON.stringify({ metadata: { uid: 'x' }, text: 'y'.repeat(3 * 1024 * 1024) });
      for (let i = 0; i < 3; i++) await db.run('insert into siem_events (made_ms, body) values ($1, $2)', [T, large]);
      await sendBatch(sender(sink), never);
      expect(sink.got.map((b) => b.length)).toEqual([2]);
    });
  });

  it('a lease is held by one, kept by asking again, and free when it has run out', async () => {
    expect(await takeLease(db, 'w', T, 'one')).toBe(true);
    expect(await takeLease(db, 'w', T + 10_000, 'two')).toBe(false);
    expect(await takeLease(db, 'w', T + 20_000, 'one')).toBe(true);
    expect(await takeLease(db, 'w', T + 40_000, 'two')).toBe(false);
    expect(await takeLease(db, 'w', T + 60_000, 'two')).toBe(true);
  });
});
