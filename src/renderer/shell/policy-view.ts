/** The policy in the status bar. */
import type { AppStatus } from '../../contract/ipc/app.ts';
import { formatAge } from '../../ui/format.ts';

/** The store is looked at each minute; a missed look or two is nothing to worry a person with. */
const FRESH_MS = 5 * 60_000;
/** A policy that was not verified anew for this long is shown as old. */
const OLD_POLICY_MS = 24 * 3_600_000;

export interface PolicyView {
  readonly tone: 'allow' | 'hold' | 'deny';
  readonly text: string;
  readonly help: string;
}

/** What the status bar says about the policy. Pure. */
export function policyView(policy: AppStatus['policy']): PolicyView {
  if (policy === null) return { tone: 'deny', text: 'No policy: all denied', help: 'Without an active policy everything is denied.' };
  const { problem } = policy;
  const name = `${policy.name} #${policy.serial}`;
  if (problem?.kind === 'stopped' || problem?.kind === 'expired') return { tone: 'deny', text: `${name} · break-glass only`, help: problem.why };
  if (policy.ageMs === undefined) return { tone: 'allow', text: `${name} · local directory`, help: `Nobody signed it. Bundle digest ${policy.digest}` };
  const text = `${name} · ${policy.ageMs < FRESH_MS ? 'fresh' : `verified ${formatAge(policy.ageMs)} ago`}`;
  return { tone: problem !== undefined || policy.ageMs > OLD_POLICY_MS ? 'hold' : 'allow', text, help: problem === undefined || problem.why === '' ? `Bundle digest ${policy.digest}` : problem.why };
}
