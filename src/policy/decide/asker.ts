/**
 * Asks Cedar about one operation and remembers the answer. Policies are split by action, so that a question
 * carries only the policies whose scope can match it; scopes cannot error, so the split never hides an error.
 */
import { limits } from '../../base/limits.ts';
import type { Action, Principal } from '../types.ts';
import { coversAction, factsRead } from './ast.ts';
import { ask, registerPolicySet } from './cedar.ts';
import type { CedarAnswer, EntityJson } from './cedar.ts';
import { project } from './context.ts';
import type { Facts } from './context.ts';
import { actionEntity, actionNames, principalEntity } from './entities.ts';
import { Lru } from './lru.ts';
import type { FACTS } from './schema.ts';
import type { Policy } from './policy.ts';

interface ActionSet {
  readonly id: string;
  readonly action: EntityJson;
  readonly facts: ReadonlySet<string> | 'all';
  readonly usesTime: boolean;
}

interface KnownPrincipal {
  readonly key: string;
  readonly entity: EntityJson;
}

export class Asker {
  readonly #scope: string;
  readonly #policies: readonly Policy[];
  readonly #sets = new Map<Action, ActionSet>();
  readonly #answers: Lru<CedarAnswer>;
  readonly #principals = new WeakMap<Principal, KnownPrincipal>();

  /** `scope` names the bundle (its digest): sets of the same scope and action replace each other in Cedar's cache. */
  constructor(scope: string, policies: readonly Policy[], cacheEntries: number = limits.decisionCacheEntries) {
    this.#scope = scope;
    this.#policies = policies;
    this.#answers = new Lru(cacheEntries);
  }

  /** Any policy reads the fact. */
  reads(fact: (typeof FACTS)[number]): boolean {
    return this.#policies.some((p) => {
      const facts = factsRead(p.json);
      return facts === 'all' || facts.has(fact);
    });
  }

  principalKey(principal: Principal): string {
    return this.#principal(principal).key;
  }

  /** Only facts that the action's policies read are sent. */
  ask(principal: Principal, action: Action, resource: EntityJson, facts: Facts): CedarAnswer {
    const set = this.#setOf(action);
    const who = this.#principal(principal);
    const context = project(facts, set.facts);
    const question = { principal: who.entity, action: set.action, resource, context };
    if (set.usesTime) return ask(set.id, question);
    const key = `${action}\0${JSON.stringify(resource)}\0${JSON.stringify(context)}\0${who.key}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(set.id, question);
    // A failure may be transient inside the engine; it denies now and is asked again next time.
    if (answer.kind !== 'failed') this.#answers.set(key, answer);
    return answer;
  }

  #principal(principal: Principal): KnownPrincipal {
    const known = this.#principals.get(principal);
    if (known !== undefined) return known;
    const entity = principalEntity(principal);
    const made = { key: JSON.stringify(entity), entity };
    this.#principals.set(principal, made);
    return made;
  }

  #setOf(action: Action): ActionSet {
    const known = this.#sets.get(action);
    if (known !== undefined) return known;
    const names = new Set(actionNames(action));
    const policies = this.#policies.filter((p) => coversAction(p.json, names));
    const id = `${this.#scope}/${action}`;
    registerPolicySet(id, Object.fromEntries(policies.map((p) => [p.id, p.text])));
    const made: ActionSet = { id, action: actionEntity(action), ...factsOf(policies) };
    this.#sets.set(action, made);
    return made;
  }
}

function factsOf(policies: readonly Policy[]): { facts: ReadonlySet<string> | 'all'; usesTime: boolean } {
  const union = new Set<string>();
  for (const p of policies) {
    const facts = factsRead(p.json);
    if (facts === 'all') return { facts: 'all', usesTime: true };
    for (const f of facts) union.add(f);
  }
  return { facts: union, usesTime: union.has('time') };
}
