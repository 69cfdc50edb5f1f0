/** Whose sessions a report is about. */
import { REPORT_ROWS_MAX, type Report, type ReportQuery } from '../../contract/store/index.ts';
import { StoreError } from '../http/errors.ts';
import { plain } from '../search/words.ts';

export type Column = Report['columns'][number];
export type Row = Report['rows'][number];
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

/** Parameters $1 to $4 of every report: from, to, person, target. */
export const scopeParams = (q: ReportQuery): [number, number, string | null, string | null] => [q.from_ms, q.to_ms, q.person === undefined ? null : plain(q.person), q.target === undefined ? null : plain(q.target)];

/** Condition on search_sessions `s` and search_people `p`. */
export const SCOPE = '($3::text is null or lower(p.sub) = lower($3) or lower(p.name) = lower($3)) and ($4::text is null or s.connection = $4)';

/** One more than a report may have: so that too many show. */
export const ROW_LIMIT = REPORT_ROWS_MAX + 1;

/** @throws StoreError: a report that leaves rows out would be read as if it did not */
export function withinLimit<T>(rows: T[]): T[] {
  if (rows.length > REPORT_ROWS_MAX) throw new StoreError('too_large', `the report has more than ${REPORT_ROWS_MAX} rows: shorten the period, or name a person or a target`);
  return rows;
}

export const text = (key: string, title: string): Column => ({ key, title, type: 'text' });
export const number = (key: string, title: string): Column => ({ key, title, type: 'number' });
export const time = (key: string, title: string): Column => ({ key, title, type: 'time' });
