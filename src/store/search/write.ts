/** Writes what a chunk says into the index, in small transactions: a laptop's store answers others in between. */
import { z } from 'zod';
import { SHOWN_TEXT_CHARS } from '../../contract/store/index.ts';
import type { Database, Queries } from '../db/database.ts';
import type { Change, Folded, KnownText, StatementRow } from './fold.ts';
import { cut } from './fold-parts.ts';
import { type ChunkJob, done, stillMine } from './jobs.ts';
import type { Mark } from './marks.ts';
import { ensureMonths } from './months.ts';
import { indexedSession, type IndexedSession, sessionTags } from './session-row.ts';
import { tablesOf } from './tables.ts';
import { tag, type Tag, vectorText, wordsOf } from './words.ts';

/** Rows of one transaction. */
export const SLICE_ROWS = 200;

/** Of the texts that a chunk's records refer to, those that earlier chunks left. */
export async function knownTexts(q: Queries, session: string, numbers: readonly number[]): Promise<KnownText[]> {
  if (numbers.length === 0) return [];
  const row = z.object({ n: z.number(), parent: z.number().nullable(), sql: z.string(), verbs: z.string(), redacted: z.boolean() });
  const rows = await q.rows(
    row,
    'select t.n, t.parent, t.sql, t.verbs, t.redacted from search_texts t join search_sessions s on s.sid = t.sid where s.session_id = $1 and t.n in (select jsonb_array_elements_text($2::jsonb)::integer)',
    [session, JSON.stringify(numbers)],
  );
  return rows.map((r) => ({ n: r.n, parent: r.parent ?? undefined, sql: r.sql, verbs: z.array(z.string()).parse(JSON.parse(r.verbs)), redacted: r.redacted }));
}

/**
 * Writes all of it; doing it again changes nothing, so a process may die in between.
 * @param pause called between transactions
 * @returns false when the job was taken away, and this chunk is to be read anew
 */
export async function writeChunk(db: Database, job: ChunkJob, folded: Folded, pause: () => Promise<void>): Promise<boolean> {
  await ensureMonths(db, folded.statements.map((s) => s.atMs));
  const slices = Math.max(1, Math.ceil(folded.statements.length / SLICE_ROWS), Math.ceil(folded.marks.length / SLICE_ROWS), Math.ceil(folded.changes.length / SLICE_ROWS));
  for (let i = 0; i < slices; i++) {
    const slice = <T>(all: readonly T[]): readonly T[] => all.slice(i * SLICE_ROWS, (i + 1) * SLICE_ROWS);
    const mine = await db.transaction(async (tx) => {
      if (!(await stillMine(tx, job))) return false;
      const session = await indexedSession(tx, job.session_id);
      await insertStatements(tx, session, slice(folded.statements));
      await insertMarks(tx, session.sid, slice(folded.marks));
      for (const change of slice(folded.changes)) await applyChange(tx, session.sid, change);
      if (i === slices - 1) {
        await insertTexts(tx, session.sid, folded.texts);
        await done(tx, job, folded.firstN);
      }
      return true;
    });
    if (!mine) return false;
    if (i < slices - 1) await pause();
  }
  return true;
}

const rowTags = (s: StatementRow, tables: readonly string[]): Tag[] => [
  tag('decision', s.decision),
  ...s.policies.map((p) => tag('policy', p)),
  ...[...s.masked.keys()].map((c) => tag('data_class', c)),
  ...[...s.unmasked].map((c) => tag('unmasked', c)),
  ...s.verbs.map((v) => tag('verb', v)),
  ...tableTags(tables),
  ...(s.error === undefined ? [] : [tag('failed', '1')]),
];

/** A table is found by its whole name and by its last part. */
const tableTags = (tables: readonly string[]): Tag[] => tables.flatMap((t) => [tag('table', t), tag('table', t.slice(t.lastIndexOf('.') + 1))]);

/** A program runs one text thousands of times: it is read once. */
function once<T>(work: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const value = known.get(text) ?? work(text);
    known.set(text, value);
    return value;
  };
}

async function insertStatements(tx: Queries, session: IndexedSession, statements: readonly StatementRow[]): Promise<void> {
  if (statements.length === 0) return;
  const shared = sessionTags(session);
  const isSql = session.meta.protocol === 'postgres';
  const read = once((sql) => ({ tables: isSql ? tablesOf(sql) : [], words: wordsOf(sql) }));
  const rows = statements.map((s) => {
    const { tables, words } = read(s.sql);
    return {
      n: s.n,
      at_ms: s.atMs,
      offset_ms: s.offsetMs,
      decision: s.decision,
      shown: cut(s.sql, SHOWN_TEXT_CHARS),
      cut: s.cut,
      redacted: s.redacted,
      params: s.params,
      verbs: s.verbs,
      reason: s.reason,
      approval_id: s.approvalId ?? null,
      policies: s.policies,
      tables,
      masked: JSON.stringify([...s.masked]),
      unmasked: [...s.unmasked],
      answer_n: s.answerN ?? null,
      result_rows: s.rows ?? null,
      us: s.us ?? null,
      error: s.error ?? null,
      words: vectorText([s.sql, s.params], [...new Set([...shared, ...rowTags(s, tables)])], words),
    };
  });
  await tx.run(
    `insert into search_statements (sid, person, n, at_ms, offset_ms, decision, shown, cut, redacted, params, verbs, reason, approval_id, policies, tables, masked, unmasked, answer_n, result_rows, us, error, words)
     select $1, $2, r.n, r.at_ms, r.offset_ms, r.decision, r.shown, r.cut, r.redacted, r.params, r.verbs, r.reason, r.approval_id, r.policies, r.tables, r.masked, r.unmasked, r.answer_n, r.result_rows, r.us, r.error, r.words::tsvector
     from jsonb_to_recordset($3::jsonb) as r(n integer, at_ms bigint, offset_ms bigint, decision text, shown text, cut boolean, redacted boolean, params text, verbs text[], reason text,
       approval_id text, policies text[], tables text[], masked text, unmasked text[], answer_n integer, result_rows bigint, us bigint, error text, words text)
     on conflict do nothing`,
    [session.sid, session.person, JSON.stringify(rows)],
  );
}

