/**
 * The words in which a client learns, in any protocol, that a request did not run: refused by policy, or held and not
 * approved. Our own clients read them again where a protocol has no field that says who refuses.
 */

const BY_POLICY = 'denied by policy: ';
/** How what the proxy says in the target's place ends: session and record number. */
const TOLD = /\. Reference (\S+\/\d+)$/;

/** @param reason policy's, or that of the fail-closed rule */
export const deniedByPolicy = (reason: string): string => `${BY_POLICY}${reason}`;

/** How a hold ended without an approval. */
export type HoldEnd =
  | { readonly outcome: 'denied'; readonly by: string; readonly reason: string }
  /** `reason`: how it ended, `withdrawn before a decision` say. */
  | { readonly outcome: 'expired' | 'cancelled' | 'refused'; readonly reason: string };

export function notApproved(end: HoldEnd): string {
  const reason = end.reason.trim().replace(/\.$/, '');
  const what = end.outcome === 'denied' ? `refused by ${end.by}${reason === '' ? '' : `: ${reason}`}` : reason;
  return `${what}; it did not run`;
}

export const WITHDRAWN = 'withdrawn before a decision';

/** @param lifetimeMs of the request for approval */
export function expiredAfter(lifetimeMs: number): string {
  const seconds = Math.round(lifetimeMs / 1_000);
  const [n, unit] = seconds < 60 ? [seconds, 'second'] : [Math.round(seconds / 60), 'minute'];
  return `expired after ${n} ${unit}${n === 1 ? '' : 's'} without a decision`;
}

/** Everything in one text, for protocols that have no fields for it. */
export function asText(message: string, policyIds: readonly string[], reference: string): string {
  const policies = policyIds.length > 0 ? ` Policies: ${policyIds.join(', ')}.` : '';
  return `${message}.${policies} Reference ${reference}`;
}

/** Why, without what every such text begins with. */
export const reasonIn = (text: string): string => (text.startsWith(BY_POLICY) ? text.slice(BY_POLICY.length) : text);

/** @returns why, with policies and reference; undefined for what the target itself says */
export const refusalIn = (text: string): string | undefined => (TOLD.test(text) ? reasonIn(text) : undefined);
