/** `sallyport approvals`: the inbox of an approver on the command line. */
import { createHash } from 'node:crypto';
import { Command } from 'commander';
import { ConfigError } from '../base/errors.ts';
import { type ApprovalId, isApprovalId } from '../base/ids.ts';
import { type ApprovalDecision, type ApprovalRequest, approvalRequestDigest } from '../evidence/approval.ts';
import { signDecision } from '../evidence/sign.ts';
import type { ApprovalItem } from '../proxy/core/store-client.ts';
import { approvalText } from './approvals-text.ts';
import { connectApprover, type ApproverOptions, type ApproverSession } from './approvals-connect.ts';
import { withIdentity } from './identity-options.ts';

interface Common extends ApproverOptions {
  readonly json?: boolean;
}

export function approvalsCommand(): Command {
  const root = new Command('approvals').description('see and decide held statements');
  withIdentity(root.command('list').description('requests that you may decide, and your own'), 'required')
    .option('--all', 'decided ones too')
    .action(async (o: Common & { all?: boolean }) => {
      const { client } = await connectApprover(o);
      const items = await client.listApprovals(o.all === true ? {} : { state: 'pending' });
      print(o, items.map(toJson), items.map(listLine).join('') || 'Nothing is waiting for you.\n');
    });
  withIdentity(root.command('show <id>').description('exactly what will run, where, by whom and why it is held'), 'required').action(async (id: string, o: Common) => {
    const { client } = await connectApprover(o);
    const item = await client.getApproval(parseId(id));
    print(o, toJson(item), approvalText(item));
  });
  for (const decision of ['approve', 'deny'] as const) {
    withIdentity(root.command(`${decision} <id>`).description(`sign and send your ${decision === 'approve' ? 'approval' : 'denial'}`), 'required')
      .requiredOption('--reason <text>', 'why; it is part of the signed decision, and of the error that a denied person sees')
      .action((id: string, o: Common & { reason: string }) => decide(parseId(id), decision, o));
  }
  return root;
}

async function decide(id: ApprovalId, decision: 'approve' | 'deny', o: Common & { reason: string }): Promise<void> {
  const reason = o.reason.trim();
  if (reason === '' || reason.length > 1_000) throw new ConfigError('give a reason of 1 to 1000 characters', { field: '--reason' });
  const session = await connectApprover(o);
  const item = await session.client.getApproval(id);
  const after = await session.client.decide(id, signedDecision(item, decision, reason, session));
  const left = after.request.quorum - after.decisions.filter((d) => d.decision.decision === 'approve').length;
  const text = after.state === 'pending' ? `Approved. ${left} more of ${after.request.approvers.join(', ')} must approve.\n` : `${after.state === 'approved' ? 'Approved' : 'Denied'}: ${id}\n`;
  print(o, toJson(after), text);
}

function signedDecision(item: ApprovalItem, decision: 'approve' | 'deny', reason: string, session: ApproverSession): string {
  const { principal } = session.identity;
  const statement: ApprovalDecision = {
    v: 1,
    type: 'approval-decision',
    request_sha256: approvalRequestDigest(item.request),
    approval_id: item.id,
    decision,
    approver: { iss: principal.issuer, sub: principal.subject, name: principal.name },
    reason,
    shown_sha256: createHash('sha256').update(approvalText(item)).digest('hex'),
    t: Date.now(),
    nonce: item.request.nonce,
  };
  return signDecision(statement, session.device);
}

function parseId(text: string): ApprovalId {
  if (!isApprovalId(text)) throw new ConfigError(`${JSON.stringify(text)} is not an approval id (apr_...)`);
  return text;
}

const firstLine = (statement: string): string => {
  const flat = statement.replace(/\s+/g, ' ').trim();
  return flat.length > 100 ? `${flat.slice(0, 99)}…` : flat;
};

function listLine(item: ApprovalItem): string {
  const { request } = item;
  const mark = item.mayDecide ? '*' : ' ';
  return `${mark} ${item.id}  ${item.state.padEnd(9)} ${request.requester.sub} on ${request.connection}: ${firstLine(request.statement)}\n`;
}

function toJson(item: ApprovalItem): { id: string; state: string; may_decide: boolean; request: ApprovalRequest; request_sha256: string; decisions: readonly ApprovalDecision[] } {
  return { id: item.id, state: item.state, may_decide: item.mayDecide, request: item.request, request_sha256: item.requestSha256, decisions: item.decisions.map((d) => d.decision) };
}

function print(o: Common, value: unknown, text: string): void {
  process.stdout.write(o.json === true ? `${JSON.stringify(value)}\n` : text);
}
