/** Holds of SSH requests: what is asked for, and in which words. */
import { createHash } from 'node:crypto';
import { notApproved } from '../../contract/refusal.ts';
import type { SshRequest } from '../../policy/types.ts';
import { approvalNeeds, holdForApproval } from '../core/held-request.ts';
import type { HoldResult } from '../core/hold.ts';
import { reference, type SshContext } from './context.ts';
import type { Allowed, Held } from './gatekeeper.ts';
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
export function askApproval(context: SshContext, q: HoldQuestion): Promise<HoldResult> {
  const { journal, gatekeeper } = context;
  const text = inWords(q.ssh);
  return holdForApproval(context, {
    recorder: journal,
    channel: q.channel,
    record: q.record,
    outcome: q.outcome,
    bundle: gatekeeper.engine.digest,
    statement: journal.shown(text),
    statementSha256: createHash('sha256').update(text).digest('hex'),
    params: [],
    paramsSha256: createHash('sha256').digest('hex'),
    tell: (request) => q.tell(`held for approval: ${q.outcome.reason}. ${approvalNeeds(request)} Ctrl-C withdraws it. Reference ${reference(context, q.record)}`),
    mayApprove: (approver) => gatekeeper.mayApprove(approver, q.ssh),
    signal: q.signal,
  });
}

/** Why a request does not go on. */
export interface Refusal {
  readonly reason: string;
  readonly policyIds: readonly string[];
  /** It was held and not approved: no policy said no. */
  readonly held?: boolean;
}

/** What follows from the end of a hold. Policy is asked again: an approval lifts only what it is for. */
export function afterHold(context: SshContext, result: HoldResult, ssh: SshRequest, outcome: Held): Allowed | (Refusal & { readonly effect: 'deny' }) {
  if (result.outcome !== 'approved') return { effect: 'deny', reason: notApproved(result), policyIds: outcome.policyIds, held: true };
  const again = context.gatekeeper.judge(ssh, true);
  return again.effect === 'allow' ? again : { effect: 'deny', reason: again.reason, policyIds: again.policyIds };
}
