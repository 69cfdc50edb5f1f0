/** The store's own audit trail: every write and every read, refused ones too. */
import { z } from 'zod';
import { timeMs } from './common.ts';

export const auditQuery = z.strictObject({
  action: z.string().max(100).optional(),
  since_ms: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
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
export const auditList = z.strictObject({ entries: z.array(auditEntry) });
