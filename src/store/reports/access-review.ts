/** Who used which target in the period, in which groups, how much, and first and last: what a reviewer confirms or takes away. */
import { z } from 'zod';
import type { ReportQuery } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import { metaJson } from '../search/session-row.ts';
import { number, ROW_LIMIT, SCOPE, scopeParams, type Table, text, time, withinLimit } from './scope.ts';

const row = z.object({
  iss: z.string(),
  sub: z.string(),
  name: z.string(),
  connection: z.string(),
  metas: z.array(metaJson),
  sessions: z.number(),
  statements: z.number(),
  denied: z.number(),
  approved: z.number(),
  first_ms: z.number(),
  last_ms: z.number(),
  classes: z.array(z.string()),
});

export async function accessReview(q: Queries, query: ReportQuery): Promise<Table> {
  const rows = await q.rows(
    row,
    `with used as (
       select sid, count(*)::int as statements, count(*) filter (where decision = 'denied')::int as denied, count(*) filter (where decision = 'approved')::int as approved,
         min(at_ms) as first_ms, max(at_ms) as last_ms
       from search_statements where at_ms >= $1 and at_ms < $2 group by sid),
     there as (
       select coalesce(u.sid, s.sid) as sid, coalesce(u.statements, 0) as statements, coalesce(u.denied, 0) as denied, coalesce(u.approved, 0) as approved,
         least(u.first_ms, case when s.opened_ms >= $1 and s.opened_ms < $2 then s.opened_ms end) as first_ms, coalesce(u.last_ms, s.opened_ms) as last_ms
       from search_sessions s left join used u on u.sid = s.sid where u.sid is not null or (s.opened_ms >= $1 and s.opened_ms < $2)),
     masked as (
       select e.sid, array_agg(distinct c.value->>0) as classes from search_statements e, jsonb_array_elements(e.masked::jsonb) c where e.at_ms >= $1 and e.at_ms < $2 and e.masked <> '[]' group by e.sid)
     select p.iss, p.sub, p.name, s.connection, array_agg(distinct s.meta) as metas, count(*)::int as sessions, sum(t.statements)::int as statements, sum(t.denied)::int as denied,
       sum(t.approved)::int as approved, min(t.first_ms) as first_ms, max(t.last_ms) as last_ms,
       coalesce((select array_agg(distinct x) from unnest(string_to_array(string_agg(array_to_string(m.classes, e'\\x1f'), e'\\x1f'), e'\\x1f')) x), '{}') as classes
     from there t join search_sessions s on s.sid = t.sid join search_people p on p.id = s.person left join masked m on m.sid = t.sid
     where ${SCOPE} group by p.iss, p.sub, p.name, s.connection order by p.sub, p.iss, s.connection limit ${ROW_LIMIT}`,
    scopeParams(query),
  );
  return {
    columns: [text('subject', 'Person'), text('name', 'Name'), text('issuer', 'Issuer'), text('target', 'Target'), text('labels', 'Labels'), text('groups', 'Groups'), number('sessions', 'Sessions'), number('statements', 'Statements'), number('denied', 'Denied'), number('approved', 'Approved'), text('classes', 'Masked classes'), time('first', 'First use'), time('last', 'Last use')],
    rows: withinLimit(rows).map((r) => [r.sub, r.name, r.iss, r.connection, labelsOf(r), unique(r.metas.flatMap((m) => m.groups)), r.sessions, r.statements, r.denied, r.approved, r.classes.join(', '), r.first_ms, r.last_ms]),
    notes: ['A row is a person and a target that was used: a session was opened, or a statement sent, in the period. Groups are those of the sign-in when each session opened. Rights that nobody used are not in it.'],
  };
}

const unique = (list: readonly string[]): string => [...new Set(list)].sort().join(', ').slice(0, 10_000);
const labelsOf = (r: z.output<typeof row>): string => unique(r.metas.flatMap((m) => Object.entries(m.labels).map(([k, v]) => `${k}=${v}`)));
