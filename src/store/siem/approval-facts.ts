/** What the store knows of the approval that an audit row names. */
import { isApprovalId } from '../../base/ids.ts';
import { parseApprovalDecision } from '../../evidence/approval.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import type { AuditFact } from '../../evidence/ocsf-audit.ts';
import { decisionsOf, findApproval } from '../approvals/repository.ts';
import type { Queries } from '../db/database.ts';

const ABOUT = /^approval\.(request|decide|cancel|expire)$/;

/** The same row with its approval, when it is about one. The decision is that of the person who is audited. */
export async function withApproval(q: Queries, f: AuditFact): Promise<AuditFact> {
  if (f.outcome !== 'ok' || !ABOUT.test(f.action) || !isApprovalId(f.object)) return f;
  const found = await findApproval(q, f.object);
  if (found === undefined) return f;
  const state = f.action === 'approval.request' ? 'pending' : (/^now (\w+)$/.exec(f.detail)?.[1] ?? found.state);
  const approval = { request: found.request, state };
  if (f.action !== 'approval.decide') return { ...f, approval };
  const own = (await decisionsOf(q, f.object)).find((d) => d.iss === f.iss && d.sub === f.sub);
  if (own === undefined) return { ...f, approval };
  // Its signature was verified when it was taken.
  const { reason } = parseApprovalDecision(payloadJson(parseEnvelope(own.envelope, 'approval-decision')));
  return { ...f, approval: { ...approval, decision: { decision: own.decision, reason } } };
}
