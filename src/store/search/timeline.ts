/** A session in the order of its records, from the index: where its statements, decisions, approvals and masks stand. */
import { z } from 'zod';
import type { SessionId } from '../../base/ids.ts';
import { approvalId, searchDecisions, type TimelineEvent, type timelineReply } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import { markDetail, markKinds } from './marks.ts';
import { parseMasked } from './write.ts';

const TEXT_CHARS = 500;

const text = z.string();
const int = z.number();
const statementRow = z.object({
  n: int,
  at_ms: int,
  offset_ms: int,
  shown: text,
  decision: searchDecisions,
  reason: text,
  approval_id: approvalId.nullable(),
  policies: z.array(text),
  masked: text,
  answer_n: int.nullable(),
  result_rows: int.nullable(),
  us: int.nullable(),
  error: text.nullable(),
});
const markRow = z.object({ n: int, kind: markKinds, at_ms: int, offset_ms: int, statement: int.nullable(), shown: text, detail: text.transform((t) => markDetail.parse(JSON.parse(t))) });
type StatementRow = z.output<typeof statementRow>;
type MarkRow = z.output<typeof markRow>;
type Event = Omit<TimelineEvent, 'chunk'>;

/** Events of records after `after`, of at most `limit` statements and `limit` marks. */
export async function timeline(q: Queries, session: SessionId, o: { after: number; limit: number }): Promise<z.output<typeof timelineReply>> {
  const sid = await sidOf(q, session);
  const statements = await statementsOf(q, sid, 'n > $2', [o.after, o.limit + 1]);
  const marks = await q.rows(markRow, 'select n, kind, at_ms, offset_ms, statement, shown, detail from search_marks where sid = $1 and n > $2 order by n, kind limit $3', [sid, o.after, o.limit + 1]);
  // Both lists end somewhere; what lies beyond the nearer end comes with the next page.
  const ends = [statements, marks].flatMap((rows) => (rows.length > o.limit ? [(rows.at(-1)?.n ?? 0) - 1] : []));
  const end = ends.length === 0 ? undefined : Math.min(...ends);
  const within = (r: { n: number }): boolean => end === undefined || r.n <= end;
  const chunks = await chunkStarts(q, session);
  const events = [...statements.filter(within).flatMap(eventsOfStatement), ...marks.filter(within).map(eventOfMark)].sort((a, b) => a.n - b.n);
  return { session_id: session, events: placed(events, chunks.starts), ...(end === undefined ? {} : { next_after: end }), complete: chunks.complete };
}

/** All that belongs to one statement. */
export async function eventsAbout(q: Queries, session: SessionId, n: number): Promise<TimelineEvent[]> {
  const sid = await sidOf(q, session);
  const statements = await statementsOf(q, sid, 'n = $2', [n, 1]);
  const marks = await q.rows(markRow, 'select n, kind, at_ms, offset_ms, statement, shown, detail from search_marks where sid = $1 and statement = $2 order by n, kind limit 400', [sid, n]);
  const events = [...statements.flatMap(eventsOfStatement), ...marks.map(eventOfMark)].sort((a, b) => a.n - b.n);
  return placed(events, (await chunkStarts(q, session)).starts);
}

/** -1 while nothing of the session is indexed. */
export async function sidOf(q: Queries, session: SessionId): Promise<number> {
  return (await q.first(z.object({ sid: int }), 'select sid from search_sessions where session_id = $1', [session]))?.sid ?? -1;
}

const statementsOf = (q: Queries, sid: number, where: string, [bound, limit]: readonly [number, number]): Promise<StatementRow[]> =>
  q.rows(
    statementRow,
    `select n, at_ms, offset_ms, left(shown, ${TEXT_CHARS}) as shown, decision, reason, approval_id, policies, masked, answer_n, result_rows, us, error
     from search_statements where sid = $1 and ${where} order by n limit $3`,
    [sid, bound, limit],
  );

function eventsOfStatement(r: StatementRow): Event[] {
  const at = { t_ms: r.at_ms, offset_ms: r.offset_ms, statement: r.n };
  const approval = r.approval_id === null ? {} : { approval_id: r.approval_id };
  const answer = { ...(r.result_rows === null ? {} : { rows: r.result_rows }), ...(r.us === null ? {} : { us: r.us }), ...(r.error === null ? {} : { error: r.error }) };
  const events: Event[] = [{ ...at, n: r.n, kind: 'statement', text: r.shown, decision: r.decision, policy_ids: r.policies, ...approval, ...answer }];
  if (r.decision !== 'allow') events.push({ ...at, n: r.n, kind: 'decision', text: r.reason.slice(0, TEXT_CHARS), decision: r.decision, policy_ids: r.policies, ...approval });
  const masked = parseMasked(r.masked).map(([data_class, cells]) => ({ data_class, cells }));
  if (masked.length > 0) events.push({ ...at, n: r.answer_n ?? r.n, kind: 'mask', text: '', masked });
  if (r.error !== null) events.push({ ...at, n: r.answer_n ?? r.n, kind: 'error', text: '', error: r.error });
  return events;
}

function eventOfMark(r: MarkRow): Event {
  const { decision, approval_id, phase, by } = r.detail;
  return {
    n: r.n,
    kind: r.kind,
    t_ms: r.at_ms,
    offset_ms: r.offset_ms,
    text: r.shown,
    ...(r.statement === null ? {} : { statement: r.statement }),
    ...(decision === undefined ? {} : { decision }),
    ...(approval_id === undefined ? {} : { approval_id }),
    ...(phase === undefined ? {} : { phase }),
    ...(by === undefined ? {} : { by }),
  };
}

/** First record of each indexed chunk, and whether that is all of them. */
async function chunkStarts(q: Queries, session: SessionId): Promise<{ starts: { idx: number; firstN: number }[]; complete: boolean }> {
  const rows = await q.rows(z.object({ idx: int, state: text, first_n: int.nullable() }), 'select idx, state, first_n from search_chunks where session_id = $1 order by idx', [session]);
  return { starts: rows.flatMap((r) => (r.first_n === null ? [] : [{ idx: r.idx, firstN: r.first_n }])), complete: rows.every((r) => r.state === 'done') };
}

function placed(events: readonly Event[], starts: readonly { idx: number; firstN: number }[]): TimelineEvent[] {
  let at = 0;
  return events.map((e) => {
    while ((starts[at + 1]?.firstN ?? Infinity) <= e.n) at++;
    return { ...e, chunk: starts[at]?.idx ?? 0 };
  });
}
