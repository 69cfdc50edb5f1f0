/** Statements lie in a partition for each month (UTC): a search reads the newest first and stops when its page is full. */
import { z } from 'zod';
import type { Database, Queries } from '../db/database.ts';

/** What is older has one partition for all of it: a device with a wrong clock must not make thousands. */
export const FIRST_MONTH_MS = Date.UTC(2020, 0);

export interface Month {
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

export function monthOf(ms: number): Month {
  if (ms < FIRST_MONTH_MS) return { fromMs: 0, toMs: FIRST_MONTH_MS };
  const d = new Date(ms);
  return { fromMs: Date.UTC(d.getUTCFullYear(), d.getUTCMonth()), toMs: Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1) };
}

const NAME = /^search_statements_y(\d{4,6})m(\d{2})$/;
const tableName = (month: Month): string => {
  const d = new Date(month.fromMs);
  return `search_statements_y${d.getUTCFullYear()}m${String(d.getUTCMonth() + 1).padStart(2, '0')}`;
};

/** Months that have a partition, newest first; the one before 2020 is always there. */
export async function monthsThere(q: Queries): Promise<Month[]> {
  const rows = await q.rows(z.object({ name: z.string() }), "select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'search_statements'::regclass");
  const months = rows.flatMap(({ name }) => {
    const match = NAME.exec(name);
    return match === null ? [] : [monthOf(Date.UTC(Number(match[1]), Number(match[2]) - 1))];
  });
  return [...months.sort((a, b) => b.fromMs - a.fromMs), monthOf(0)];
}

/**
 * Makes the partitions that are missing, each in a transaction of its own: that one waits for searches under way, and
 * nothing else should.
 */
export async function ensureMonths(db: Database, times: readonly number[]): Promise<void> {
  const wanted = new Map(times.map((ms) => [monthOf(ms).fromMs, monthOf(ms)]));
  wanted.delete(0);
  for (const { fromMs } of wanted.size === 0 ? [] : await monthsThere(db)) wanted.delete(fromMs);
  for (const month of wanted.values()) {
    // Numbers only: nothing of a recording is in this text.
    await db.transaction((tx) => tx.run(`create table if not exists ${tableName(month)} partition of search_statements for values from (${month.fromMs}) to (${month.toMs})`));
  }
}
