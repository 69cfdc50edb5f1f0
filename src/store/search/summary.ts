/** A session at a glance: its open statement, how far the store has it, and what the index counted. */
import { z } from 'zod';
import type { SessionSummary } from '../../contract/store/index.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import { parseOpen } from '../../evidence/statements.ts';
import type { Queries } from '../db/database.ts';
import type { RecordingRow } from '../recordings/repository.ts';
import { sidOf } from './timeline.ts';
import { parseMasked } from './write.ts';
import { cut } from './fold-parts.ts';

const TABLES_MAX = 50;
const CLASSES_MAX = 200;

const int = z.number();
const text = z.string();
const countsRow = z.object({ statements: int, allow: int, held: int, denied: int, approved: int, failed: int, rows: int });

export async function summary(q: Queries, r: RecordingRow): Promise<SessionSummary> {
  const open = parseOpen(payloadJson(parseEnvelope(r.open_envelope, 'open')));
  const sid = await sidOf(q, r.session_id);
  const counts = await q.first(
    countsRow,
    `select count(*)::int as statements, count(*) filter (where decision = 'allow')::int as allow, count(*) filter (where decision = 'held')::int as held,
       count(*) filter (where decision = 'denied')::int as denied, count(*) filter (where decision = 'approved')::int as approved,
       count(*) filter (where error is not null)::int as failed, coalesce(sum(result_rows), 0)::float8 as rows from search_statements where sid = $1`,
    [sid],
  );
  const gaps = await q.first(z.object({ n: int }), "select count(*)::int as n from search_marks where sid = $1 and kind = 'gap'", [sid]);
  const tables = await q.rows(z.object({ value: text, count: int }), `select t as value, count(*)::int as count from search_statements, unnest(tables) t where sid = $1 group by t order by 2 desc, 1 limit ${TABLES_MAX}`, [sid]);
  const chunks = await q.first(z.object({ n: int }), "select count(*)::int as n from search_chunks where session_id = $1 and state = 'done'", [r.session_id]);
  const name = await q.first(z.object({ name: text }), 'select name from people where iss = $1 and sub = $2', [r.iss, r.sub]);
  return {
    session_id: r.session_id,
    state: r.state,
    person: { iss: r.iss, sub: r.sub, name: cut(name?.name ?? r.sub, 255) },
    groups: open.user.groups.slice(0, 500).map((g) => cut(g, 255)),
    device_id: r.device_id,
    device_seq: r.device_seq,
    connection: cut(r.connection, 255),
    protocol: cut(r.protocol, 50),
    database: cut(open.target.database, 255),
    labels: Object.fromEntries(Object.entries(open.target.labels).slice(0, 500)),
    client: { kind: cut(open.client.kind, 20), program: cut(open.client.program, 255), address: cut(open.client.address, 255) },
    policy: { name: cut(open.policy.name, 255), serial: open.policy.serial, bundle_sha256: cut(open.policy.bundle_sha256, 100) },
    recording_level: cut(open.recording_level, 50),
    opened_ms: r.opened_ms,
    ...(r.closed_ms === null ? {} : { closed_ms: r.closed_ms }),
    chunks: r.chunks,
    size: r.size,
    root: r.root,
    bytes: r.bytes,
    counts: { ...(counts ?? { statements: 0, allow: 0, held: 0, denied: 0, approved: 0, failed: 0, rows: 0 }), gaps: gaps?.n ?? 0 },
    masked: await maskedIn(q, sid),
    tables,
    indexed_chunks: chunks?.n ?? 0,
  };
}

async function maskedIn(q: Queries, sid: number): Promise<SessionSummary['masked']> {
  // Equal lists come together: a session masks the same few columns again and again.
  const rows = await q.rows(z.object({ masked: text, n: int }), "select masked, count(*)::int as n from search_statements where sid = $1 and masked <> '[]' group by masked limit 10000", [sid]);
  const cells = new Map<string, number>();
  for (const r of rows) for (const [id, n] of parseMasked(r.masked)) cells.set(id, (cells.get(id) ?? 0) + n * r.n);
  return [...cells]
    .sort((a, b) => b[1] - a[1])
    .slice(0, CLASSES_MAX)
    .map(([data_class, count]) => ({ data_class, cells: count }));
}
