/** Decisions as the store relays them: read for display, not trusted. `verifyDecision` decides what counts. */
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import { parseApprovalDecision } from '../../evidence/approval.ts';
import { parseEnvelope, payloadJson } from '../../evidence/dsse.ts';
import type { SignedDecision } from './ports.ts';

/** @throws EnvironmentError env.store when one of them is not an envelope around a decision. */
export function signedDecisions(list: readonly { readonly envelope: string }[]): SignedDecision[] {
  return list.map(({ envelope }) => {
    try {
      return { envelope, decision: parseApprovalDecision(payloadJson(parseEnvelope(envelope, 'approval-decision'))) };
    } catch (cause) {
      throw new EnvironmentError('env.store', `the store relayed a decision that makes no sense: ${messageOf(cause)}`, { cause });
    }
  });
}
