/** Approvals inbox: what waits, what exactly it is, and decisions signed with this device's key. */
import { createHash } from 'node:crypto';
import { ConfigError, DeniedError } from '../../base/errors.ts';
import { isApprovalId, type ApprovalId } from '../../base/ids.ts';
import { approvalText } from '../../cli/approvals-text.ts';
import { approvalsSlice, type ApprovalDetail, type ApprovalSummary } from '../../contract/ipc/approvals.ts';
import type { SliceHandlers } from '../../contract/ipc/slice.ts';
import { approvalRequestDigest, type ApprovalDecision } from '../../evidence/approval.ts';
import { parseEnvelope } from '../../evidence/dsse.ts';
import { signDecision } from '../../evidence/sign.ts';
import type { ApprovalItem } from '../../proxy/core/store-client.ts';
import type { Work } from '../work/work.ts';
import type { SliceContext } from './context.ts';

const PROGRAMS: Readonly<Record<ApprovalDetail['client']['kind'], string>> = { app: 'in the app', native: 'through the local endpoint', agent: 'through the gateway' };

function kindOf(client: string): ApprovalDetail['client']['kind'] {
  return client === 'app' || client === 'agent' ? client : 'native';
}

const approvalsOf = (item: ApprovalItem): number => new Set(item.decisions.filter((d) => d.decision.decision === 'approve').map((d) => `${d.decision.approver.iss}\0${d.decision.approver.sub}`)).size;

function isMine(item: ApprovalItem, work: Work): boolean {
  const { issuer, subject } = work.identity.principal;
  return item.request.requester.iss === issuer && item.request.requester.sub === subject;
}

export function toSummary(item: ApprovalItem, work: Work): ApprovalSummary {
  const { request: r } = item;
  return {
    ...{ id: item.id, state: item.state, connection: r.connection, labels: { ...r.labels }, database: r.target.database, sql: r.statement, reason: r.policy.reason },
    requester: { name: r.requester.name, subject: r.requester.sub, groups: [...r.requester.groups] },
    ...{ createdMs: item.createdMs, expiresMs: r.expires_ms, quorum: r.quorum, approvals: approvalsOf(item), mine: isMine(item, work) },
  };
}

/** Whether this person may decide, and if not, why. The store and the requester's proxy check it again. */
function mayDecide(item: ApprovalItem, work: Work): ApprovalDetail['mayDecide'] {
  if (item.state !== 'pending') return { allowed: false, reason: `it is already ${item.state}.` };
  if (isMine(item, work)) return { allowed: false, reason: `you asked for it yourself. Someone of ${item.request.approvers.join(', ')} must decide.` };
  if (item.mayDecide) return { allowed: true, reason: '' };
  const { issuer, subject } = work.identity.principal;
  const decided = item.decisions.some((d) => d.decision.approver.iss === issuer && d.decision.approver.sub === subject);
  return { allowed: false, reason: decided ? 'you have decided already; others must as well.' : `only members of ${item.request.approvers.join(', ')} may.` };
}

function toDetail(item: ApprovalItem, work: Work): ApprovalDetail {
  const { request: r } = item;
  const { engine } = work.bundle;
  const kind = kindOf(r.client);
  return {
    ...toSummary(item, work),
    parameters: r.params.map((value, i) => ({ position: i + 1, type: '', value })),
    policyIds: [...r.policy.ids],
    approvers: [...r.approvers],
    address: `${r.target.host}:${r.target.port}`,
    client: { kind, program: PROGRAMS[kind] },
    ...{ deviceId: r.device_id, sessionId: r.session_id, mayDecide: mayDecide(item, work) },
    digests: { request: approvalRequestDigest(r), statement: r.statement_sha256, bundle: r.policy.bundle },
    // The request names the digest only; name and serial are known where it is the bundle that is active here.
    bundle: r.policy.bundle === engine.digest ? { name: engine.name, serial: engine.serial } : { name: 'another bundle', serial: 0 },
    decisions: item.decisions.map(({ envelope, decision: d }) => ({
      ...{ approver: { name: d.approver.name, subject: d.approver.sub, groups: [] }, decision: d.decision, reason: d.reason, tMs: d.t },
      keyId: parseEnvelope(envelope, 'approval-decision').signatures[0]?.keyId ?? '',
    })),
  };
}

/** Pending first, then the newest. */
function inOrder(items: readonly ApprovalItem[]): ApprovalItem[] {
  return [...items].sort((a, b) => Number(b.state === 'pending') - Number(a.state === 'pending') || b.createdMs - a.createdMs);
}

function idOf(text: string): ApprovalId {
  if (!isApprovalId(text)) throw new ConfigError('there is no such approval');
  return text;
}

export interface ApprovalsPart {
  readonly handlers: SliceHandlers<typeof approvalsSlice>;
  /** Asks the store again and tells the window; gives what is there. */
  refresh(): Promise<readonly ApprovalItem[]>;
}

export function approvalsHandlers(context: SliceContext): ApprovalsPart {
  const load = async (work: Work): Promise<ApprovalItem[]> => inOrder(await work.client.listApprovals({ scope: 'all' }));
  return {
    refresh: async () => {
      const work = context.need();
      const items = await load(work);
      if (!work.signal.aborted) context.emit(approvalsSlice, 'changed', items.map((i) => toSummary(i, work)));
      return items;
    },
    handlers: {
      list: async () => {
        const work = context.need();
        return (await load(work)).map((i) => toSummary(i, work));
      },
      get: async ({ id }) => {
        const work = context.need();
        return toDetail(await work.client.getApproval(idOf(id)), work);
      },
      decide: async ({ id, decision, reason, shownRequestDigest }) => {
        const work = context.need();
        const item = await work.client.getApproval(idOf(id));
        if (approvalRequestDigest(item.request) !== shownRequestDigest) throw new DeniedError('The request is not the one that was shown. Look at it again before deciding.');
        const may = mayDecide(item, work);
        if (!may.allowed) throw new DeniedError(`You cannot decide this: ${may.reason}`);
        return toDetail(await work.client.decide(item.id, sign(item, decision, reason, work)), work);
      },
    },
  };
}

function sign(item: ApprovalItem, decision: 'approve' | 'deny', reason: string, work: Work): string {
  const { issuer, subject, name } = work.identity.principal;
  const statement: ApprovalDecision = {
    ...{ v: 1, type: 'approval-decision', request_sha256: approvalRequestDigest(item.request), approval_id: item.id, decision, reason },
    approver: { iss: issuer, sub: subject, name },
    shown_sha256: createHash('sha256').update(approvalText(item)).digest('hex'),
    t: Date.now(),
    nonce: item.request.nonce,
  };
  return signDecision(statement, work.device.signer);
}
