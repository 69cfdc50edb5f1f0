/**
 * Approvals as they travel. The request and the decisions are signed or hashed objects of the recording format:
 * both ends parse them with src/evidence/approval.ts, here they are opaque.
 */
import { z } from 'zod';
import { approvalId, base64, keyAlg, line, principal, sha256Hex, timeMs } from './common.ts';

export const approvalStates = z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']);
export type ApprovalState = z.output<typeof approvalStates>;

/** A DSSE envelope as JSON text, at most 64 KiB. */
export const envelopeText = z.string().min(2).max(64 * 1024);

/** POST /v1/approvals, signed by the requester's device. */
export const approvalBody = z.strictObject({ request: z.unknown() });
export const approvalCreated = z.strictObject({ id: approvalId, request_sha256: sha256Hex, state: approvalStates });

export const approvalParams = z.strictObject({ id: approvalId });

/** GET /v1/approvals */
export const approvalQuery = z.strictObject({
  /** inbox: what I may decide; mine: what I asked; all: both. */
  scope: z.enum(['inbox', 'mine', 'all']).default('all'),
  state: approvalStates.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export const approvalView = z.strictObject({
  id: approvalId,
  state: approvalStates,
  request: z.unknown(),
  request_sha256: sha256Hex,
  decisions: z.array(z.strictObject({ envelope: envelopeText })).max(100),
  /** The person who asks may decide it: in a named group, not the requester, not decided yet, still pending. */
  may_decide: z.boolean(),
  created_ms: timeMs,
  closed_ms: timeMs.optional(),
});
export const approvalList = z.strictObject({ approvals: z.array(approvalView) });

/** POST /v1/approvals/:id/decisions: signed by an enrolled device key of the signed-in approver. */
export const decisionBody = z.strictObject({ envelope: envelopeText });

/** GET /v1/approvals/:id/wait: answers when the state is final or the number of decisions is not `seen`, or at the time-out. */
export const waitQuery = z.strictObject({
  seen: z.coerce.number().int().min(0).max(100),
  timeout_ms: z.coerce.number().int().min(0).max(60_000).default(25_000),
});
export const waitReply = z.strictObject({
  state: approvalStates,
  decisions: z.array(z.strictObject({ envelope: envelopeText })).max(100),
  /** With `denied`: the approver's reason. */
  reason: z.string().max(4_000).optional(),
});

/** GET /v1/approver-keys: every enrolled device key with its owner. Who may approve what is policy's to say. */
export const approverKeys = z.strictObject({
  keys: z.array(
    z.strictObject({ key_id: line(100), alg: keyAlg, public_key: base64(200), principal, revoked_ms: timeMs.optional() }),
  ),
});
