/** An approval request and decision for tests. */
import { createHash } from 'node:crypto';
import { parseApprovalId, parseDeviceId, parseSessionId } from '../base/ids.ts';
import { approvalRequestDigest, type ApprovalDecision, type ApprovalRequest } from '../evidence/approval.ts';
import { deviceIdOf } from '../evidence/verify-crypto.ts';
import { testSigner } from './evidence-session.ts';

const sha256 = (s: string): string => createHash('sha256').update(s).digest('hex');

export function approvalRequest(change: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    v: 1,
    type: 'approval-request',
    id: parseApprovalId('apr_0190a5b2-7c00-7000-8000-000000000001'),
    session_id: parseSessionId('0190a5b2-7c00-7000-8000-000000000002'),
    device_id: parseDeviceId(deviceIdOf(testSigner('device').publicKey)),
    connection: 'shop',
    target: { host: '127.0.0.1', port: 5432, database: 'shop' },
    labels: { env: 'prod' },
    requester: { iss: 'https://idp.example', sub: 'alice', name: 'alice@example.com', groups: ['engineering'] },
    statement: 'UPDATE customers SET vip = true',
    statement_sha256: sha256('UPDATE customers SET vip = true'),
    params: [],
    params_sha256: sha256(''),
    request_record: { n: 0, leaf: '0'.repeat(64) },
    policy: { bundle: `sha256:${'b'.repeat(64)}`, ids: ['no-where'], reason: 'UPDATE without WHERE' },
    approvers: ['dba'],
    quorum: 1,
    created_ms: 1_780_000_000_000,
    expires_ms: 1_780_000_900_000,
    nonce: 'n-0123456789abcdef',
    client: 'psql',
    ...change,
  };
}

export function approvalDecision(request: ApprovalRequest, change: Partial<ApprovalDecision> = {}): ApprovalDecision {
  return {
    v: 1,
    type: 'approval-decision',
    request_sha256: approvalRequestDigest(request),
    approval_id: request.id,
    decision: 'approve',
    approver: { iss: 'https://idp.example', sub: 'carol', name: 'carol@example.com' },
    reason: 'planned change',
    shown_sha256: sha256(request.statement),
    t: request.created_ms + 1_000,
    nonce: request.nonce,
    ...change,
  };
}
