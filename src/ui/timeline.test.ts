import { describe, expect, it } from 'vitest';
import type { TimelineRecord } from '../contract/ipc/sessions.ts';
import { buildTimeline, jumpNotable, replay, stepAt, stepHas, stepOfRecord, withoutRows } from './timeline.ts';

let n = 0;
const base = (tMs: number, statement: number | null) => ({ n: n++, tMs, statement });
const sql = (tMs: number, s: number): TimelineRecord => ({ ...base(tMs, s), kind: 'statement', sql: `q${s}`, parameters: [] });
const decision = (tMs: number, s: number, effect: 'allow' | 'hold' | 'deny'): TimelineRecord => ({ ...base(tMs, s), kind: 'decision', effect, reason: '', policyIds: [] });
const approval = (tMs: number, s: number, phase: 'requested' | 'approved' | 'denied'): TimelineRecord => ({ ...base(tMs, s), kind: 'approval', phase, approvalId: 'a' });
const error = (tMs: number, s: number): TimelineRecord => ({ ...base(tMs, s), kind: 'error', sqlstate: '42P01', message: '' });
const open = (tMs: number): TimelineRecord => ({ ...base(tMs, null), kind: 'open', text: 'opened' });

const outcomes = (records: TimelineRecord[]) => buildTimeline(records).steps.map((s) => (s.kind === 'statement' ? s.outcome : 'event'));

describe('buildTimeline', () => {
  it('folds records of one statement into one step, also when statements interleave', () => {
    const t = buildTimeline([open(0), sql(10, 1), sql(20, 2), decision(21, 2, 'allow'), decision(22, 1, 'deny')]);
    expect(t.steps.map((s) => (s.kind === 'statement' ? [s.sql, s.outcome] : s.kind))).toEqual(['event', ['q1', 'deny'], ['q2', 'allow']]);
  });
  it('knows how a statement ended', () => {
    expect(outcomes([sql(0, 1), decision(0, 1, 'hold'), approval(1, 1, 'requested'), approval(9, 1, 'approved'), decision(9, 1, 'allow')])).toEqual(['hold']);
    expect(outcomes([sql(0, 1), decision(0, 1, 'hold'), approval(1, 1, 'requested'), approval(9, 1, 'denied'), error(9, 1)])).toEqual(['deny']);
    expect(outcomes([sql(0, 1), decision(0, 1, 'allow'), error(9, 1)])).toEqual(['error']);
  });
  it('shortens idle time, and gives fast steps a moment', () => {
    const t = buildTimeline([open(0), sql(3_600_000, 1), sql(3_600_001, 2)]);
    expect(t.startsMs).toEqual([0, replay.maxGapMs, replay.maxGapMs + replay.minGapMs]);
    expect(t.durationMs).toBe(replay.maxGapMs + replay.minGapMs + replay.lingerMs);
  });
  it('does not run backwards when a clock does', () => {
    const t = buildTimeline([open(10_000), sql(5_000, 1)]);
    expect(t.startsMs[1]).toBe(replay.minGapMs);
  });
  it('is empty for no records', () => expect(buildTimeline([])).toEqual({ steps: [], startsMs: [], durationMs: 0 }));
  it('keeps true times when idle time is to be seen', () => {
    const t = buildTimeline([open(0), sql(3_600_000, 1), sql(3_600_001, 2)], false);
    expect(t.startsMs).toEqual([0, 3_600_000, 3_600_000 + replay.minGapMs]);
  });
});

describe('stepAt and jumpNotable', () => {
  const t = buildTimeline([open(0), sql(1_000, 1), decision(1_000, 1, 'allow'), sql(2_000, 2), decision(2_000, 2, 'deny'), sql(3_000, 3), decision(3_000, 3, 'allow')]);
  it('finds the step on screen', () => {
    expect([stepAt(t, 0), stepAt(t, 999), stepAt(t, 1_000), stepAt(t, 1e9), stepAt({ steps: [], startsMs: [], durationMs: 0 }, 5)]).toEqual([0, 0, 1, 3, -1]);
  });
  it('jumps to what was denied, held or failed', () => {
    expect([jumpNotable(t, 0, 1), jumpNotable(t, 2, 1), jumpNotable(t, 3, -1), jumpNotable(t, 0, -1)]).toEqual([2, undefined, 2, undefined]);
  });
});

describe('finding a step', () => {
  const result: TimelineRecord = { n: 902, tMs: 3, statement: 900, kind: 'result', tag: 'SELECT 1', columns: [{ name: 'city', type: 'text' }], rows: [['Bergen', null]], rowCount: 1, truncated: false };
  const { steps } = buildTimeline([{ n: 900, tMs: 1, statement: 900, kind: 'statement', sql: 'SELECT city FROM t', parameters: ['7'] }, { n: 901, tMs: 2, statement: null, kind: 'note', text: 'Between' }, result]);
  it('knows the step of every record, and the nearest before one that is not shown', () => {
    expect([900, 902, 901, 950, 3].map((n) => stepOfRecord(steps, n))).toEqual([0, 0, 1, 1, 0]);
    expect(stepOfRecord([], 3)).toBe(-1);
  });
  it('looks at statements, parameters, cells and events', () => {
    const hits = (needle: string) => steps.map((s) => stepHas(s, needle));
    expect([hits('from t'), hits('bergen'), hits('between'), hits('7'), hits('oslo')]).toEqual([[true, false], [true, false], [false, true], [true, false], [false, false]]);
  });
  it('leaves rows out for lists', () => {
    const [light] = steps.map(withoutRows);
    expect(light?.kind === 'statement' ? light.results.map((r) => [r.rows.length, r.rowCount]) : undefined).toEqual([[0, 1]]);
  });
});
