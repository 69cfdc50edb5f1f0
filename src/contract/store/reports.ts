/** Reports of what happened in a period, generated from the search index. Auditors only. */
import { z } from 'zod';
import { line, timeMs } from './common.ts';

/**
 * access_review: who used which target, in which groups, how often, first and last. approvals: each approval with
 * request, deciders and what ran. exceptions: denied, held, approved, unmasked, break-glass, gaps, never closed.
 * activity: per person and day.
 */
export const reportKinds = z.enum(['access_review', 'approvals', 'exceptions', 'activity']);
export type ReportKind = z.output<typeof reportKinds>;

/** GET /v1/reports/:kind with the same query gives JSON; .../csv and .../html give files. */
export const reportParams = z.strictObject({ kind: reportKinds });
export const reportFileParams = z.strictObject({ kind: reportKinds, format: z.enum(['csv', 'html']) });
export const reportQuery = z.strictObject({
  /** Inclusive. */
  from_ms: z.coerce.number().int().min(0).max(8.64e15),
  /** Exclusive. */
  to_ms: z.coerce.number().int().min(0).max(8.64e15),
  /** Subject or name, whole. */
  person: z.string().min(1).max(255).optional(),
  target: z.string().min(1).max(255).optional(),
});
export type ReportQuery = z.output<typeof reportQuery>;

/** Rows that one report may have; more is refused with the advice to shorten the period. */
export const REPORT_ROWS_MAX = 50_000;

export const reportCell = z.union([z.string().max(10_000), z.number(), z.null()]);
export const reportColumn = z.strictObject({ key: line(50), title: line(100), /** `time`: milliseconds since the epoch. */ type: z.enum(['text', 'number', 'time']) });

/** What the report rests on, so that another can make it again and compare. */
export const reportBasis = z.strictObject({
  kind: reportKinds,
  query: reportQuery,
  generated_ms: timeMs,
  generated_by: line(800),
  organisation: z.string().max(255),
  /** Tree size and root (hex) of the store's transparency log when it was made. */
  log: z.strictObject({ size: z.number().int().min(0), root: z.string().max(64) }),
  /** Recordings whose chunks were not all indexed: 0, or the report says that it is incomplete. */
  pending_chunks: z.number().int().min(0),
  failed_chunks: z.number().int().min(0),
});
export const report = z.strictObject({
  title: line(200),
  basis: reportBasis,
  columns: z.array(reportColumn).max(40),
  rows: z.array(z.array(reportCell).max(40)).max(REPORT_ROWS_MAX),
  /** In words: what is counted and what is not. */
  notes: z.array(z.string().max(1_000)).max(20),
});
export type Report = z.output<typeof report>;
