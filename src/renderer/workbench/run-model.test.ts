import { describe, expect, it } from 'vitest';
import type { RunEvent, RunState } from './run-model.ts';
import { applyRunEvent, isActive, startRun } from './run-model.ts';

const run = { tabId: 't', runId: 'r' };
const fold = (...events: RunEvent[]): RunState => events.reduce(applyRunEvent, startRun('r', 0));
const columns: RunEvent = { type: 'columns', ...run, resultId: 'a', statement: 0, columns: [{ name: 'x', type: 'text' }] };
const held: RunEvent = { type: 'held', ...run, approvalId: 'apr', sql: 'x', reason: 'why', policyIds: [], approvers: ['dba'], quorum: 2, approvals: 0, expiresMs: 9 };
const finished = (outcome: 'ok' | 'error' | 'cancelled'): RunEvent => ({ type: 'finished', ...run, elapsedMs: 5, outcome, transaction: 'idle' });

describe('applyRunEvent', () => {
  it('collects rows, completion and the end', () => {
    const state = fold(columns, { type: 'rows', ...run, resultId: 'a', rows: [['1'], ['2']] }, { type: 'complete', ...run, resultId: 'a', statement: 0, tag: 'SELECT 2', rowCount: 2, elapsedMs: 3, truncated: false }, finished('ok'));
    expect(state).toMatchObject({ phase: 'ok', elapsedMs: 5, results: [{ tag: 'SELECT 2', rowCount: 2, elapsedMs: 3 }] });
    expect(state.results[0]?.buffer.rows).toHaveLength(2);
    expect(isActive(state)).toBe(false);
  });
  it('gives every statement with columns its own result', () => {
    const state = fold(columns, { ...columns, resultId: 'b', statement: 1 }, { type: 'rows', ...run, resultId: 'b', rows: [['1']] });
    expect(state.results.map((r) => r.buffer.rows.length)).toEqual([0, 1]);
  });
  it('bumps the version when masks come late', () => {
    const before = fold(columns, { type: 'rows', ...run, resultId: 'a', rows: [['1']] });
    const version = before.results[0]!.version;
    const after = applyRunEvent(before, { type: 'masks', ...run, resultId: 'a', columns: [], cells: [{ row: 0, column: 0, mask: { classId: 'c', kind: 'full', rule: '' } }] });
    expect(after.results[0]!.version).toBeGreaterThan(version);
    expect(after.results[0]!.buffer.cell(0, 0).kind).toBe('masked');
  });
  it('waits, counts approvals, goes on', () => {
    const waiting = fold(held, { type: 'hold_changed', ...run, approvalId: 'apr', state: 'pending', approvals: 1 });
    expect(waiting).toMatchObject({ phase: 'held', hold: { approvals: 1, state: 'pending' } });
    expect(isActive(waiting)).toBe(true);
    expect(applyRunEvent(waiting, { type: 'hold_changed', ...run, approvalId: 'apr', state: 'approved', approvals: 2, by: 'Carol' })).toMatchObject({ phase: 'running', hold: { state: 'approved', by: 'Carol' } });
  });
  it('ignores a change of another approval and events of another run', () => {
    const waiting = fold(held);
    expect(applyRunEvent(waiting, { type: 'hold_changed', ...run, approvalId: 'other', state: 'approved', approvals: 1 })).toBe(waiting);
    expect(applyRunEvent(waiting, { ...finished('ok'), runId: 'old' })).toBe(waiting);
  });
  it('keeps the refusal with its reason, and stays failed after the end', () => {
    const state = fold({ type: 'error', ...run, error: { sqlstate: '42501', message: 'no', refusal: 'denied', policyIds: ['p'] } }, finished('error'));
    expect(state).toMatchObject({ phase: 'error', error: { policyIds: ['p'] } });
    expect(state.messages.map((m) => m.title)).toEqual(['Denied · 42501']);
  });
  it('keeps why it was stopped, with the text that was run', () => {
    const explanations = [{ from: 0, to: 4, severity: 'denied' as const, sentence: 'No.', offers: [] }];
    expect(fold({ type: 'explained', ...run, sql: 'drop', explanations }).explained).toEqual({ sql: 'drop', explanations });
  });
  it('says when rows were left out', () => {
    const state = fold(columns, { type: 'complete', ...run, resultId: 'a', statement: 0, tag: 'SELECT 9', rowCount: 9, elapsedMs: 1, truncated: true });
    expect(state.messages[0]?.text).toContain('9');
    expect(state.results[0]?.truncated).toBe(true);
  });
});
