/** Each approval of the period: what was asked, who decided and why, and what became of the statement. */
import { z } from 'zod';
import type { ReportQuery } from '../../contract/store/index.ts';
import type { Queries } from '../db/database.ts';
import { parseApprovalDecision, parseApprovalRequest } from '../../evidence/approval.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import { number, ROW_LIMIT, scopeParams, type Table, text, time, withinLimit } from './scope.ts';

const STATEMENT_CHARS = 1_000;

const row = z.object({ id: z.string(), request: z.string(), state: z.string(), reason: z.string(), created_ms: z.number(), closed_ms: z.number().nullable(), envelopes: z.array(z.string()), n: z.number().nullable(), session_id: z.string(), ran: z.string(), result_rows: z.number().nullable(), error: z.string().nullable() });

export async function approvals(q: Queries, query: ReportQuery): Promise<Table> {
  const rows = await q.rows(
    row,
    `select a.id, a.request, a.state, a.reason, a.created_ms, a.closed_ms, a.session_id, e.n, coalesce(e.decision, '') as ran, e.result_rows, e.error,
       coalesce((select array_agg(d.envelope order by d.seq) from decisions d where d.approval_id = a.id), '{}') as envelopes
     from approvals a left join people p on p.iss = a.iss and p.sub = a.sub left join search_sessions s on s.session_id = a.session_id
       left join lateral (select x.n, x.decision, x.result_rows, x.error from search_statements x where x.sid = s.sid and x.approval_id = a.id order by x.n limit 1) e on true
     where a.created_ms >= $1 and a.created_ms < $2 and ($3::text is null or lower(a.sub) = lower($3) or lower(p.name) = lower($3)) and ($4::text is null or s.connection = $4)
     order by a.created_ms, a.id limit ${ROW_LIMIT}`,
    scopeParams(query),
  );
  return {
    columns: [time('asked', 'Asked'), text('subject', 'Requester'), text('target', 'Target'), text('statement', 'Statement (masked)'), text('why', 'Held because'), text('policies', 'Policies'), number('quorum', 'Approvals needed'), text('state', 'Outcome'), text('decided', 'Decided by'), time('closed', 'Closed'), text('ran', 'In the recording'), number('rows', 'Rows'), text('error', 'Error'), text('id', 'Approval'), text('reference', 'Reference')],
    rows: withinLimit(rows).map((r) => {
      const request = parseApprovalRequest(JSON.parse(r.request));
      return [r.created_ms, request.requester.sub, request.connection, request.statement.slice(0, STATEMENT_CHARS), request.policy.reason.slice(0, STATEMENT_CHARS), request.policy.ids.join(', '), request.quorum, r.state, r.envelopes.map(decider).join('; ').slice(0, 10_000), r.closed_ms, ranText(r), r.result_rows, r.error, r.id, r.n === null ? r.session_id : `${r.session_id}/${r.n}`];
    }),
    notes: ['Who decided is read from the signed decision. "In the recording" says what the session did with it: "ran" only when the proxy counted enough signatures itself.'],
  };
}

function decider(envelope: string): string {
  const d = parseApprovalDecision(payloadJson(parseEnvelope(envelope, 'approval-decision')));
  return `${d.approver.sub} (${d.decision} ${new Date(d.t).toISOString()}: ${d.reason})`;
}

function ranText(r: z.output<typeof row>): string {
  if (r.n === null) return 'not indexed yet, or never uploaded';
  return r.ran === 'approved' ? 'ran' : r.ran === 'held' ? 'still held when the recording ends' : 'did not run';
}
