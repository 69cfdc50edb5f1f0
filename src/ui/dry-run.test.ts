import { describe, expect, it } from 'vitest';
import type { DryRunStatement } from '../contract/ipc/workbench.ts';
import { dryRunAnswered, dryRunEdited, dryRunFailed, initialDryRun, maskedCount, within, worstEffect } from './dry-run.ts';

const statement = (effect: DryRunStatement['effect'], from = 0, to = 5): DryRunStatement => ({ from, to, statement: 'X', effect, reason: '', policyIds: [], approvers: [], quorum: 0, masked: [] });
const decided = (s: DryRunStatement[]) => ({ state: 'decided', statements: s, elapsedMs: 1 }) as const;

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
  it('takes the strictest effect', () => {
    expect(worstEffect([])).toBe('allow');
    expect(worstEffect([statement('allow'), statement('hold')])).toBe('hold');
    expect(worstEffect([statement('deny'), statement('hold')])).toBe('deny');
  });
  it('counts masks and picks statements of a range', () => {
    const mask = { column: 'e', mask: { classId: 'email', kind: 'token', rule: '' } } as const;
    expect(maskedCount([{ ...statement('allow'), masked: [mask, mask] }])).toBe(2);
    expect(within([statement('allow', 0, 5), statement('deny', 6, 9)], 6, 7).map((s) => s.effect)).toEqual(['deny']);
  });
});
