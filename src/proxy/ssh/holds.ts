/** Turns a hold into an approval request for exactly these bytes, and waits for it. */
import { createHash } from 'node:crypto';
import { systemRandom } from '../../base/clock.ts';
import { toHex } from '../../base/encoding.ts';
import { uuidv7, type ApprovalId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { approvalRequestDigest, type ApprovalRequest } from '../../evidence/approval.ts';
import type { SshRequest } from '../../policy/types.ts';
import { awaitApproval, type HoldResult } from '../core/hold.ts';
import { reference, type SshContext } from './context.ts';
import type { Held } from './gatekeeper.ts';
import { inWords, type Recorded } from './journal.ts';

export interface HoldQuestion {
  readonly channel: number;
  readonly record: Recorded;
  readonly outcome: Held;
  readonly ssh: SshRequest;
  /** What the client is told while it waits; one line, without its end. */
  tell(message: string): void;
  /** Aborted when the client withdraws or goes away. */
  readonly signal: AbortSignal;
}

/** Resolves when it is decided. The answer 'approved' has verified signatures behind it; policy is to be asked again all the same. */
export async function askApproval(context: SshContext, q: HoldQuestion): Promise<HoldResult> {
  const { journal, events, sessionId, target, gatekeeper, control, clock } = context;
  const request = approvalFor(context, q);
  journal.approvalAsked(q.channel, q.record, request, approvalRequestDigest(request));
  await journal.recorder.sync();
  const { reason, policyIds, approvers, quorum } = q.outcome;
  events.emit({ event: 'request.held', session_id: sessionId, connection: target.info.name, approval_id: request.id, reason, policy_ids: policyIds, approvers, quorum, expires_ms: request.expires_ms });
  const people = quorum === 1 ? 'one approver' : `${quorum} approvers`;
  q.tell(`held for approval: ${reason}. Needs ${people} of ${approvers.join(', ')}. Approval ${request.id}, expires ${new Date(request.expires_ms).toISOString()}. Ctrl-C withdraws it. Reference ${reference(context, q.record)}`);
  const result = await awaitApproval({
    control,
    clock,
    request,
    signal: q.signal,
    mayApprove: (approver) => gatekeeper.mayApprove(approver, q.ssh),
    onDecision: (signed, v) => journal.approvalDecision(q.channel, q.record, request.id, signed, v.counted, v.reason),
  });
  const why = result.outcome === 'approved' ? `approved by ${result.approvers.map((p) => p.name).join(', ')}` : result.reason;
  journal.released(q.channel, q.record, request.id, result.outcome, why);
  events.emit({ event: 'request.released', session_id: sessionId, approval_id: request.id, outcome: result.outcome, reason: why });
  await journal.recorder.sync();
  return result;
}

/** Why a hold did not end in an approval, for the client. */
export function holdRefusal(result: Exclude<HoldResult, { outcome: 'approved' }>): string {
  switch (result.outcome) {
    case 'denied':
      return `denied by ${result.by}: ${result.reason}`;
    case 'cancelled':
      return 'withdrawn';
    default:
      return `held for approval, ${result.reason}`;
  }
}

function approvalFor({ sessionId, caller, target, gatekeeper, clock, journal }: SshContext, q: HoldQuestion): ApprovalRequest {
  const now = clock.nowMs();
  const { principal } = caller;
  const text = inWords(q.ssh);
  return {
    v: 1,
    type: 'approval-request',
    id: `apr_${uuidv7(now, systemRandom.bytes(10))}` as ApprovalId,
    session_id: sessionId,
    device_id: caller.deviceId as ApprovalRequest['device_id'],
    connection: target.info.name,
    target: { host: target.host, port: target.port, database: target.info.database },
    labels: { ...target.info.labels },
    requester: { iss: principal.issuer, sub: principal.subject, name: principal.name, groups: [...principal.groups] },
    statement: journal.shown(text),
    statement_sha256: createHash('sha256').update(text).digest('hex'),
    params: [],
    params_sha256: createHash('sha256').digest('hex'),
    request_record: { n: q.record.n, leaf: toHex(q.record.leaf) },
    policy: { bundle: gatekeeper.engine.digest, ids: [...q.outcome.policyIds], reason: q.outcome.reason },
    approvers: [...q.outcome.approvers],
    quorum: q.outcome.quorum,
    created_ms: now,
    expires_ms: now + Math.min(q.outcome.expiresMs, limits.approvalTtlMs * 96),
    nonce: toHex(systemRandom.bytes(16)),
    client: caller.client,
  };
}
