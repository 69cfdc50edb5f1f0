/** Rows of the index as hits, in the order of the places given. */
import { z } from 'zod';
import { type SearchHit, deviceId, recordingStates, searchDecisions, sessionId, approvalId } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import { highlightsOf, type Term } from './ask.ts';
import type { Place } from './cursor.ts';
import { metaJson } from './session-row.ts';
import { parseMasked } from './write.ts';

const text = z.string();
const row = z.object({
  sid: z.number(),
  n: z.number(),
  at_ms: z.number(),
  offset_ms: z.number(),
  chunk: z.number().nullable(),
  session_id: sessionId,
  iss: text,
  sub: text,
  name: text,
  device_id: deviceId,
  connection: text,
  client: text,
  meta: metaJson,
  state: recordingStates,
  shown: text,
  cut: z.boolean(),
  redacted: z.boolean(),
  params: text,
  verbs: z.array(text),
  decision: searchDecisions,
  reason: text,
  approval_id: approvalId.nullable(),
  policies: z.array(text),
  tables: z.array(text),
  masked: text,
  unmasked: z.array(text),
  result_rows: z.number().nullable(),
  us: z.number().nullable(),
  error: text.nullable(),
});

export async function hitsAt(q: Queries, places: readonly Place[], marks: { terms: readonly Term[]; contains: string | undefined }): Promise<SearchHit[]> {
  if (places.length === 0) return [];
  const rows = await q.rows(
    row,
    `select e.sid, e.n, e.at_ms, e.offset_ms, s.session_id, p.iss, p.sub, p.name, s.device_id, s.connection, s.client, s.meta, r.state,
       e.shown, e.cut, e.redacted, e.params, e.verbs, e.decision, e.reason, e.approval_id, e.policies, e.tables, e.masked, e.unmasked, e.result_rows, e.us, e.error,
       (select max(c.idx) from search_chunks c where c.session_id = s.session_id and c.first_n <= e.n) as chunk
     from jsonb_to_recordset($1::jsonb) as k(at_ms bigint, sid bigint, n integer)
     join search_statements e on e.sid = k.sid and e.n = k.n and e.at_ms = k.at_ms
     join search_sessions s on s.sid = e.sid join search_people p on p.id = e.person join recordings r on r.session_id = s.session_id
     order by e.at_ms desc, e.sid desc, e.n desc`,
    [JSON.stringify(places.map((p) => ({ at_ms: p.atMs, sid: p.sid, n: p.n })))],
  );
  return rows.map((r) => ({
    id: `${r.session_id}/${r.n}`,
    session_id: r.session_id,
    n: r.n,
    t_ms: r.at_ms,
    offset_ms: r.offset_ms,
    chunk: r.chunk ?? 0,
    person: { iss: r.iss, sub: r.sub, name: r.name },
    groups: r.meta.groups,
    device_id: r.device_id,
    connection: r.connection,
    protocol: r.meta.protocol,
    database: r.meta.database,
    labels: r.meta.labels,
    client: r.client,
    recording_state: r.state,
    statement: r.shown,
    truncated: r.cut,
    redacted: r.redacted,
    params: r.params,
    highlights: highlightsOf(r.shown, marks.terms, marks.contains),
    verbs: r.verbs,
    decision: r.decision,
    reason: r.reason,
    ...(r.approval_id === null ? {} : { approval_id: r.approval_id }),
    policy_ids: r.policies,
    tables: r.tables,
    masked: parseMasked(r.masked).map(([data_class, cells]) => ({ data_class, cells })),
    unmasked: r.unmasked,
    ...(r.result_rows === null ? {} : { rows: r.result_rows }),
    ...(r.us === null ? {} : { us: r.us }),
    ...(r.error === null ? {} : { error: r.error }),
  }));
}

export async function placeOfStatement(q: Queries, session: string, n: number): Promise<Place | undefined> {
  return q.first(
    z.object({ at_ms: z.number(), sid: z.number() }).transform((r): Place => ({ atMs: r.at_ms, sid: r.sid, n })),
    'select e.at_ms, e.sid from search_statements e join search_sessions s on s.sid = e.sid where s.session_id = $1 and e.n = $2',
    [session, n],
  );
}
