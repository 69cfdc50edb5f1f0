import { describe, expect, it } from 'vitest';
import { mergeAnalyses, meaningOf } from './merge.ts';
import type { ColumnRef, OutputColumn, StatementAnalysis } from './types.ts';

const column = (table: string, name: string): ColumnRef => ({ schema: 'public', table, column: name });
const output = (name: string, ...sources: ColumnRef[]): OutputColumn => ({ name, sources, exact: sources.length === 1 });

const reading = (change: Partial<StatementAnalysis>): StatementAnalysis => ({
  sql: 'SELECT a FROM t',
  facts: { statement: 'SELECT', operations: [], tables: [], functions: [], hasWhere: true, tautology: false, writes: false, plainRead: true, fileAccess: false, programAccess: false },
  output: [output('a')],
  reads: [],
  predicates: [],
  effects: { settings: false, catalog: false, copyIn: false, copyOut: false },
  ...change,
});

describe('readings of one statement', () => {
  const plain = reading({ output: [output('a', column('t', 'label'))] });
  const secret = reading({ output: [output('a', column('people', 'email'))], reads: [column('people', 'email')], facts: { ...plain.facts, plainRead: false, tables: ['public.people'] } });

  it('are masked and recorded as the union of both, in either order', () => {
    for (const both of [mergeAnalyses([plain, secret]), mergeAnalyses([secret, plain])]) {
      expect(both.reads).toEqual([column('people', 'email')]);
      expect(both.output).toMatchObject([{ exact: false }]);
      expect(both.facts).toMatchObject({ plainRead: false, tables: ['public.people'] });
      expect(typeof both.output === 'string' ? [] : both.output[0]?.sources).toHaveLength(2);
    }
  });

  it('are refused when one is, or when no mask fits both', () => {
    const refused = reading({ refusal: { code: 'opaque', message: 'no' } });
    expect(mergeAnalyses([plain, refused]).refusal?.message).toBe('no');
    expect(mergeAnalyses([refused, plain]).refusal?.message).toBe('no');
    expect(mergeAnalyses([plain, reading({ output: [output('a'), output('b')] })]).refusal?.code).toBe('unresolved');
    expect(mergeAnalyses([plain, reading({ output: 'none' })]).refusal?.code).toBe('unresolved');
  });

  it('have one meaning when only texts and places differ', () => {
    expect(meaningOf({ ...plain, sql: 'other' })).toBe(meaningOf(plain));
    expect(meaningOf(secret)).not.toBe(meaningOf(plain));
    expect(meaningOf({ ...plain, predicates: [{ column: column('t', 'label'), kind: 'other' }] })).not.toBe(meaningOf(plain));
  });
});
