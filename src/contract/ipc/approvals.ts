/** Approvals inbox: what waits, what exactly it is, and the decision. */
import { z } from 'zod';
import { connectionName, count, epochMs, labels, opaqueId, person, personText } from './common.ts';
import { defineSlice, nothing } from './slice.ts';

export const approvalState = z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']);
export type ApprovalState = z.infer<typeof approvalState>;

export const approvalSummary = z.strictObject({
  id: opaqueId,
  state: approvalState,
  requester: person,
  connection: connectionName,
  labels,
  database: z.string(),
  /** The whole statement; lists show its beginning. */
  sql: z.string(),
  reason: z.string(),
  createdMs: epochMs,
  expiresMs: epochMs,
  quorum: z.int().positive(),
  approvals: count,
  /** I am the requester: shown, never decidable by me. */
  mine: z.boolean(),
});
export type ApprovalSummary = z.infer<typeof approvalSummary>;

export const approvalDecision = z.strictObject({
  approver: person,
  decision: z.enum(['approve', 'deny']),
  reason: z.string(),
  tMs: epochMs,
  keyId: z.string(),
});

export const approvalDetail = approvalSummary.extend({
  parameters: z.array(z.strictObject({ position: z.int().positive(), type: z.string(), value: z.string().nullable() })),
  policyIds: z.array(z.string()),
  approvers: z.array(z.string()),
  address: z.string(),
  client: z.strictObject({ kind: z.enum(['app', 'native', 'agent']), program: z.string() }),
  deviceId: z.string(),
  sessionId: z.string(),
  digests: z.strictObject({ request: z.string(), statement: z.string(), bundle: z.string() }),
  bundle: z.strictObject({ name: z.string(), serial: count }),
  decisions: z.array(approvalDecision),
  /** Whether I may decide, and why not. */
  mayDecide: z.strictObject({ allowed: z.boolean(), reason: z.string() }),
});
export type ApprovalDetail = z.infer<typeof approvalDetail>;

export const approvalsSlice = defineSlice(
  'approvals',
  {
    /** Pending first, then the newest. */
    list: { request: nothing, reply: z.array(approvalSummary) },
    get: { request: z.strictObject({ id: opaqueId }), reply: approvalDetail },
    /** Signs with the device key. `shownRequestDigest` is what the person saw; main refuses if it is another. */
    decide: {
      request: z.strictObject({ id: opaqueId, decision: z.enum(['approve', 'deny']), reason: personText, shownRequestDigest: z.string().max(200) }),
      reply: approvalDetail,
    },
  },
  { changed: z.array(approvalSummary) },
);
