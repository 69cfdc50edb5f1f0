/** What each person did on each day (UTC). */
import { z } from 'zod';
import type { ReportQuery } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import { number, ROW_LIMIT, SCOPE, scopeParams, type Table, text, withinLimit } from './scope.ts';

const int = z.number();
const row = z.object({ day: int, iss: z.string(), sub: z.string(), name: z.string(), sessions: int, targets: z.string(), statements: int, allow: int, held: int, denied: int, approved: int, failed: int, rows: int, masked: int });

export async function activity(q: Queries, query: ReportQuery): Promise<Table> {
  const rows = await q.rows(
    row,
    `select (e.at_ms / 86400000)::int as day, p.iss, p.sub, p.name, count(distinct e.sid)::int as sessions, string_agg(distinct s.connection, ', ' order by s.connection) as targets, count(*)::int as statements,
       count(*) filter (where e.decision = 'allow')::int as allow, count(*) filter (where e.decision = 'held')::int as held, count(*) filter (where e.decision = 'denied')::int as denied,
       count(*) filter (where e.decision = 'approved')::int as approved, count(*) filter (where e.error is not null)::int as failed, coalesce(sum(e.result_rows), 0)::float8 as rows,
       count(*) filter (where e.masked <> '[]')::int as masked
     from search_statements e join search_sessions s on s.sid = e.sid join search_people p on p.id = s.person
     where e.at_ms >= $1 and e.at_ms < $2 and ${SCOPE} group by 1, 2, 3, 4 order by 1, 3, 2 limit ${ROW_LIMIT}`,
    scopeParams(query),
  );
  return {
    columns: [text('day', 'Day (UTC)'), text('subject', 'Person'), text('name', 'Name'), text('issuer', 'Issuer'), number('sessions', 'Sessions'), text('targets', 'Targets'), number('statements', 'Statements'), number('allow', 'Allowed'), number('approved', 'Approved'), number('held', 'Held'), number('denied', 'Denied'), number('failed', 'Failed'), number('rows', 'Rows'), number('masked', 'Statements with masked values')],
    rows: withinLimit(rows).map((r) => [new Date(r.day * 86_400_000).toISOString().slice(0, 10), r.sub, r.name, r.iss, r.sessions, r.targets.slice(0, 10_000), r.statements, r.allow, r.approved, r.held, r.denied, r.failed, r.rows, r.masked]),
    notes: ['A statement counts on the day that it was sent, by the clock of the device. Days without statements have no row.'],
  };
}
