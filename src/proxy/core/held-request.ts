/** Turns a hold of any protocol into an approval request for exactly these bytes, records it, and waits (design.md section 8). */
import { systemRandom, type Clock } from '../../base/clock.ts';
import { toHex } from '../../base/encoding.ts';
import { uuidv7, type ApprovalId, type BundleDigest, type SessionId } from '../../base/ids.ts';
import type { Json } from '../../base/jcs.ts';
import { limits } from '../../base/limits.ts';
import { approvalRequestDigest, type ApprovalRequest } from '../../evidence/approval.ts';
import type { RecordInput } from '../../evidence/record.ts';
import type { Outcome, Principal } from '../../policy/types.ts';
import type { Caller } from './endpoint.ts';
import type { ProxyEvents } from './events.ts';
import { awaitApproval, type HoldResult } from './hold.ts';
import type { ControlPlane, Target } from './ports.ts';

/** What a session of any protocol has at hand. */
export interface HoldingSession {
  readonly sessionId: SessionId;
  readonly target: Target;
  readonly caller: Caller;
  readonly control: ControlPlane;
  readonly clock: Clock;
  readonly events: ProxyEvents;
}

/** The session's recording, as far as a hold writes it. */
export interface HoldRecorder {
  append(r: RecordInput & { readonly channel: number }): unknown;
  /** Resolves when the disk has it. */
  sync(): Promise<void>;
}

/** What is held, and what it is bound to. */
export interface HeldRequest {
  readonly recorder: HoldRecorder;
  /** Channel of the connection; 0 where the protocol has none. */
  readonly channel: number;
  /** The request's record. */
  readonly record: { readonly n: number; readonly leaf: Uint8Array };
  readonly outcome: Omit<Outcome & { readonly effect: 'hold' }, 'effect'>;
  readonly bundle: BundleDigest;
  /** As people may see it. */
  readonly statement: string;
  /** Hex, of the bytes that would run. */
  readonly statementSha256: string;
  /** As people may see them. */
  readonly params: readonly string[];
  readonly paramsSha256: string;
  /** Tells the client that it waits, and for what. */
  tell(request: ApprovalRequest): void;
  mayApprove(approver: Principal): { allowed: boolean; reason: string };
  /** Aborted when the client withdraws or goes away. */
  readonly signal: AbortSignal;
}

/** Resolves when it is decided. The answer 'approved' has verified signatures behind it; policy is to be asked again all the same. */
export async function holdForApproval(session: HoldingSession, held: HeldRequest): Promise<HoldResult> {
  const { control, clock, events, sessionId, target } = session;
  const { recorder, channel, signal } = held;
  const q = held.record.n;
  const request = requestFor(session, held);
  recorder.append({ kind: 'approval.request', channel, clear: { q, id: request.id, request_sha256: approvalRequestDigest(request) }, fields: [{ name: 'request', value: request as unknown as Json }] });
  await recorder.sync();
  const { reason, policyIds, approvers, quorum } = held.outcome;
  events.emit({ event: 'request.held', session_id: sessionId, connection: target.info.name, approval_id: request.id, statement: held.statement, reason, policy_ids: policyIds, approvers, quorum, expires_ms: request.expires_ms });
  held.tell(request);
  const result = await awaitApproval({
    control,
    clock,
    request,
    signal,
    mayApprove: (approver) => held.mayApprove(approver),
    onDecision: (signed, v) => recorder.append({ kind: 'approval.decision', channel, clear: { q, id: request.id, counted: v.counted }, fields: [{ name: 'envelope', value: signed.envelope }, { name: 'reason', value: v.reason }] }),
  });
  const why = result.outcome === 'approved' ? `approved by ${result.approvers.map((p) => p.name).join(', ')}` : result.reason;
  recorder.append({ kind: 'policy.decision', channel, clear: { q, id: request.id, dec: result.outcome }, fields: [{ name: 'reason', value: why }] });
  events.emit({ event: 'request.released', session_id: sessionId, approval_id: request.id, outcome: result.outcome, reason: why });
  await recorder.sync();
  return result;
}

/** Who has to agree, and until when, as a sentence for the client. */
export function approvalNeeds(request: ApprovalRequest): string {
  const people = request.quorum === 1 ? 'one approver' : `${request.quorum} approvers`;
  return `Needs ${people} of ${request.approvers.join(', ')}. Approval ${request.id}, expires ${new Date(request.expires_ms).toISOString()}.`;
}

function requestFor({ sessionId, caller, target, clock }: HoldingSession, held: HeldRequest): ApprovalRequest {
  const now = clock.nowMs();
  const { principal } = caller;
  const { outcome, record } = held;
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
    statement: held.statement,
    statement_sha256: held.statementSha256,
    params: [...held.params],
    params_sha256: held.paramsSha256,
    request_record: { n: record.n, leaf: toHex(record.leaf) },
    policy: { bundle: held.bundle, ids: [...outcome.policyIds], reason: outcome.reason },
    approvers: [...outcome.approvers],
    quorum: outcome.quorum,
    created_ms: now,
    expires_ms: now + Math.min(outcome.expiresMs, limits.approvalTtlMs * 96),
    nonce: toHex(systemRandom.bytes(16)),
    client: caller.client,
  };
}
