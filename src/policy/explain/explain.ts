/**
 * Says why a statement is denied, held or masked: one sentence for each cause, at its place in the text, with changes
 * that would be allowed. It decides nothing: it reads what the analysis and the one decision function have said.
 */
import { limits } from '../../base/limits.ts';
import { maskTokenSpans } from '../mask/token.ts';
import type { Outcome, StatementAnalysis, TextPlace } from '../types.ts';
import { culpritsOf } from './culprits.ts';
import { filterDraft } from './filters.ts';
import { maskedDrafts } from './masked.ts';
import { Budget, checkedOffers } from './offers.ts';
import type { Judged } from './offers.ts';
import { refusalDraft } from './refusals.ts';
import { tokensOf } from './tokens.ts';
import type { Tokens } from './tokens.ts';
import type { Bench, Draft, Explanation, Offer, Severity } from './types.ts';
import { code, listed, oneSentence, waitsFor } from './words.ts';
import { operationDraft } from './writes.ts';

const ORDER: Readonly<Record<Severity, number>> = { denied: 0, held: 1, masked: 2, hint: 3 };

/**
 * @param outcome what the decision function said of this very analysis
 * @param budget shared by the statements of one text
 */
export function explain(analysis: StatementAnalysis, outcome: Outcome, bench: Bench, budget: Budget = new Budget()): Explanation[] {
  const judged = { analysis, outcome };
  const drafts = [...draftsOf(judged, bench)].sort((a, b) => ORDER[a.severity] - ORDER[b.severity] || a.at.start - b.at.start);
  return drafts.slice(0, limits.explanationsPerStatement).map((draft) => ({
    at: within(analysis.sql, draft.at),
    severity: draft.severity,
    sentence: sentence(draft.sentence),
    offers: [...checkedOffers(judged, draft, bench, budget, (again) => draftsOf(again, bench)), ...asking(draft, outcome)],
  }));
}

function draftsOf({ analysis, outcome }: Judged, bench: Bench): readonly Draft[] {
  const t = tokensOf(analysis.sql);
  const subject = analysis.effects.declare?.body ?? analysis.effects.prepare?.body ?? analysis;
  const refusal = analysis.refusal ?? subject.refusal;
  if (refusal !== undefined) return [refusalDraft(t, subject, refusal, bench)];
  if (outcome.effect === 'allow') return maskedDrafts(t, analysis, outcome.maskPlan, bench);
  const tokens = analysis.facts.writes ? tokenDrafts(analysis.sql) : [];
  if (outcome.effect === 'deny' && tokens.length > 0) return tokens;
  const drafts = stopped(t, subject, outcome, bench);
  if (drafts.length > 0) return drafts;
  const severity = outcome.effect === 'hold' ? 'held' : 'denied';
  const end = outcome.effect === 'hold' ? waitsFor(outcome) : 'is denied';
  return [{ at: { start: 0, end: analysis.sql.length }, severity, sentence: `${code(analysis.facts.statement)} ${end}: ${oneSentence(outcome.reason)}`, candidates: [] }];
}

/** A token of a masked result that is written back: to the server it is any text. */
const tokenDrafts = (sql: string): Draft[] =>
  maskTokenSpans(sql).map((at) => ({ at, severity: 'denied', sentence: `${code(sql.slice(at.start, at.end))} stands for a masked value: writing it would put the token in its place, so it is denied`, candidates: [] }));

function stopped(t: Tokens, subject: StatementAnalysis, outcome: Exclude<Outcome, { effect: 'allow' }>, bench: Bench): Draft[] {
  const culprits = culpritsOf(subject, outcome.effect, bench);
  const limited = subject.facts.hasWhere && !subject.facts.tautology;
  const unmasked = orderable(subject, bench);
  const drafts: Draft[] = [];
  const said = new Set<string>();
  const add = (draft: Draft, cause: string): void => {
    if (said.has(cause) || said.has(draft.sentence)) return;
    said.add(cause).add(draft.sentence);
    drafts.push(draft);
  };
  for (const c of culprits.operations) {
    const draft = operationDraft(t, c, limited, bench);
    // A fact of the whole statement denies every operation of it: the first says it.
    add(draft, c.outcome.effect === 'deny' && c.outcome.policyIds.length > 0 ? `${c.outcome.policyIds.join()} ${c.outcome.reason}` : draft.sentence);
  }
  for (const c of culprits.predicates) {
    const draft = filterDraft(t, c, bench, unmasked);
    add(draft, `filter ${draft.at.start} ${draft.at.end}`);
  }
  return drafts;
}

/** Names that an ORDER BY of the statement may use without telling anything of a masked value; `id` first. */
function orderable(subject: StatementAnalysis, bench: Bench): string[] {
  if (typeof subject.output === 'string') return [];
  const open = subject.output.filter((c) => c.name !== '' && c.name !== '?column?' && c.sources.every((s) => bench.classify(s) === undefined)).map((c) => c.name);
  const once = open.filter((name) => open.indexOf(name) === open.lastIndexOf(name));
  return [...once.filter((n) => n === 'id'), ...once.filter((n) => n !== 'id')];
}

const asking = (draft: Draft, outcome: Outcome): Offer[] =>
  draft.severity === 'held' && outcome.effect === 'hold' ? [{ kind: 'ask', label: `Ask ${listed(outcome.approvers, 'or')}`, approvers: outcome.approvers }] : [];

const within = (sql: string, at: TextPlace): TextPlace => {
  const start = Math.min(Math.max(0, at.start), sql.length);
  return { start, end: Math.min(Math.max(at.end, start), sql.length) };
};

const sentence = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  const first = line.charAt(0).toUpperCase() + line.slice(1);
  return /[.?!]$/.test(first) ? first : `${first}.`;
};
