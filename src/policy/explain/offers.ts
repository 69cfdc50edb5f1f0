/** What would be allowed instead. Nothing is offered that the decision function has not allowed, as it would be sent. */
import { limits } from '../../base/limits.ts';
import type { Outcome, StatementAnalysis, TextPlace } from '../types.ts';
import type { Bench, Candidate, Draft, Offer, TextEdit } from './types.ts';

/** How many changed statements may still be analysed: explaining a long script must not hold up the process. */
export class Budget {
  #left: number;
  constructor(left: number = limits.offersChecked) {
    this.#left = left;
  }

  take(): boolean {
    if (this.#left <= 0) return false;
    this.#left -= 1;
    return true;
  }
}

export interface Judged {
  readonly analysis: StatementAnalysis;
  readonly outcome: Outcome;
}

/** Further drafts for a statement that is still stopped after a change. */
export type Redraft = (judged: Judged) => readonly Draft[];

/** Several causes may have to go before a statement is allowed. */
const MAX_STEPS = 3;

export function checkedOffers(judged: Judged, draft: Draft, bench: Bench, budget: Budget, redraft: Redraft): Offer[] {
  const offers = new Map<string, Offer>();
  for (const candidate of draft.candidates) {
    const offer = checked(judged, draft, candidate, bench, budget, redraft);
    if (offer?.kind !== 'edit') continue;
    // Two ways to the same text are one offer.
    const text = applied(judged.analysis.sql, offer.edits);
    if (!offers.has(text)) offers.set(text, offer);
  }
  return [...offers.values()];
}

function checked(judged: Judged, draft: Draft, candidate: Candidate, bench: Bench, budget: Budget, redraft: Redraft): Offer | undefined {
  const { sql } = judged.analysis;
  const labels = [candidate.label];
  let changed = applied(sql, candidate.edits);
  for (let step = 1; step <= MAX_STEPS; step++) {
    const after = judgedAgain(judged, changed, bench, budget);
    if (after === undefined) return undefined;
    if (reached(judged, after, draft)) {
      if (step === 1) return { kind: 'edit', label: candidate.label, edits: candidate.edits, ...filled(candidate) };
      return { kind: 'edit', label: together(labels), edits: [smallest(sql, changed)] };
    }
    if (draft.severity === 'masked') return undefined;
    const next = redraft(after).find((d) => d.candidates.length > 0)?.candidates[0];
    if (next === undefined) return undefined;
    labels.push(next.label);
    changed = applied(changed, next.edits);
  }
  return undefined;
}

/** The changed text as one statement of the same kind, decided as it would be when sent; undefined when it is none. */
function judgedAgain({ analysis }: Judged, sql: string, bench: Bench, budget: Budget): Judged | undefined {
  if (sql === analysis.sql || !budget.take()) return undefined;
  const [changed, ...more] = bench.analyse(sql);
  if (changed === undefined || more.length > 0 || changed.facts.statement !== analysis.facts.statement) return undefined;
  return { analysis: changed, outcome: bench.decide(changed) };
}

function reached(before: Judged, after: Judged, draft: Draft): boolean {
  if (after.outcome.effect !== 'allow') return false;
  return draft.severity !== 'masked' || maskedCount(after.outcome) < maskedCount(before.outcome);
}

function maskedCount(outcome: Outcome): number {
  if (outcome.effect !== 'allow' || outcome.maskPlan.columns === 'detect_all') return Infinity;
  return outcome.maskPlan.columns.filter((c) => c !== 'detect').length;
}

/** The text with its edits; they do not overlap. */
export function applied(sql: string, edits: readonly TextEdit[]): string {
  return [...edits].sort((a, b) => b.start - a.start).reduce((text, e) => text.slice(0, e.start) + e.insert + text.slice(e.end), sql);
}

function filled({ edits, fill }: Candidate): { select?: TextPlace } {
  const edit = fill === undefined ? undefined : edits[fill.edit];
  if (edit === undefined || fill === undefined) return {};
  const shift = edits.filter((e) => e.start < edit.start).reduce((sum, e) => sum + e.insert.length - (e.end - e.start), edit.start);
  return { select: { start: shift + fill.start, end: shift + fill.end } };
}

/** The one edit that turns `before` into `after`, without what both begin and end with. */
function smallest(before: string, after: string): TextEdit {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let tail = 0;
  while (tail < Math.min(before.length, after.length) - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return { start, end: before.length - tail, insert: after.slice(start, after.length - tail) };
}

const together = (labels: readonly string[]): string => [...new Set(labels)].map((l, i) => (i === 0 ? l : l.charAt(0).toLowerCase() + l.slice(1))).join(', ');
