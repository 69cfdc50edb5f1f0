/** Approvals as OCSF Entity Management (class 3004) over an entity of our own, "Access Request". Pure. */
import { auditActor, auditBase, type AuditFact, auditSource } from './ocsf-audit.ts';
import { compact, cutText, type Emitter, MAX_STATEMENT, ocsfEvent, type OcsfObject } from './ocsf-event.ts';

type Approval = NonNullable<AuditFact['approval']>;

/**
 * `approval.request` is Create, everything after it Update. The statement is the masked text that approvers are shown;
 * the policy's reason stays out, because it may quote the statement as it came.
 */
export function approvalEvent(emitter: Emitter, f: AuditFact, a: Approval): OcsfObject {
  const { request } = a;
  const asked = f.action === 'approval.request';
  const cut = cutText(request.statement, MAX_STATEMENT);
  return ocsfEvent({
    ...auditBase(emitter, f),
    cls: 'entity',
    activity: asked ? 1 : 3,
    severity: asked || f.action === 'approval.expire' ? 'low' : 'informational',
    statusDetail: detailOf(f, a),
    message: messageOf(f, a),
    correlationUid: request.session_id,
    profiles: ['security_control'],
    metadata: cut.metadata,
    attributes: {
      actor: auditActor(f),
      src_endpoint: auditSource(f),
      ...dispositionOf(f, a),
      comment: a.decision === undefined || a.decision.reason === '' ? undefined : a.decision.reason,
      policy: { uid: request.policy.bundle, name: request.policy.ids[0] ?? 'sallyport' },
      entity: {
        type_id: 99,
        type: 'Access Request',
        uid: request.id,
        name: `approval ${request.id}`,
        data: compact({
          session_id: request.session_id,
          connection: request.connection,
          requester: { iss: request.requester.iss, sub: request.requester.sub, name: request.requester.name },
          approvers: [...request.approvers],
          quorum: request.quorum,
          policies: [...request.policy.ids],
          statement: cut.text,
          statement_sha256: request.statement_sha256,
          state: a.state,
          expires_ms: request.expires_ms,
        }),
      },
    },
  });
}

function dispositionOf(f: AuditFact, a: Approval): OcsfObject {
  if (a.decision?.decision === 'approve') return { action_id: 1, action: 'Allowed', disposition_id: 8, disposition: 'Approved' };
  if (a.decision?.decision === 'deny') return { action_id: 2, action: 'Denied', disposition_id: 25, disposition: 'Rejected' };
  if (f.action === 'approval.request') return { action_id: 4, action: 'Modified', disposition_id: 14, disposition: 'Delayed' };
  return { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' };
}

function detailOf(f: AuditFact, a: Approval): string {
  if (f.action === 'approval.request') return 'pending';
  return f.action === 'approval.decide' ? `now ${a.state}` : f.action.replace('approval.', '');
}

function messageOf(f: AuditFact, a: Approval): string {
  const { request } = a;
  const what = `a statement of ${request.requester.name} on ${request.connection}`;
  switch (f.action) {
    case 'approval.request':
      return `Approval was asked for ${what}`;
    case 'approval.decide':
      return `${f.name ?? f.sub} ${a.decision?.decision === 'deny' ? 'denied' : 'approved'} ${what}`;
    case 'approval.expire':
      return `Nobody decided in time about ${what}`;
    default:
      return `The request for ${what} was cancelled`;
  }
}
