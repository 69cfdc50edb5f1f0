/**
 * To which operations and filters of a statement its outcome is owed. Each is put to the same decision alone: the one
 * decision function asks policy about each operation by itself, so what it says of one is what it counted.
 */
import { limits } from '../../base/limits.ts';
import type { Outcome, SqlOperation, StatementAnalysis } from '../types.ts';
import type { Bench } from './types.ts';

export type Predicate = StatementAnalysis['predicates'][number];

export interface Culprits {
  readonly operations: readonly { readonly operation: SqlOperation; readonly outcome: Stopped }[];
  readonly predicates: readonly { readonly predicate: Predicate; readonly outcome: Stopped }[];
}

export type Stopped = Exclude<Outcome, { effect: 'allow' }>;

const QUIET: StatementAnalysis['effects'] = { settings: false, catalog: false, copyOut: false, copyIn: false };

/** @param subject a statement, or the one inside PREPARE or DECLARE, that is not refused by the analysis */
export function culpritsOf(subject: StatementAnalysis, effect: Stopped['effect'], bench: Bench): Culprits {
  const alone = (operations: readonly SqlOperation[], predicates: readonly Predicate[]): Outcome =>
    bench.decide({ ...subject, facts: { ...subject.facts, operations }, predicates, effects: QUIET });
  const operations = subject.facts.operations.slice(0, limits.explainedParts).flatMap((operation) => {
    const outcome = alone([operation], []);
    return outcome.effect === effect ? [{ operation, outcome }] : [];
  });
  if (subject.predicates.length === 0) return { operations, predicates: [] };
  // A filter cannot be asked about without an operation: what changes when it is added is its own part.
  const carrier = subject.facts.operations.slice(0, 1);
  const without = alone(carrier, []);
  const predicates = subject.predicates.slice(0, limits.explainedParts).flatMap((predicate) => {
    const outcome = alone(carrier, [predicate]);
    return outcome.effect === effect && !same(outcome, without) ? [{ predicate, outcome }] : [];
  });
  return { operations, predicates };
}

const same = (a: Stopped, b: Outcome): boolean => a.effect === b.effect && a.reason === b.reason && a.policyIds.join() === b.policyIds.join();
