/**
 * Finds matching rows newest first, month by month, and stops when it has enough or its time is over. Each step is
 * bounded, so a search that matches nothing among very many rows ends with what it has and a place to go on from.
 */
import { z } from 'zod';
import type { Queries } from '../db/database.ts';
import type { Place } from './cursor.ts';
import { type Asked, conditions, Params } from './filters.ts';
import { type Month, monthsThere } from './months.ts';

/** A search answers with what it has after this time; who asks goes on from there, and can stop. */
export const SEARCH_TIME_MS = 120;
/** Rows that one step reads where no index helps: some 10 ms, so that the time limit holds. */
export const WINDOW_ROWS = 4_000;

const key = z.object({ at_ms: z.number(), sid: z.number(), n: z.number() });
const foundRow = key.extend({ person: z.number(), decision: z.string(), policies: z.array(z.string()), tables: z.array(z.string()), verbs: z.array(z.string()), masked: z.string() });
export type FoundRow = z.output<typeof foundRow>;

export interface ScanResult {
  readonly rows: readonly FoundRow[];
  /** Set when time ended before everything was read: all that is newer was. */
  readonly stoppedAt: Place | undefined;
}

const END: Place = { atMs: Number.MAX_SAFE_INTEGER, sid: 0, n: 0 };

/** @param after where the page before ended */
export async function scan(q: Queries, a: Asked, o: { after: Place | undefined; limit: number; nowMs: () => number }): Promise<ScanResult> {
  const rows: FoundRow[] = [];
  const deadline = o.nowMs() + SEARCH_TIME_MS;
  const before = o.after ?? END;
  const windowed = a.contains !== undefined && !(await hasTrigrams(q, a.contains));
  for (const month of await monthsThere(q)) {
    if (month.fromMs >= a.toMs || month.toMs <= a.fromMs || month.fromMs > before.atMs) continue;
    const stoppedAt = await scanMonth(q, a, month, { before, rows, limit: o.limit, windowed, late: () => o.nowMs() > deadline });
    if (stoppedAt !== undefined) return { rows, stoppedAt };
    if (rows.length >= o.limit) break;
  }
  return { rows, stoppedAt: undefined };
}

interface MonthScan {
  readonly before: Place;
  readonly rows: FoundRow[];
  readonly limit: number;
  readonly windowed: boolean;
  readonly late: () => boolean;
}

async function scanMonth(q: Queries, a: Asked, month: Month, s: MonthScan): Promise<Place | undefined> {
  let before = s.before;
  for (;;) {
    const until = s.windowed ? await windowEnd(q, a, month, before) : undefined;
    s.rows.push(...(await step(q, a, month, { before, until, limit: s.limit - s.rows.length })));
    if (s.rows.length >= s.limit) return undefined;
    const end = until ?? { atMs: Math.max(month.fromMs, a.fromMs), sid: 0, n: 0 };
    if (s.late()) return end;
    if (until === undefined) return undefined;
    before = until;
  }
}

/** `before` (exclusive) and `until` (inclusive) are places in the order newest first. */
async function step(q: Queries, a: Asked, month: Month, o: { before: Place; until: Place | undefined; limit: number }): Promise<FoundRow[]> {
  const params = new Params();
  const where = [...range(a, month, o.before, params), ...conditions(a, params)];
  if (o.until !== undefined) where.push(`(at_ms, sid, n) >= (${place(o.until, params)})`);
  return q.rows(
    foundRow,
    `select at_ms, sid, n, person, decision, policies, tables, verbs, masked from search_statements where ${where.join(' and ')} order by at_ms desc, sid desc, n desc limit ${params.add(o.limit)}`,
    params.values,
  );
}

/** The last row of the next window; undefined when the month ends before it. */
function windowEnd(q: Queries, a: Asked, month: Month, before: Place): Promise<Place | undefined> {
  const params = new Params();
  const where = range(a, month, before, params).join(' and ');
  return q.first(
    key.transform((k): Place => ({ atMs: k.at_ms, sid: k.sid, n: k.n })),
    `select at_ms, sid, n from search_statements where ${where} order by at_ms desc, sid desc, n desc offset ${params.add(WINDOW_ROWS - 1)} limit 1`,
    params.values,
  );
}

function range(a: Asked, month: Month, before: Place, params: Params): string[] {
  const from = Math.max(month.fromMs, a.fromMs);
  const to = Math.min(month.toMs, a.toMs);
  const all = [`at_ms >= ${params.add(from)}`, `at_ms < ${params.add(to)}`];
  if (before.atMs < to) all.push(`(at_ms, sid, n) < (${place(before, params)})`);
  return all;
}

const place = (p: Place, params: Params): string => `${params.add(p.atMs)}, ${params.add(p.sid)}, ${params.add(p.n)}`;

const THREE_IN_A_ROW = /[\p{L}\p{N}]{3}/u;

/** Whether an index of trigrams is there, and the text has any. */
async function hasTrigrams(q: Queries, contains: string): Promise<boolean> {
  return THREE_IN_A_ROW.test(contains) && (await trigramIndex(q));
}

export async function trigramIndex(q: Queries): Promise<boolean> {
  const row = await q.first(z.object({ there: z.boolean() }), "select exists (select from pg_class where relname = 'search_statements_text' and relkind = 'I') as there");
  return row?.there === true;
}
