/** Who may approve a held request: never the requester, a member of every held policy's groups, permitted by Cedar. */
import type { Outcome, Principal, Request } from '../types.ts';
import type { Asker } from './asker.ts';
import { approveFacts } from './context.ts';
import { connectionEntity } from './entities.ts';
import { judge } from './judge.ts';
import type { Policy } from './policy.ts';

interface Policies {
  readonly asker: Asker;
  readonly policies: ReadonlyMap<string, Policy>;
  decide(request: Request): Outcome;
}

type Answer = { allowed: boolean; reason: string };
const no = (reason: string): Answer => ({ allowed: false, reason });

/** One person may hold accounts at two issuers, so the subject alone tells people apart, whatever its case. */
function samePerson(a: Principal, b: Principal): boolean {
  return a.subject.toLowerCase() === b.subject.toLowerCase();
}

export function mayApprove(p: Policies, approver: Principal, request: Request): Answer {
  const requester = request.principal;
  if (approver.kind !== 'User') return no('only a person can approve');
  if (samePerson(approver, requester)) return no('nobody approves their own request');
  const outcome = p.decide({ ...request, approved: false });
  if (outcome.effect !== 'hold') return no('policy does not hold this request');
  for (const id of outcome.policyIds) {
    const groups = p.policies.get(id)?.lift?.groups ?? [];
    if (!groups.some((g) => approver.groups.includes(g))) return no(`${approver.subject} is in none of the groups that policy ${id} asks for: ${groups.join(', ')}`);
  }
  const op = { principal: approver, action: 'approve' as const, resource: connectionEntity(request.connection), what: `approve on ${request.connection.name}` };
  const verdict = judge(p.asker, p.policies, op, approveFacts(request, requester, outcome.policyIds));
  switch (verdict.kind) {
    case 'allow':
      return { allowed: true, reason: `permitted by ${verdict.policyIds.join(', ')}` };
    case 'deny':
      return no(verdict.reason);
    case 'hold':
      return no('an approval cannot itself wait for approval');
  }
}
