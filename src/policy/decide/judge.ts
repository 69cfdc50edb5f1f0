/** The verdict on one operation: Cedar's answer, read with the annotations of the policies that determined it. */
import type { Action, Principal } from '../types.ts';
import type { Asker } from './asker.ts';
import type { EntityJson } from './cedar.ts';
import { withApproval } from './context.ts';
import type { Facts } from './context.ts';
import type { Lift, Policy } from './policy.ts';

export interface HeldPolicy {
  readonly id: string;
  readonly reason: string;
  readonly lift: Lift;
}

export type Verdict =
  | { readonly kind: 'allow'; readonly policyIds: readonly string[] }
  | { readonly kind: 'hold'; readonly held: readonly HeldPolicy[] }
  | { readonly kind: 'deny'; readonly reason: string; readonly policyIds: readonly string[] };

export interface Operation {
  readonly principal: Principal;
  readonly action: Action;
  readonly resource: EntityJson;
  /** `sql:truncate on public.orders`, for the message when no policy permits. */
  readonly what: string;
  /** The policy that would permit it, where a permit has to name the action. */
  readonly permit?: string;
}

/**
 * Judges one operation (design.md section 5). Held means: every determining forbid is liftable, and with the
 * approvals in hand the answer would be allow. So what no policy permits, or what a plain forbid also covers,
 * is denied at once instead of troubling an approver.
 */
export function judge(asker: Asker, policies: ReadonlyMap<string, Policy>, op: Operation, facts: Facts): Verdict {
  const first = asker.ask(op.principal, op.action, op.resource, facts);
  if (first.kind === 'failed') return failed(first.message);
  if (first.kind === 'allow') return { kind: 'allow', policyIds: first.policyIds };
  const forbids = determining(policies, first.policyIds);
  if (forbids === undefined) return failed('a determining policy is not known');
  const held = forbids.flatMap((p) => (p.lift === undefined ? [] : [{ id: p.id, reason: textOf(p), lift: p.lift }]));
  if (forbids.length === 0 || held.length < forbids.length || facts('approved') === true) return denied(op, forbids);

  const lifted = asker.ask(op.principal, op.action, op.resource, withApproval(facts));
  if (lifted.kind === 'failed') return failed(lifted.message);
  if (lifted.kind === 'allow') return { kind: 'hold', held };
  const remaining = determining(policies, lifted.policyIds);
  return remaining === undefined ? failed('a determining policy is not known') : denied(op, remaining);
}

function determining(policies: ReadonlyMap<string, Policy>, ids: readonly string[]): readonly Policy[] | undefined {
  const found = ids.flatMap((id) => policies.get(id) ?? []);
  return found.length === ids.length ? found : undefined;
}

const failed = (message: string): Verdict => ({
  kind: 'deny',
  reason: `denied because policy could not be evaluated: ${message}`,
  policyIds: [],
});

function denied(op: Operation, forbids: readonly Policy[]): Verdict {
  if (forbids.length === 0) return { kind: 'deny', reason: `no policy permits ${op.what} for ${op.principal.subject}${op.permit === undefined ? '' : `. A permit has to name it: ${op.permit}`}`, policyIds: [] };
  // Plain forbids say why approval would not help; liftable ones beside them would mislead.
  const plain = forbids.filter((p) => p.lift === undefined);
  const shown = plain.length > 0 ? plain : forbids;
  return { kind: 'deny', reason: joined(shown.map(textOf)), policyIds: forbids.map((p) => p.id) };
}

const textOf = (p: Policy): string => [p.reason ?? `policy ${p.id}`, p.advice].filter((x) => x !== undefined).join('. ');

/** Distinct texts, at most three: a message for people, not a log. */
export function joined(texts: readonly string[]): string {
  return [...new Set(texts)].slice(0, 3).join('; ');
}
