/** Approvals in the database. Their state follows from signed decisions, cancellation and time; the store decides nothing. */
import { z } from 'zod';
import type { ApprovalId } from '../../base/ids.ts';
import { type ApprovalState, approvalId, approvalStates, deviceId } from '../../contract/store/index.ts';
import { type ApprovalRequest, parseApprovalRequest } from '../../evidence/approval.ts';
import type { Queries } from '../db/database.ts';
import { writeAudit } from '../http/context.ts';
import type { Hub } from '../http/hub.ts';

const row = z.object({
  id: approvalId,
  request: z.string().transform((t): ApprovalRequest => parseApprovalRequest(JSON.parse(t))),
  request_sha256: z.string(),
  iss: z.string(),
  sub: z.string(),
  device_id: deviceId,
  quorum: z.number(),
  state: approvalStates,
  reason: z.string(),
  created_ms: z.number(),
  expires_ms: z.number(),
  closed_ms: z.number().nullable(),
});
export type ApprovalRow = z.output<typeof row>;

const decisionRow = z.object({ iss: z.string(), sub: z.string(), decision: z.enum(['approve', 'deny']), envelope: z.string() });
export type DecisionRow = z.output<typeof decisionRow>;

const columns = 'id, request, request_sha256, iss, sub, device_id, quorum, state, reason, created_ms, expires_ms, closed_ms';

export async function findApproval(q: Queries, id: ApprovalId, lock = false): Promise<ApprovalRow | undefined> {
  return q.first(row, `select ${columns} from approvals where id = $1${lock ? ' for update' : ''}`, [id]);
}

export async function recentApprovals(q: Queries, state: ApprovalState | undefined): Promise<ApprovalRow[]> {
  return q.rows(row, `select ${columns} from approvals where $1::text is null or state = $1 order by created_ms desc, id desc limit 2000`, [state ?? null]);
}

export async function decisionsOf(q: Queries, id: ApprovalId): Promise<DecisionRow[]> {
  return q.rows(decisionRow, 'select iss, sub, decision, envelope from decisions where approval_id = $1 order by seq', [id]);
}

export async function insertApproval(tx: Queries, request: ApprovalRequest, text: string, digest: string, nowMs: number): Promise<void> {
  await tx.run(
    `insert into approvals (id, request, request_sha256, nonce, iss, sub, device_id, session_id, quorum, state, created_ms, expires_ms)
     values ($1,$2,$3,$4,$5,$6,$7,$8,$9,'pending',$10,$11)`,
    [request.id, text, digest, request.nonce, request.requester.iss, request.requester.sub, request.device_id, request.session_id, request.quorum, nowMs, request.expires_ms],
  );
}

export async function isNonceUsed(q: Queries, nonce: string): Promise<boolean> {
  return (await q.first(z.object({ id: z.string() }), 'select id from approvals where nonce = $1', [nonce])) !== undefined;
}

export async function insertDecision(tx: Queries, o: { id: ApprovalId; seq: number; iss: string; sub: string; keyId: string; decision: 'approve' | 'deny'; envelope: string; nowMs: number }): Promise<void> {
  await tx.run('insert into decisions (approval_id, seq, iss, sub, key_id, decision, envelope, t_ms) values ($1,$2,$3,$4,$5,$6,$7,$8)', [o.id, o.seq, o.iss, o.sub, o.keyId, o.decision, o.envelope, o.nowMs]);
}

export async function closeApproval(tx: Queries, id: ApprovalId, state: Exclude<ApprovalState, 'pending'>, reason: string, nowMs: number): Promise<void> {
  await tx.run("update approvals set state = $2, reason = $3, closed_ms = $4 where id = $1 and state = 'pending'", [id, state, reason, nowMs]);
}

/** Closes what has run out of time. Every transaction over approvals begins with it, so nothing expired is ever decided. */
export async function expireDue(tx: Queries, hub: Hub, nowMs: number): Promise<void> {
  const due = await tx.rows(z.object({ id: approvalId }), "update approvals set state = 'expired', closed_ms = $1 where state = 'pending' and expires_ms <= $1 returning id", [nowMs]);
  for (const { id } of due) {
    await writeAudit(tx, nowMs, { user: undefined, device: undefined, address: 'local' }, { action: 'approval.expire', object: id, outcome: 'ok' });
    await hub.publish(tx, { type: 'approval', id, state: 'expired', decisions: (await decisionsOf(tx, id)).length });
  }
}