async function insertMarks(tx: Queries, sid: number, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  const rows = marks.map((m) => ({ n: m.n, kind: m.kind, at_ms: m.atMs, offset_ms: m.offsetMs, statement: m.statement ?? null, shown: m.text, detail: JSON.stringify(m.detail) }));
  await tx.run(
    `insert into search_marks (sid, n, kind, at_ms, offset_ms, statement, shown, detail)
     select $1, r.n, r.kind, r.at_ms, r.offset_ms, r.statement, r.shown, r.detail
     from jsonb_to_recordset($2::jsonb) as r(n integer, kind text, at_ms bigint, offset_ms bigint, statement integer, shown text, detail text) on conflict do nothing`,
    [sid, JSON.stringify(rows)],
  );
}

async function insertTexts(tx: Queries, sid: number, texts: readonly KnownText[]): Promise<void> {
  if (texts.length === 0) return;
  const rows = texts.map((t) => ({ n: t.n, parent: t.parent ?? null, sql: t.sql, verbs: JSON.stringify(t.verbs), redacted: t.redacted }));
  await tx.run(
    `insert into search_texts (sid, n, parent, sql, verbs, redacted)
     select $1, r.n, r.parent, r.sql, r.verbs, r.redacted from jsonb_to_recordset($2::jsonb) as r(n integer, parent integer, sql text, verbs text, redacted boolean) on conflict do nothing`,
    [sid, JSON.stringify(rows)],
  );
}

const current = z.object({ at_ms: z.number(), masked: z.string(), answer_n: z.number().nullable(), result_rows: z.number().nullable(), us: z.number().nullable() });
const maskedList = z.array(z.tuple([z.string(), z.number()]));
export const parseMasked = (json: string): [string, number][] => maskedList.parse(JSON.parse(json));

/** An answer or a decision that came in a later chunk than its statement. */
async function applyChange(tx: Queries, sid: number, c: Change): Promise<void> {
  const row = await tx.first(current, 'select at_ms, masked, answer_n, result_rows, us from search_statements where sid = $1 and n = $2 for update', [sid, c.n]);
  if (row === undefined) return;
  const tags: Tag[] = [];
  if (c.decision !== undefined) {
    tags.push(tag('decision', c.decision));
    const old = ['allow', 'held', 'denied', 'approved'].filter((d) => d !== c.decision).map((d) => tag('decision', d));
    await tx.run(
      'update search_statements set decision = $4, words = ts_delete(words, array(select jsonb_array_elements_text($5::jsonb))) where sid = $1 and n = $2 and at_ms = $3',
      [sid, c.n, row.at_ms, c.decision, JSON.stringify(old)],
    );
  }
  for (const p of c.policies ?? []) tags.push(tag('policy', p));
  // What was counted before must not be counted again when a chunk is written twice.
  const fresh = c.answerN !== undefined && (row.answer_n === null || row.answer_n < c.answerN);
  const masked = new Map(parseMasked(row.masked));
  if (fresh) for (const [id, cells] of c.masked) masked.set(id, (masked.get(id) ?? 0) + cells);
  for (const id of masked.keys()) tags.push(tag('data_class', id));
  for (const id of c.unmasked) tags.push(tag('unmasked', id));
  if (c.error !== undefined) tags.push(tag('failed', '1'));
  const sum = (old: number | null, more: number | undefined): number | null => (fresh && more !== undefined ? (old ?? 0) + more : old);
  await tx.run(
    `update search_statements set reason = coalesce($4, reason), approval_id = coalesce($5, approval_id),
       policies = case when $6::jsonb is null then policies else array(select jsonb_array_elements_text($6::jsonb)) end,
       masked = $7, answer_n = $8, result_rows = $9, us = $10, error = coalesce($11, error),
       unmasked = array(select u from (select unnest(unmasked) as u union select jsonb_array_elements_text($13::jsonb)) both_of order by u), words = words || $12::tsvector
     where sid = $1 and n = $2 and at_ms = $3`,
    [sid, c.n, row.at_ms, c.reason ?? null, c.approvalId ?? null, c.policies === undefined ? null : JSON.stringify(c.policies), JSON.stringify([...masked]), fresh ? (c.answerN ?? null) : row.answer_n, sum(row.result_rows, c.rows), sum(row.us, c.us), c.error ?? null, vectorText([], tags), JSON.stringify([...c.unmasked])],
  );
}
