/**
 * Records of a session folded into the steps that a person replays: one step for each statement with everything
 * that belongs to it, and one for each event of the session. Idle time is shortened, so that a session of a day
 * plays in minutes; true times stay on every step.
 */
import type { Effect } from '../contract/ipc/common.ts';
import type { TimelineRecord } from '../contract/ipc/sessions.ts';

type Of<K extends TimelineRecord['kind']> = Extract<TimelineRecord, { kind: K }>;

export interface StatementStep {
  readonly kind: 'statement';
  readonly first: number;
  readonly tMs: number;
  /** Where the step starts on the shortened time line. */
  readonly atMs: number;
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  readonly decision: Of<'decision'> | undefined;
  readonly approvals: readonly Of<'approval'>[];
  readonly results: readonly Of<'result'>[];
  readonly masks: readonly Of<'mask'>[];
  readonly errors: readonly Of<'error'>[];
  readonly notices: readonly Of<'notice'>[];
  readonly redactions: readonly Of<'redacted'>[];
  /** What happened in the end: the effect, or `error` where it ran and failed. */
  readonly outcome: Effect | 'error';
}

export interface EventStep {
  readonly kind: 'event';
  readonly first: number;
  readonly tMs: number;
  readonly atMs: number;
  readonly record: TimelineRecord;
}

export type Step = StatementStep | EventStep;

export interface Timeline {
  readonly steps: readonly Step[];
  /** Length of the shortened time line. The last step stays on screen for `lingerMs`. */
  readonly durationMs: number;
}

export const replay = { maxGapMs: 2_000, minGapMs: 350, lingerMs: 1_500 } as const;

function outcomeOf(decision: Of<'decision'> | undefined, approvals: readonly Of<'approval'>[], errors: readonly unknown[]): StatementStep['outcome'] {
  if (decision?.effect === 'deny') return 'deny';
  if (approvals.some((a) => a.phase === 'denied' || a.phase === 'expired' || a.phase === 'cancelled')) return 'deny';
  if (errors.length > 0) return 'error';
  return decision?.effect ?? 'allow';
}

function statementStep(records: readonly TimelineRecord[], atMs: number): StatementStep {
  const pick = <K extends TimelineRecord['kind']>(kind: K): Of<K>[] => records.filter((r): r is Of<K> => r.kind === kind);
  const input = pick('statement')[0];
  // A statement held and then approved is decided twice; the first decision is what the person met.
  const decision = pick('decision')[0];
  const approvals = pick('approval');
  const errors = pick('error');
  return {
    kind: 'statement',
    first: records[0]?.n ?? 0,
    tMs: records[0]?.tMs ?? 0,
    atMs,
    sql: input?.sql ?? '',
    parameters: input?.parameters ?? [],
    decision,
    approvals,
    results: pick('result'),
    masks: pick('mask'),
    errors,
    notices: pick('notice'),
    redactions: pick('redacted'),
    outcome: outcomeOf(decision, approvals, errors),
  };
}

/** @param records in order of their numbers. */
export function buildTimeline(records: readonly TimelineRecord[]): Timeline {
  const groups: TimelineRecord[][] = [];
  const byStatement = new Map<number, TimelineRecord[]>();
  for (const record of records) {
    const group = record.statement === null ? undefined : byStatement.get(record.statement);
    if (group !== undefined) {
      group.push(record);
      continue;
    }
    const fresh = [record];
    groups.push(fresh);
    if (record.statement !== null) byStatement.set(record.statement, fresh);
  }
  let atMs = 0;
  let previousMs: number | undefined;
  const steps = groups.map((group): Step => {
    const head = group[0];
    if (head === undefined) throw new Error('a group has at least one record');
    if (previousMs !== undefined) atMs += Math.min(replay.maxGapMs, Math.max(replay.minGapMs, head.tMs - previousMs));
    previousMs = group.at(-1)?.tMs ?? head.tMs;
    return head.statement === null ? { kind: 'event', first: head.n, tMs: head.tMs, atMs, record: head } : statementStep(group, atMs);
  });
  return { steps, durationMs: steps.length === 0 ? 0 : atMs + replay.lingerMs };
}

/** Index of the step on screen at a position; -1 for an empty time line. */
export function stepAt(timeline: Timeline, positionMs: number): number {
  const found = timeline.steps.findLastIndex((s) => s.atMs <= positionMs);
  return found < 0 && timeline.steps.length > 0 ? 0 : found;
}

export const isNotable = (step: Step): boolean => step.kind === 'statement' && step.outcome !== 'allow';

/** Next or previous step that was denied, held or failed; undefined where there is none. */
export function jumpNotable(timeline: Timeline, index: number, direction: 1 | -1): number | undefined {
  for (let i = index + direction; i >= 0 && i < timeline.steps.length; i += direction) {
    const step = timeline.steps[i];
    if (step !== undefined && isNotable(step)) return i;
  }
  return undefined;
}
