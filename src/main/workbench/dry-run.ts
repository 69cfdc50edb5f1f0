/** The forecast: what the proxy's own analysis and decision say of a text before it runs, and why, in the window's words. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '../../base/limits.ts';
import type { DryRunReply, DryRunStatement, Explanation } from '../../contract/ipc/workbench.ts';
import { Budget, explain, type Bench, type Offer } from '../../policy/explain/index.ts';
import { parseSql } from '../../policy/parse.ts';
import type { MaskPlan, Outcome, StatementAnalysis } from '../../policy/types.ts';
import { splitSql } from '../../ui/sql-tokens.ts';

interface Part {
  readonly from: number;
  readonly analysis: StatementAnalysis;
}
type Refusal = NonNullable<StatementAnalysis['refusal']>;
type Unparsed = Extract<DryRunReply, { state: 'decided' }>['unparsed'][number];

/** How long main may be busy before it looks at other things. */
const TURN_MS = 10;

/** @throws the signal's reason when it is aborted: the text has changed */
export async function forecast(sql: string, bench: Bench, signal: AbortSignal): Promise<DryRunReply> {
  const began = performance.now();
  const { parts, unparsed, stopped } = partsOf(sql, bench);
  if (parts.length === 0 && stopped !== undefined) return stopped;
  const budget = new Budget();
  const statements: DryRunStatement[] = [];
  let turn = performance.now();
  for (const part of parts) {
    if (performance.now() - turn > TURN_MS) {
      await nextTurn();
      signal.throwIfAborted();
      turn = performance.now();
    }
    statements.push(toStatement(part, bench, statements.length < limits.explainedStatements ? budget : undefined));
  }
  return { state: 'decided', statements, unparsed: [...unparsed], elapsedMs: performance.now() - began };
}

/** Why a text was stopped, with places in it. */
export function explainText(sql: string, bench: Bench): Explanation[] {
  const budget = new Budget();
  return partsOf(sql, bench).parts.flatMap((part) => explanationsOf(part, bench.decide(part.analysis), bench, budget)).filter((e) => e.severity === 'denied' || e.severity === 'held');
}

/** The text's statements. Where it does not parse as a whole, each statement for itself: one is being typed, others stand. */
function partsOf(sql: string, bench: Bench): { parts: readonly Part[]; unparsed: readonly Unparsed[]; stopped?: DryRunReply } {
  const whole = bench.analyse(sql);
  const failed = whole.find((s) => s.refusal?.code === 'parse')?.refusal;
  if (failed === undefined) return { parts: placed(sql, whole), unparsed: [] };
  const lead = sql.length - sql.trimStart().length;
  const { message, from, to } = whereStopped(sql, failed, lead, sql.trimEnd().length);
  const stopped: DryRunReply = { state: 'unparsed', message, at: { from, to } };
  const ranges = splitSql(sql);
  if (ranges.length < 2 || ranges.length > limits.explainedStatements) return { parts: [], unparsed: [], stopped };
  const parts: Part[] = [];
  const unparsed: Unparsed[] = [];
  for (const range of ranges) {
    const [analysis, ...more] = bench.analyse(sql.slice(range.from, range.to));
    if (analysis !== undefined && more.length === 0 && analysis.refusal?.code !== 'parse') parts.push({ from: range.from, analysis });
    else unparsed.push(whereStopped(sql, analysis?.refusal ?? failed, range.from, range.to));
  }
  return { parts, unparsed, stopped };
}

/** Where the parser stopped in the part of the text from `from` to `to`. */
function whereStopped(sql: string, { message, at }: Refusal, from: number, to: number): Unparsed {
  const place = at === undefined ? { from, to } : { from: from + at.start, to: from + at.end };
  return { start: from, ...(place.to > place.from ? place : lastWord(sql, place.from)), message: syntax(message) };
}

/** At the end of the input there is nothing to point at but what stands last. */
function lastWord(sql: string, end: number): { from: number; to: number } {
  const to = sql.slice(0, end).trimEnd().length;
  return { from: to - (/\S+$/.exec(sql.slice(Math.max(0, to - 40), to))?.[0].length ?? 0), to };
}

const syntax = (message: string): string => message.replace(/^cannot be parsed: /, '').replace(/ \(line \d+, column \d+\)$/, '');

/** Where each statement begins, by the parser's own count of bytes. */
function placed(sql: string, statements: readonly StatementAnalysis[]): Part[] {
  const parsed = parseSql(sql);
  const starts = parsed.ok ? parsed.statements.map((s) => s.startByte) : [];
  if (starts.length !== statements.length) return statements.map((analysis) => ({ from: Math.max(0, sql.indexOf(analysis.sql)), analysis }));
  const bytes = Buffer.from(sql, 'utf8');
  let [at, byte] = [0, 0];
  return statements.map((analysis, i) => {
    const start = starts[i] ?? byte;
    at += bytes.toString('utf8', byte, start).length;
    byte = start;
    return { from: at, analysis };
  });
}

function toStatement(part: Part, bench: Bench, budget: Budget | undefined): DryRunStatement {
  const { from, analysis } = part;
  const outcome = bench.decide(analysis);
  const base = { from, to: from + analysis.sql.length, statement: analysis.facts.statement, effect: outcome.effect, policyIds: [...outcome.policyIds] };
  const explanations = budget === undefined ? [] : explanationsOf(part, outcome, bench, budget);
  switch (outcome.effect) {
    case 'deny':
      return { ...base, reason: outcome.reason, approvers: [], quorum: 0, masked: [], explanations };
    case 'hold':
      return { ...base, reason: outcome.reason, approvers: [...outcome.approvers], quorum: outcome.quorum, masked: [], explanations };
    case 'allow':
      return { ...base, reason: 'Permitted.', approvers: [], quorum: 0, masked: maskedOf(outcome.maskPlan, analysis), explanations };
  }
}

function explanationsOf({ from, analysis }: Part, outcome: Outcome, bench: Bench, budget: Budget): Explanation[] {
  return explain(analysis, outcome, bench, budget).map((e) => ({
    from: from + e.at.start,
    to: from + e.at.end,
    severity: e.severity,
    sentence: e.sentence,
    offers: e.offers.map((o) => moved(o, from)),
  }));
}

function moved(offer: Offer, by: number): Explanation['offers'][number] {
  if (offer.kind === 'ask') return { ...offer, approvers: [...offer.approvers] };
  const edits = offer.edits.map((e) => ({ from: by + e.start, to: by + e.end, insert: e.insert }));
  return { kind: 'edit', label: offer.label, edits, ...(offer.select === undefined ? {} : { select: { from: by + offer.select.start, to: by + offer.select.end } }) };
}

function maskedOf({ columns }: MaskPlan, analysis: StatementAnalysis): DryRunStatement['masked'] {
  if (columns === 'detect_all') return [];
  const names = typeof analysis.output === 'object' ? analysis.output : [];
  return columns.flatMap((c, i) => (c === 'detect' ? [] : [{ column: names[i]?.name ?? `column ${i + 1}`, mask: { classId: c.classId, kind: c.kind, rule: c.rule } }]));
}
