/**
 * Records of a session folded into the steps that a person replays: one step for each statement with everything
 * that belongs to it, and one for each event of the session. Idle time is shortened unless asked otherwise, so that a
 * session of a day plays in minutes; true times stay on every step.
 */
import type { Effect } from '../contract/ipc/common.ts';
import type { TimelineRecord } from '../contract/ipc/sessions.ts';

type Of<K extends TimelineRecord['kind']> = Extract<TimelineRecord, { kind: K }>;

interface StepBase {
  /** Number of the step's first record. */
  readonly first: number;
  /** Numbers of all its records: statements of a session may interleave. */
  readonly numbers: readonly number[];
  readonly tMs: number;
  readonly lastMs: number;
}

export interface StatementStep extends StepBase {
  readonly kind: 'statement';
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  readonly decision: Of<'decision'> | undefined;
  readonly approvals: readonly Of<'approval'>[];
  readonly results: readonly Of<'result'>[];
  readonly masks: readonly Of<'mask'>[];
  readonly errors: readonly Of<'error'>[];
  readonly notices: readonly Of<'notice'>[];
  readonly missing: readonly Of<'missing'>[];
  /** What happened in the end: the effect, or `error` where it ran and failed. */
  readonly outcome: Effect | 'error';
}

export interface EventStep extends StepBase {
  readonly kind: 'event';
  readonly record: TimelineRecord;
  readonly missing: readonly Of<'missing'>[];
}

/** What was asked of an SSH target. Looks at paths in a row are one step. */
export interface RequestStep extends StepBase {
  readonly kind: 'request';
  readonly channel: number;
  readonly requests: readonly Of<'request'>[];
  readonly decision: Of<'decision'> | undefined;
  readonly approvals: readonly Of<'approval'>[];
  readonly outcomes: readonly Of<'outcome'>[];
  readonly masks: readonly Of<'mask'>[];
  readonly missing: readonly Of<'missing'>[];
  /** As of a statement; `error` where it ended otherwise than well. */
  readonly outcome: Effect | 'error';
}

export type Step = StatementStep | RequestStep | EventStep;

export interface Timeline {
  readonly steps: readonly Step[];
  /** Where each step starts on the time line that is played, in milliseconds. */
  readonly startsMs: readonly number[];
  /** Length of that time line. The last step stays on screen for `lingerMs`. */
  readonly durationMs: number;
}

export const replay = { maxGapMs: 2_000, minGapMs: 350, lingerMs: 1_500 } as const;

function outcomeOf(decision: Of<'decision'> | undefined, approvals: readonly Of<'approval'>[], errors: readonly unknown[]): StatementStep['outcome'] {
  if (decision?.effect === 'deny') return 'deny';
  if (approvals.some((a) => a.phase === 'denied' || a.phase === 'expired' || a.phase === 'cancelled')) return 'deny';
  if (errors.length > 0) return 'error';
  return decision?.effect ?? 'allow';
}

function statementStep(records: readonly TimelineRecord[], base: StepBase): StatementStep {
  const pick = <K extends TimelineRecord['kind']>(kind: K): Of<K>[] => records.filter((r): r is Of<K> => r.kind === kind);
  const input = pick('statement')[0];
  // A statement held and then approved is decided twice; the first decision is what the person met.
  const decision = pick('decision')[0];
  const approvals = pick('approval');
  const errors = pick('error');
  return {
    ...base,
    kind: 'statement',
    sql: input?.sql ?? '',
    parameters: input?.parameters ?? [],
    decision,
    approvals,
    results: pick('result'),
    masks: pick('mask'),
    errors,
    notices: pick('notice'),
    missing: pick('missing'),
    outcome: outcomeOf(decision, approvals, errors),
  };
}

function requestStep(records: readonly TimelineRecord[], first: Of<'request'>, base: StepBase): RequestStep {
  const pick = <K extends TimelineRecord['kind']>(kind: K): Of<K>[] => records.filter((r): r is Of<K> => r.kind === kind);
  const decision = pick('decision')[0];
  const approvals = pick('approval');
  const outcomes = pick('outcome');
  return {
    ...base,
    kind: 'request',
    channel: first.channel,
    requests: pick('request'),
    decision,
    approvals,
    outcomes,
    masks: pick('mask'),
    missing: pick('missing'),
    // A shell ends with the status of its last command, whatever that was.
    outcome: outcomeOf(decision, approvals, first.what === 'shell' ? [] : outcomes.filter((o) => !o.ok)),
  };
}

