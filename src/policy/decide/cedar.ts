/** Cedar with the product's schema. The engine itself, which the store's authorization uses too, is src/cedar. */
import { type CedarProblem, validateAgainst } from '../../cedar/engine.ts';
import { CEDAR_SCHEMA } from './schema.ts';

export { ask, parsePolicy, registerPolicySet, splitPolicies } from '../../cedar/engine.ts';
export type { CedarAnswer, CedarProblem, CedarQuestion, CedarValueJson, EntityJson, PolicyJson, TypeAndId } from '../../cedar/engine.ts';

/** Strict validation of policies against the product's schema. Warnings count: a policy that can never apply is a mistake. */
export const validatePolicies = (policies: Readonly<Record<string, string>>): readonly CedarProblem[] => validateAgainst(CEDAR_SCHEMA, policies);
