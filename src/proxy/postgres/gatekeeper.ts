/**
 * Asks policy about one message's statements and unites the answers: a denial of any denies all, a hold of any holds
 * all, since the server takes the message whole.
 */
import type { Clock } from '../../base/clock.ts';
import type { MaskPlan, Outcome, PolicyEngine, Principal, RecordLevel, Request, StatementAnalysis } from '../../policy/types.ts';
import type { Caller } from '../core/endpoint.ts';
import { orderProblem } from './statement-order.ts';

export type Verdict =
  | { readonly effect: 'deny'; readonly reason: string; readonly policyIds: readonly string[] }
  | { readonly effect: 'hold'; readonly reason: string; readonly policyIds: readonly string[]; readonly approvers: readonly string[]; readonly quorum: number; readonly expiresMs: number }
  | { readonly effect: 'allow'; readonly policyIds: readonly string[]; readonly plans: readonly MaskPlan[]; readonly level: RecordLevel };

const LEVELS: readonly RecordLevel[] = ['statement', 'masked', 'full', 'sealed'];

export class Gatekeeper {
  readonly engine: PolicyEngine;
  readonly #caller: Caller;
  readonly #clock: Clock;
  /** Of single statements: who asks, from where and by which policy never changes within a session. */
  readonly #verdicts = new WeakMap<StatementAnalysis, Verdict>();

  constructor(engine: PolicyEngine, caller: Caller, clock: Clock) {
    this.engine = engine;
    this.#caller = caller;
    this.#clock = clock;
  }

  request(statement: StatementAnalysis | undefined, approved: boolean, action: Request['action'] = 'connect'): Request {
    return { ...this.#caller, timeMs: this.#clock.nowMs(), approved, action: statement?.facts.operations[0]?.action ?? action, ...(statement ? { statement } : {}) };
  }

  connect(): Outcome {
    return this.engine.decide(this.request(undefined, false));
  }

  /** @param unsettled the session has changed objects or settings in a transaction that is still open */
  judge(statements: readonly StatementAnalysis[], approved: boolean, unsettled = false): Verdict {
    const single = approved || this.engine.asksTime || statements.length !== 1 ? undefined : statements[0];
    const known = single && this.#verdicts.get(single);
    if (known) return known;
    const verdict = this.#judge(statements, approved, unsettled);
    if (single) this.#verdicts.set(single, verdict);
    return verdict;
  }

  #judge(statements: readonly StatementAnalysis[], approved: boolean, unsettled: boolean): Verdict {
    // Without data classes no catalog is asked: names are taken as they are spelled.
    const order = this.engine.classes.length === 0 ? undefined : orderProblem(statements, unsettled);
    if (order !== undefined) return { effect: 'deny', reason: order, policyIds: [] };
    const outcomes = statements.map((s) => this.engine.decide(this.request(s, approved)));
    const denied = outcomes.find((o) => o.effect === 'deny');
    if (denied) return denied;
    const held = outcomes.filter((o) => o.effect === 'hold');
    if (held.length > 0) return uniteHolds(held);
    const allowed = outcomes.filter((o) => o.effect === 'allow');
    const level = LEVELS[Math.max(0, ...allowed.map((o) => LEVELS.indexOf(o.recordLevel)))] ?? 'masked';
    return { effect: 'allow', policyIds: unique(allowed.flatMap((o) => o.policyIds)), plans: allowed.map((o) => o.maskPlan), level };
  }

  mayApprove(approver: Principal, statements: readonly StatementAnalysis[]): { allowed: boolean; reason: string } {
    for (const s of statements) {
      const answer = this.engine.mayApprove(approver, this.request(s, false));
      if (!answer.allowed) return answer;
    }
    return { allowed: true, reason: '' };
  }
}

function uniteHolds(held: readonly (Outcome & { effect: 'hold' })[]): Verdict {
  const first = held[0];
  // Approvers must satisfy every hold: with differing groups only those in all lists can.
  const approvers = (first?.approvers ?? []).filter((g) => held.every((h) => h.approvers.includes(g)));
  const policyIds = unique(held.flatMap((h) => h.policyIds));
  if (approvers.length === 0) return { effect: 'deny', reason: 'the statements of this query need approval by different groups; send them one by one', policyIds };
  return {
    effect: 'hold',
    reason: unique(held.map((h) => h.reason)).join('; '),
    policyIds,
    approvers,
    quorum: Math.max(...held.map((h) => h.quorum)),
    expiresMs: Math.min(...held.map((h) => h.expiresMs)),
  };
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
