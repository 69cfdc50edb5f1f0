/** Locks that all processes of the store share. They end with their transaction, also when its process is killed. */
import { z } from 'zod';
import type { Queries } from './database.ts';

/** First half of the key: keeps these apart from other advisory locks of the same database. */
const SPACE = 7_235_002;

/** Waits until no other transaction holds the lock `name`. */
export async function lockFor(tx: Queries, name: string): Promise<void> {
  await tx.run('select pg_advisory_xact_lock($1::integer, hashtext($2))', [SPACE, name]);
}

/** Takes the lock `name` unless another transaction holds it: for work that only one process should do at a time. */
export async function tryLockFor(tx: Queries, name: string): Promise<boolean> {
  const row = await tx.first(z.object({ taken: z.boolean() }), 'select pg_try_advisory_xact_lock($1::integer, hashtext($2)) as taken', [SPACE, name]);
  return row?.taken === true;
}
