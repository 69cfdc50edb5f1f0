/** The store's own audit trail: every write and every read, refused ones too. */
import { z } from 'zod';
import { line, timeMs } from './common.ts';

/** GET /v1/audit: newest first, in pages. */
export const auditQuery = z.strictObject({
  action: z.string().max(100).optional(),
  /** `evidence`: who looked at recordings, searched, exported, held or redacted. */
  scope: z.enum(['all', 'evidence']).default('all'),
  outcome: z.enum(['ok', 'refused']).optional(),
  /** Subject of the person, whole. */
  person: line(255).optional(),
  /** Part of person, action, object, detail or address; case does not matter. */
  text: line(200).optional(),
  since_ms: z.coerce.number().int().min(0).optional(),
  until_ms: z.coerce.number().int().min(0).optional(),
  /** `next_before` of the page before. */
  before: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
export type AuditQuery = z.output<typeof auditQuery>;
export const auditEntry = z.strictObject({
  id: z.number().int(),
  t_ms: timeMs,
  iss: z.string(),
  sub: z.string(),
  device_id: z.string(),
  address: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: z.enum(['ok', 'refused']),
  detail: z.string(),
});
export const auditList = z.strictObject({
  entries: z.array(auditEntry).max(1_000),
  /**
   * Absent at the end. One answer looks through a bounded part of the trail: a page may be short, or empty, and still
   * have a next one.
   */
  next_before: z.number().int().min(1).optional(),
  /** With `next_before`: time of the oldest entry that was looked at. */
  searched_back_to_ms: timeMs.optional(),
});
