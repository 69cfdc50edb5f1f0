/**
 * The only file that talks to Cedar, for the policy of statements and for the store's own authorization alike. It turns
 * every way in which an evaluation can go wrong into `failed`, because Cedar skips a forbid that errors and may then
 * answer allow.
 */
import { setFlagsFromString } from 'node:v8';
import {
  checkParsePolicySet,
  policySetTextToParts,
  policyToJson,
  preparsePolicySet,
  statefulIsAuthorized,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { CedarValueJson, DetailedError, EntityJson, PolicyJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import { messageOf } from '../base/errors.ts';

export type { CedarValueJson, EntityJson, PolicyJson, TypeAndId };

// V8 of Node 20 loses the process when it leaves optimised code in the middle of a call into WebAssembly that it inlined.
setFlagsFromString('--no-turbo-inline-js-wasm-calls');

/** A Cedar complaint; `offset` counts UTF-8 bytes in the text that was given. */
export interface CedarProblem {
  readonly message: string;
  readonly offset: number | undefined;
  readonly policyId: string | undefined;
}

export type CedarAnswer =
  | { readonly kind: 'allow' | 'deny'; readonly policyIds: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string };

export interface CedarQuestion {
  readonly principal: EntityJson;
  readonly action: EntityJson;
  readonly resource: EntityJson;
  readonly context: Readonly<Record<string, CedarValueJson>>;
}

function problemOf(error: DetailedError, policyId?: string): CedarProblem {
  const label = error.sourceLocations?.[0];
  const notes = [label?.label, error.help].filter((x): x is string => typeof x === 'string' && x !== '');
  const message = error.message.replace(/^failed to parse polic(y|ies) from string: /, '');
  return { message: [message, ...notes].join('; '), offset: label?.start, policyId };
}

/** The single policies of a file's text, as written, or what is wrong with it. */
export function splitPolicies(text: string): { policies: readonly string[]; templates: number } | { problems: readonly CedarProblem[] } {
  const check = checkParsePolicySet({ staticPolicies: text });
  if (check.type === 'failure') return { problems: check.errors.map((e) => problemOf(e)) };
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') return { problems: parts.errors.map((e) => problemOf(e)) };
  return { policies: parts.policies, templates: parts.policy_templates.length };
}

export function parsePolicy(text: string): { json: PolicyJson } | { problems: readonly CedarProblem[] } {
  const answer = policyToJson(text);
  return answer.type === 'success' ? { json: answer.json } : { problems: answer.errors.map((e) => problemOf(e)) };
}

/** Strict validation of policies against a schema. Warnings count: a policy that can never apply is a mistake. */
export function validateAgainst(schema: string, policies: Readonly<Record<string, string>>): readonly CedarProblem[] {
  const answer = validate({ schema, policies: { staticPolicies: { ...policies } }, validationSettings: { mode: 'strict' } });
  if (answer.type === 'failure') return answer.errors.map((e) => problemOf(e));
  return [...answer.validationErrors, ...answer.validationWarnings].map((e) => problemOf(e.error, e.policyId));
}

/**
 * Registers a policy set in the thread's Cedar under `id` (replacing one of the same id).
 * @throws Error when Cedar refuses the set; it was parsed before, so that is a bug.
 */
export function registerPolicySet(id: string, policies: Readonly<Record<string, string>>): void {
  const answer = preparsePolicySet(id, { staticPolicies: { ...policies } });
  if (answer.type === 'failure') throw new Error(answer.errors.map((e) => e.message).join('; '));
}

/** Asks a registered set. Never throws; anything but a clean answer is `failed`. */
export function ask(policySetId: string, q: CedarQuestion): CedarAnswer {
  try {
    const answer = statefulIsAuthorized({
      principal: q.principal.uid,
      action: q.action.uid,
      resource: q.resource.uid,
      context: { ...q.context },
      entities: [q.principal, q.action, q.resource],
      preparsedPolicySetId: policySetId,
    });
    if (answer.type === 'failure') return { kind: 'failed', message: answer.errors.map((e) => e.message).join('; ') };
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0) {
      return { kind: 'failed', message: diagnostics.errors.map((e) => `${e.policyId}: ${e.error.message}`).join('; ') };
    }
    return { kind: decision === 'allow' ? 'allow' : 'deny', policyIds: diagnostics.reason };
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}
