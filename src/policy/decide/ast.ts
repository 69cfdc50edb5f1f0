/** Questions about a policy's syntax tree (Cedar's JSON form) that the lint and the engine ask. */
import type { PolicyJson } from './cedar.ts';

type Node = Readonly<Record<string, unknown>>;
const isNode = (v: unknown): v is Node => typeof v === 'object' && v !== null && !Array.isArray(v);

function some(value: unknown, hit: (node: Node) => boolean): boolean {
  if (Array.isArray(value)) return value.some((v) => some(v, hit));
  if (!isNode(value)) return false;
  return hit(value) || Object.values(value).some((v) => some(v, hit));
}

const isContextVar = (v: unknown): boolean => isNode(v) && v['Var'] === 'context';

/** The fact that a `context.x` or `context has x` node names. */
function factOf(node: Node): string | undefined {
  for (const op of ['.', 'has']) {
    const body = node[op];
    if (!isNode(body) || !isContextVar(body['left'])) continue;
    const attr = body['attr'];
    const first: unknown = Array.isArray(attr) ? attr[0] : attr;
    if (typeof first === 'string') return first;
  }
  return undefined;
}

/** Facts of the context that a policy reads; 'all' when it uses the context as a whole. */
export function factsRead(policy: PolicyJson): ReadonlySet<string> | 'all' {
  const facts = new Set<string>();
  let bare = 0;
  some(policy.conditions, (node) => {
    if (node['Var'] === 'context') bare++;
    const fact = factOf(node);
    if (fact !== undefined) {
      facts.add(fact);
      bare--;
    }
    return false;
  });
  return bare > 0 ? 'all' : facts;
}

/** True when an `unless` of the policy reads `context.approved`: without it approvals could never lift the policy. */
export function lapsesOnApproval(policy: PolicyJson): boolean {
  return policy.conditions.some((c) => c.kind === 'unless' && some(c.body, (node) => factOf(node) === 'approved'));
}

/** True when the policy speaks of agents by type, in its scope or its conditions. */
export function namesAgent(policy: PolicyJson): boolean {
  return some([policy.principal, policy.conditions], (node) => node['entity_type'] === 'Agent' || node['type'] === 'Agent');
}

/** True when the policy's action scope covers one of `actions` (an action and the groups it is in). */
export function coversAction(policy: PolicyJson, actions: ReadonlySet<string>): boolean {
  const scope = policy.action;
  if (scope.op === 'All') return true;
  const entities = 'entities' in scope ? scope.entities : 'entity' in scope ? [scope.entity] : [];
  return entities.some((e) => isNode(e) && actions.has(uidOf(e).id));
}

/** Cedar prints an entity uid plainly or under `__entity`. */
function uidOf(e: Node): { id: string } {
  const inner = isNode(e['__entity']) ? e['__entity'] : e;
  return { id: typeof inner['id'] === 'string' ? inner['id'] : '' };
}
