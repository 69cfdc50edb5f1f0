/** Authorization of the store's routes by Cedar: deny unless a policy permits, and deny when anything goes wrong. */
import { z } from 'zod';
import { ask, parsePolicy, registerPolicySet, splitPolicies, validateAgainst } from '../../../cedar/engine.ts';
import { BugError } from '../../../base/errors.ts';
import type { Roles } from '../../../contract/store/index.ts';
import type { Relation } from '../../http/context.ts';
import { roleNames } from '../roles.ts';

export interface Authorizer {
  /** Actions that some policy is about. */
  readonly actions: ReadonlySet<string>;
  /** @param object the object at hand; undefined: the route as such */
  allows(roles: readonly string[], action: string, object?: Relation): boolean;
}

const SCHEMA_HEAD = `
entity Role;
entity Caller in [Role];
entity Store;
entity Thing { own: Bool, named: Bool };
`;

/** Actions as a policy's JSON names them: \`==\` one, \`in\` several. */
const scope = z.union([
  z.object({ op: z.literal('=='), entity: z.object({ id: z.string() }) }).transform((s) => [s.entity.id]),
  z.object({ op: z.literal('in'), entities: z.array(z.object({ id: z.string() })) }).transform((s) => s.entities.map((e) => e.id)),
]);

/**
 * @param setId name of the set in this thread's Cedar
 * @throws BugError when the policies do not parse, do not validate, or have one without a list of actions
 */
export function makeAuthorizer(setId: string, text: string): Authorizer {
  const split = splitPolicies(text);
  if ('problems' in split) throw new BugError(`the store's policies: ${split.problems.map((p) => p.message).join('; ')}`);
  const policies: Record<string, string> = {};
  const actions = new Set<string>();
  for (const [n, one] of split.policies.entries()) {
    const parsed = parsePolicy(one);
    if ('problems' in parsed) throw new BugError(`policy ${n}: ${parsed.problems.map((p) => p.message).join('; ')}`);
    const named = scope.safeParse(parsed.json.action);
    if (!named.success) throw new BugError(`policy ${n} must name its actions`);
    if (parsed.json.effect === 'permit') for (const action of named.data) actions.add(action);
    policies[parsed.json.annotations?.['id'] ?? `policy${n}`] = one;
  }
  const declared = [...actions].map((a) => `action ${JSON.stringify(a)} appliesTo { principal: [Caller], resource: [Store, Thing] };`);
  const problems = validateAgainst(`${SCHEMA_HEAD}${declared.join('\n')}`, policies);
  if (problems.length > 0) throw new BugError(`the store's policies: ${problems.map((p) => `${p.policyId ?? ''}: ${p.message}`).join('; ')}`);
  registerPolicySet(setId, policies);
  return { actions, allows: decide(setId) };
}

function decide(setId: string): Authorizer['allows'] {
  // Roles, actions and relations are few, so every answer is worked out once.
  const known = new Map<string, boolean>();
  return (roles, action, object) => {
    const key = `${[...roles].sort().join(',')} ${action} ${object === undefined ? '' : `${object.own} ${object.named === true}`}`;
    let allowed = known.get(key);
    if (allowed === undefined) {
      const answer = ask(setId, {
        principal: { uid: { type: 'Caller', id: 'caller' }, attrs: {}, parents: roles.map((id) => ({ type: 'Role', id })) },
        action: { uid: { type: 'Action', id: action }, attrs: {}, parents: [] },
        resource:
          object === undefined
            ? { uid: { type: 'Store', id: 'store' }, attrs: {}, parents: [] }
            : { uid: { type: 'Thing', id: 'thing' }, attrs: { own: object.own, named: object.named === true }, parents: [] },
        context: {},
      });
      if (answer.kind === 'failed') throw new BugError(`the store's policies could not be asked: ${answer.message}`);
      allowed = answer.kind === 'allow';
      known.set(key, allowed);
    }
    return allowed;
  };
}

/** Roles of whoever calls: what they have proven, and what their groups give them. */
export function callerRoles(user: { readonly roles: Readonly<Roles> } | undefined, hasDevice: boolean): string[] {
  return ['anybody', ...(user === undefined ? [] : ['signed_in', ...roleNames(user.roles)]), ...(hasDevice ? ['device'] : [])];
}

/** Relation of a caller to what belongs to one person. */
export const ownedBy = (owner: Person, caller: Person): Relation => ({ own: owner.iss === caller.iss && owner.sub === caller.sub });

interface Person {
  readonly iss: string;
  readonly sub: string;
}
