import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { emptyDatabase } from '../../testing/empty-database.ts';
import type { Database } from '../db/database.ts';
import type { Notification } from './notification.ts';
import { channelCounts, enqueue, forgetOldMessages, markFailed, markSent, MAX_ATTEMPTS, revive, take } from './outbox.ts';

let db: Database;
let opened: { readonly db: Database; readonly remove: () => Promise<void> };
beforeAll(async () => {
  opened = await emptyDatabase();
  ({ db } = opened);
});
afterAll(() => opened.remove());
beforeEach(async () => {
  await db.run('delete from notify_outbox');
});

const T = 1_780_000_000_000;
const dueRow = z.object({ due_ms: z.number() });
const message = (id: string): Notification => ({ id, kind: 'test', t_ms: T, object: 'test', by: 'somebody', detail: '' });

it('keeps a message once, however often it is added, and each channel has its own', async () => {
  for (let i = 0; i < 3; i++) await enqueue(db, 'a', message('m1'), T + i);
  await enqueue(db, 'b', message('m1'), T);
  expect([(await channelCounts(db, 'a')).waiting, (await channelCounts(db, 'b')).waiting]).toEqual([1, 1]);
});

it('gives a message to one taker at a time, in order, and again when that one does not come back', async () => {
  for (const id of ['m1', 'm2', 'm3']) await enqueue(db, 'a', message(id), T);
  const first = await Promise.all([take(db, 'a', T), take(db, 'a', T), take(db, 'a', T), take(db, 'a', T)]);
  expect(first.map((w) => w?.message.id).sort()).toEqual(['m1', 'm2', 'm3', undefined]);
  await markSent(db, first[0]!.id, T);
  expect(await take(db, 'a', T + 59_000)).toBeUndefined();
  expect(await take(db, 'a', T + 61_000)).toMatchObject({ attempts: 2 });
});

it('waits longer after each failure, gives up after the last, and starts anew when asked', async () => {
  await enqueue(db, 'a', message('m1'), T);
  let now = T;
  const waits: number[] = [];
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const w = await take(db, 'a', now);
    expect(w?.attempts).toBe(attempt);
    expect(await markFailed(db, w!, `no ${attempt}`, now)).toBe(attempt === MAX_ATTEMPTS);
    if (attempt === MAX_ATTEMPTS) break;
    const before = now;
    now = (await db.first(dueRow, 'select due_ms from notify_outbox'))!.due_ms;
    expect(await take(db, 'a', now - 1)).toBeUndefined();
    waits.push(now - before);
  }
  expect(waits).toEqual([...waits].sort((x, y) => x - y));
  expect(waits.at(-1)).toBe(30 * 60_000);
  expect(await take(db, 'a', now + 24 * 3_600_000)).toBeUndefined();
  expect(await channelCounts(db, 'a')).toMatchObject({ waiting: 0, dead: 1, last_error: `no ${MAX_ATTEMPTS}` });
  expect(await revive(db, 'b', now)).toEqual([]);
  expect(await revive(db, 'a', now)).toEqual(['a m1']);
  expect(await take(db, 'a', now)).toMatchObject({ attempts: 1 });
});

it('forgets what is over after a month, and never what waits', async () => {
  await enqueue(db, 'a', message('old'), T);
  await enqueue(db, 'a', message('waiting'), T);
  await markSent(db, 'a old', T);
  await forgetOldMessages(db, T + 40 * 24 * 3_600_000);
  expect(await channelCounts(db, 'a')).toMatchObject({ waiting: 1, sent: 0 });
});
