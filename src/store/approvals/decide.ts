/** Takes one signed decision. The proxy verifies it again: this check keeps rubbish out and tells the approver at once. */
import { fromBase64 } from '../../base/encoding.ts';
import type { ApprovalId } from '../../base/ids.ts';
import { ApprovalError, type ApproverKeyRef, type ApproverPrincipal, verifyDecision } from '../../evidence/approval.ts';
import { parseEnvelope } from '../../evidence/dsse.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { MalformedError } from '../../base/errors.ts';
import { sha256Hex } from '../crypto/keys.ts';
import type { Queries } from '../db/database.ts';
import { allDevices } from '../devices/routes.ts';
import type { User } from '../http/context.ts';
import { StoreError } from '../http/errors.ts';
import type { Hub } from '../http/hub.ts';
import { appendToLog } from '../log/append.ts';
import { type ApprovalRow, closeApproval, decisionsOf, findApproval, insertDecision } from './repository.ts';

export const isApprover = (a: ApprovalRow, user: { iss: string; sub: string; groups: readonly string[] }): boolean =>
  !isRequester(a, user) && a.request.approvers.some((g) => user.groups.includes(g));

export const isRequester = (a: ApprovalRow, user: { iss: string; sub: string }): boolean => a.iss === user.iss && a.sub === user.sub;

/** @throws StoreError with the reason why the decision does not count; nothing is stored then. */
export async function takeDecision(tx: Queries, hub: Hub, o: { id: ApprovalId; envelope: string; user: User; nowMs: number }): Promise<ApprovalRow> {
  const approval = await findApproval(tx, o.id, true);
  if (approval === undefined) throw new StoreError('not_found', 'no such approval');
  const own = isRequester(approval, o.user);
  if (!o.user.may('approval.decide', { own, named: isApprover(approval, o.user) })) {
    throw new StoreError('forbidden', own ? 'nobody decides their own request: cancel it instead' : `this needs a member of ${approval.request.approvers.join(' or ')}`);
  }
  if (approval.state !== 'pending') throw new StoreError('gone', `this request is ${approval.state} already`);
  const earlier = await decisionsOf(tx, o.id);
  if (earlier.some((d) => d.iss === o.user.iss && d.sub === o.user.sub)) throw new StoreError('conflict', 'you have decided this request already');
  const { decision } = await verified(approval, o.envelope, await keysOf(tx, o.user), o.nowMs);
  const keyId = parseEnvelope(o.envelope, 'approval-decision').signatures[0]?.keyId ?? '';
  await insertDecision(tx, { id: o.id, seq: earlier.length, iss: o.user.iss, sub: o.user.sub, keyId, decision: decision.decision, envelope: o.envelope, nowMs: o.nowMs });
  await appendToLog(tx, { kind: 'approval', envelope: o.envelope, tMs: o.nowMs });
  const approvals = earlier.filter((d) => d.decision === 'approve').length + (decision.decision === 'approve' ? 1 : 0);
  if (decision.decision === 'deny') await closeApproval(tx, o.id, 'denied', decision.reason, o.nowMs);
  else if (approvals >= approval.quorum) await closeApproval(tx, o.id, 'approved', '', o.nowMs);
  const after = await findApproval(tx, o.id);
  if (after === undefined) throw new StoreError('internal', 'the approval vanished');
  await hub.publish(tx, { type: 'approval', id: o.id, state: after.state, decisions: earlier.length + 1 });
  return after;
}

async function verified(approval: ApprovalRow, envelope: string, keys: readonly ApproverKeyRef[], nowMs: number): ReturnType<typeof verifyDecision<ApproverPrincipal>> {
  try {
    return await verifyDecision({ envelope, request: approval.request, keys, nowMs, crypto: nodeCrypto });
  } catch (error) {
    if (error instanceof ApprovalError) throw new StoreError('unprocessable', `${error.message} (${error.code})`, { cause: error });
    if (error instanceof MalformedError) throw new StoreError('bad_request', error.message, { cause: error });
    throw error;
  }
}

/** The enrolled keys of the person who sends the decision: a decision signed by anybody else's key is not theirs. */
async function keysOf(q: Queries, user: User): Promise<ApproverKeyRef[]> {
  return (await allDevices(q))
    .filter((d) => d.owner.iss === user.iss && d.owner.sub === user.sub)
    .map((d) => {
      const publicKey = fromBase64(d.public_key);
      const principal = { issuer: d.owner.iss, subject: d.owner.sub, name: d.owner.name };
      return { keyId: sha256Hex(publicKey), alg: d.alg, publicKey, principal, ...(d.revoked === undefined ? {} : { revokedMs: d.revoked.compromised_since_ms }) };
    });
}
