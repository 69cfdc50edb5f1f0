/** Makes a report with what it rests on. */
import type { Report, ReportKind, ReportQuery } from '../../contract/store/index.ts';
import { unreachable } from '../../base/errors.ts';
import type { Queries } from '../db/database.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import { logPosition } from '../log/state.ts';
import { indexCounts } from '../search/jobs.ts';
import { accessReview } from './access-review.ts';
import { activity } from './activity.ts';
import { approvals } from './approvals.ts';
import { exceptions } from './exceptions.ts';
import type { Table } from './scope.ts';

const TITLES: Readonly<Record<ReportKind, string>> = { access_review: 'Access review', approvals: 'Approvals', exceptions: 'Exceptions', activity: 'Activity by person and day' };

export interface ReportInput {
  readonly kind: ReportKind;
  readonly query: ReportQuery;
  readonly user: User;
  readonly organisation: string;
  readonly nowMs: number;
}

/** In one transaction, so that rows and the position that they rest on are of about one moment. @throws StoreError */
export async function makeReport(q: Queries, o: ReportInput): Promise<Report> {
  if (o.query.to_ms <= o.query.from_ms) throw new StoreError('bad_request', 'the period ends before it begins');
  const log = await logPosition(q);
  const index = await indexCounts(q);
  const table = await rowsOf(q, o);
  return {
    title: TITLES[o.kind],
    basis: { kind: o.kind, query: o.query, generated_ms: o.nowMs, generated_by: `${o.user.name} (${o.user.sub})`.replaceAll(/\p{Cc}/gu, ' '), organisation: o.organisation, log, pending_chunks: index.pending, failed_chunks: index.failed },
    columns: [...table.columns],
    rows: [...table.rows],
    notes: [...table.notes],
  };
}

function rowsOf(q: Queries, o: ReportInput): Promise<Table> {
  switch (o.kind) {
    case 'access_review':
      return accessReview(q, o.query);
    case 'approvals':
      return approvals(q, o.query);
    case 'exceptions':
      return exceptions(q, o.query, o.nowMs);
    case 'activity':
      return activity(q, o.query);
    default:
      return unreachable(o.kind);
  }
}
