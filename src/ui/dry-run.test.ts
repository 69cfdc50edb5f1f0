import { describe, expect, it } from 'vitest';
import type { DryRunReply, DryRunStatement, Explanation } from '../contract/ipc/workbench.ts';
import { dryRunAnswered, dryRunEdited, dryRunFailed, initialDryRun, explanationsOf, shownExplanation, statementAtCaret, applyEdits } from './dry-run.ts';

const statement = (effect: DryRunStatement['effect'], from = 0, to = 5): DryRunStatement => ({ from, to, statement: 'X', effect, reason: '', policyIds: [], approvers: [], quorum: 0, masked: [], explanations: [] });
const decided = (s: DryRunStatement[]): DryRunReply => ({ state: 'decided', statements: s, unparsed: [], elapsedMs: 1 });

describe('dry run', () => {
  it('asks, then shows the answer', () => {
    const asked = dryRunEdited(initialDryRun, 'drop');
    expect(asked.phase).toBe('asking');
    expect(dryRunAnswered(asked, asked.version, decided([statement('deny')]))).toMatchObject({ phase: 'decided', statements: [{ effect: 'deny' }] });
  });
  it('never shows an answer to an older text', () => {
    const first = dryRunEdited(initialDryRun, 'select 1');
    const second = dryRunEdited(first, 'drop table x');
    expect(dryRunAnswered(second, first.version, decided([statement('allow')]))).toBe(second);
    expect(dryRunFailed(second, first.version, 'late')).toBe(second);
  });
  it('keeps the last answer pale while asking again, and drops it for an empty text', () => {
    const asked = dryRunEdited(initialDryRun, 'a');
    const shown = dryRunAnswered(asked, asked.version, decided([statement('hold')]));
    const again = dryRunEdited(dryRunEdited(shown, 'ab'), 'abc');
    expect(again).toMatchObject({ phase: 'asking', last: [{ effect: 'hold' }] });
    expect(dryRunEdited(again, '  ').phase).toBe('empty');
  });
  it('says when the text does not parse, and when nobody answers', () => {
    const asked = dryRunEdited(initialDryRun, 'sel');
    expect(dryRunAnswered(asked, asked.version, { state: 'unparsed', message: 'syntax error' }).phase).toBe('unparsed');
    expect(dryRunFailed(asked, asked.version, 'down')).toMatchObject({ phase: 'failed', message: 'down' });
    expect(dryRunAnswered(asked, asked.version, decided([])).phase).toBe('empty');
  });
  it('finds the statement at the caret', () => {
    const two = [statement('allow', 0, 5), statement('deny', 6, 9)];
    expect([0, 5, 6, 20].map((caret) => statementAtCaret(two, caret)?.effect)).toEqual(['allow', 'allow', 'deny', 'deny']);
    expect(statementAtCaret([], 3)).toBeUndefined();
    expect([4, 5, 6, 9].map((caret) => statementAtCaret([statement('deny', 0, 4), statement('hold', 8, 9)], caret, [{ start: 5 }])?.effect)).toEqual(['deny', undefined, undefined, 'hold']);
  });
});

describe('explanations', () => {
  const said = (from: number, to: number, severity: Explanation['severity'] = 'masked'): Explanation => ({ from, to, severity, sentence: `${from}-${to}`, offers: [] });

  it('shows the closest around the caret, else the first', () => {
    const one = { explanations: [said(0, 20, 'held'), said(7, 12), said(14, 16)] };
    expect([0, 7, 12, 13, 15, 40].map((caret) => shownExplanation(one, caret)?.sentence)).toEqual(['0-20', '7-12', '7-12', '0-20', '14-16', '0-20']);
    expect(shownExplanation({ explanations: [] }, 0)).toBeUndefined();
  });
  it('are those of every statement, and where one is not whole', () => {
    const asked = dryRunEdited(initialDryRun, 'select 1; sel');
    const answer = dryRunAnswered(asked, asked.version, { state: 'decided', statements: [{ ...statement('allow'), explanations: [said(0, 3)] }], unparsed: [{ start: 10, from: 10, to: 13, message: 'syntax error' }], elapsedMs: 1 });
    expect(explanationsOf(answer).map((e) => [e.from, e.severity])).toEqual([[0, 'masked'], [10, 'hint']]);
    expect(explanationsOf(asked)).toEqual([]);
    expect(explanationsOf(dryRunAnswered(asked, asked.version, { state: 'unparsed', message: 'x', at: { from: 0, to: 3 } }))).toMatchObject([{ from: 0, to: 3, severity: 'hint' }]);
  });
  it('apply several edits, whatever their order', () => {
    expect(applyEdits('abcdef', [{ from: 0, to: 1, insert: 'XX' }, { from: 5, to: 6, insert: '' }, { from: 3, to: 3, insert: '-' }])).toBe('XXbc-de');
  });
});
