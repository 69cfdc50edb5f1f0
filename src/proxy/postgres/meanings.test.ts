import { describe, expect, it } from 'vitest';
import type { ColumnRef, StatementAnalysis } from '../../policy/types.ts';
import { analysis } from '../../testing/policy.ts';
import { Meanings } from './meanings.ts';

const from = (table: string): StatementAnalysis => {
  const column: ColumnRef = { schema: 'public', table, column: 'a' };
  return analysis('sql:select', { output: [{ name: 'a', sources: [column], exact: true }], reads: [column] });
};

describe('meanings of a prepared text', () => {
  it('are one while the text reads the same, whatever objects were made for it', () => {
    const meanings = new Meanings();
    const first = from('t');
    expect(meanings.add(first)).toBe(first);
    expect(meanings.add(from('t'))).toBe(first);
    expect(meanings.has(from('t'))).toBe(true);
    expect(meanings.has(from('u'))).toBe(false);
  });

  it('count together once they differ, also when the text reads as before again', () => {
    const meanings = new Meanings();
    meanings.add(from('t'));
    for (const now of [from('u'), from('t')]) expect(meanings.add(now).reads.map((r) => r.table)).toEqual(['t', 'u']);
  });

  it('are refused when there are too many to follow', () => {
    const meanings = new Meanings();
    for (let i = 0; i < 8; i++) expect(meanings.add(from(`t${i}`)).refusal).toBeUndefined();
    expect(meanings.add(from('t8')).refusal?.message).toContain('prepare it again');
    expect(meanings.add(from('t0')).refusal?.message).toContain('prepare it again');
  });
});
