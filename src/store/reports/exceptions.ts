/** What was not an ordinary permitted statement: stopped, held, approved; shown unmasked; break-glass; gaps; sessions without a proper end. */
import { z } from 'zod';
import type { ReportQuery } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import { ROW_LIMIT, SCOPE, scopeParams, type Table, text, time, withinLimit } from './scope.ts';

const STATEMENT_CHARS = 1_000;

const row = z.object({ at_ms: z.number(), kind: z.string(), sub: z.string(), name: z.string(), connection: z.string(), session_id: z.string(), n: z.number().nullable(), shown: z.string(), reason: z.string(), policies: z.string(), approval: z.string() });

export async function exceptions(q: Queries, query: ReportQuery, nowMs: number): Promise<Table> {
  const rows = await q.rows(
    row,
    `select * from (
       select e.at_ms, e.decision as kind, p.sub, p.name, s.connection, s.session_id, e.n, left(e.shown, ${STATEMENT_CHARS}) as shown, e.reason, array_to_string(e.policies, ', ') as policies, coalesce(e.approval_id, '') as approval
       from search_statements e join search_sessions s on s.sid = e.sid join search_people p on p.id = s.person
       where e.at_ms >= $1 and e.at_ms < $2 and e.words @@ '''=d:held'' | ''=d:denied'' | ''=d:approved'''::tsquery and ${SCOPE}
       union all
       select e.at_ms, 'shown unmasked', p.sub, p.name, s.connection, s.session_id, e.n, left(e.shown, ${STATEMENT_CHARS}), 'policy lets this person see ' || array_to_string(e.unmasked, ', ') || ' in clear', array_to_string(e.policies, ', '), coalesce(e.approval_id, '')
       from search_statements e join search_sessions s on s.sid = e.sid join search_people p on p.id = s.person
       where e.at_ms >= $1 and e.at_ms < $2 and e.words @@ '''=u:'':*'::tsquery and ${SCOPE}
       union all
       select m.at_ms, case when m.kind = 'gap' then 'gap in the recording' else 'break-glass' end, p.sub, p.name, s.connection, s.session_id, m.n, '', m.shown, '', ''
       from search_marks m join search_sessions s on s.sid = m.sid join search_people p on p.id = s.person
       where m.at_ms >= $1 and m.at_ms < $2 and (m.kind = 'gap' or (m.kind = 'note' and m.shown like 'break-glass:%')) and ${SCOPE}
       union all
       select r.opened_ms, case when r.state = 'recovered' then 'ended without a close' else 'never closed' end, p.sub, p.name, s.connection, s.session_id, null, '', case when r.state = 'recovered' then 'the device recovered it after a crash' else 'open for more than a day' end, '', ''
       from recordings r join search_sessions s on s.session_id = r.session_id join search_people p on p.id = s.person
       where r.opened_ms >= $1 and r.opened_ms < $2 and (r.state = 'recovered' or (r.state = 'open' and r.opened_ms < $5)) and ${SCOPE}
     ) found order by at_ms, session_id, n limit ${ROW_LIMIT}`,
    [...scopeParams(query), nowMs - 86_400_000],
  );
  return {
    columns: [time('time', 'Time'), text('kind', 'What'), text('subject', 'Person'), text('name', 'Name'), text('target', 'Target'), text('statement', 'Statement (masked)'), text('reason', 'Reason'), text('policies', 'Policies'), text('approval', 'Approval'), text('reference', 'Reference')],
    rows: withinLimit(rows).map((r) => [r.at_ms, r.kind, r.sub, r.name, r.connection, r.shown, r.reason, r.policies, r.approval, r.n === null ? r.session_id : `${r.session_id}/${r.n}`]),
    notes: ['Statements that were denied, that waited for approval, or that ran with one; answers that showed a data class in clear because policy permits it; sessions under break-glass rules; gaps that a recording itself declares; sessions that a device recovered after a crash, or that have been open for more than a day.'],
  };
}