/** @param records in order of their numbers. */
export function foldSteps(records: readonly TimelineRecord[]): Step[] {
  const groups: TimelineRecord[][] = [];
  const byStatement = new Map<number, TimelineRecord[]>();
  for (const record of records) {
    const group = record.statement === null ? undefined : byStatement.get(record.statement);
    if (group !== undefined) {
      group.push(record);
      continue;
    }
    // What is missing of an event belongs to it.
    const last = groups.at(-1);
    if (record.kind === 'missing' && record.statement === null && last?.[0]?.n === record.n) {
      last.push(record);
      continue;
    }
    const fresh = [record];
    groups.push(fresh);
    if (record.statement !== null) byStatement.set(record.statement, fresh);
  }
  return groups.flatMap((group): Step[] => {
    const [head] = group;
    if (head === undefined) return [];
    const base: StepBase = { first: head.n, numbers: [...new Set(group.map((r) => r.n))], tMs: head.tMs, lastMs: group.at(-1)?.tMs ?? head.tMs };
    if (head.kind === 'request') return [requestStep(group, head, base)];
    return [head.statement === null ? { ...base, kind: 'event', record: head, missing: group.filter((r): r is Of<'missing'> => r.kind === 'missing' && r !== head) } : statementStep(group, base)];
  });
}

/** Puts steps on a time line. `skipIdle` shortens every gap to `maxGapMs`. */
export function layOut(steps: readonly Step[], skipIdle = true): Timeline {
  let atMs = 0;
  let previousMs: number | undefined;
  const startsMs = steps.map((step) => {
    const gapMs = previousMs === undefined ? 0 : Math.max(replay.minGapMs, step.tMs - previousMs);
    atMs += skipIdle ? Math.min(replay.maxGapMs, gapMs) : gapMs;
    previousMs = step.lastMs;
    return atMs;
  });
  return { steps, startsMs, durationMs: steps.length === 0 ? 0 : atMs + replay.lingerMs };
}

/** @param records in order of their numbers. */
export const buildTimeline = (records: readonly TimelineRecord[], skipIdle = true): Timeline => layOut(foldSteps(records), skipIdle);

/** Index of the step on screen at a position; -1 for an empty time line. */
export function stepAt(timeline: Timeline, positionMs: number): number {
  const { startsMs } = timeline;
  let [low, high] = [0, startsMs.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((startsMs[middle] ?? 0) <= positionMs) low = middle;
    else high = middle - 1;
  }
  return high;
}

/** Index of the step that holds a record; the one before it when no step shows that record. -1 for an empty time line. */
export function stepOfRecord(steps: readonly Step[], n: number): number {
  const exact = steps.findIndex((s) => s.numbers.includes(n));
  return exact >= 0 ? exact : Math.max(steps.length === 0 ? -1 : 0, steps.findLastIndex((s) => s.first <= n));
}

export const isNotable = (step: Step): boolean => step.kind !== 'event' && step.outcome !== 'allow';

/** Next or previous step that was denied, held or failed; undefined where there is none. */
export function jumpNotable(timeline: Timeline, index: number, direction: 1 | -1): number | undefined {
  for (let i = index + direction; i >= 0 && i < timeline.steps.length; i += direction) {
    const step = timeline.steps[i];
    if (step !== undefined && isNotable(step)) return i;
  }
  return undefined;
}

/** Does a step hold this text anywhere a person can see it? `needle` in lower case. */
export function stepHas(step: Step, needle: string): boolean {
  const has = (text: string | null | undefined): boolean => text?.toLowerCase().includes(needle) === true;
  if (step.kind === 'request') {
    return (
      step.requests.some((r) => has(`${r.verb} ${r.object}`) || r.details.some((d) => has(d.value))) ||
      has(step.decision?.reason) ||
      step.decision?.policyIds.some(has) === true ||
      step.approvals.some((a) => has(a.by) || has(a.reason)) ||
      step.outcomes.some((o) => has(o.text) || o.moved.some((m) => has(m.sha256))) ||
      step.masks.some((m) => m.classes.some((c) => has(c.classId)))
    );
  }
  if (step.kind === 'event') return Object.values(step.record).some((v) => typeof v === 'string' && has(v));
  return (
    has(step.sql) ||
    step.parameters.some(has) ||
    has(step.decision?.reason) ||
    step.decision?.policyIds.some(has) === true ||
    step.approvals.some((a) => has(a.by) || has(a.reason)) ||
    step.errors.some((e) => has(e.message) || has(e.sqlstate)) ||
    step.notices.some((n) => has(n.message)) ||
    step.masks.some((m) => m.classes.some((c) => has(c.classId))) ||
    step.results.some((r) => has(r.tag) || r.columns.some((c) => has(c.name)) || r.rows.some((row) => row.some(has)))
  );
}

/** The step without the rows of its results: what a list needs of it. */
export const withoutRows = (step: Step): Step => (step.kind === 'statement' && step.results.some((r) => r.rows.length > 0) ? { ...step, results: step.results.map((r) => ({ ...r, rows: [] })) } : step);
