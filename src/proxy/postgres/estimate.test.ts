import { describe, expect, it } from 'vitest';
import { rowsOf } from './estimate.ts';

const node = (type: string, rows: number, plans: unknown[] = [], parent = 'Outer'): unknown => ({ 'Node Type': type, 'Plan Rows': rows, 'Parent Relationship': parent, Plans: plans });
const plan = (...nodes: unknown[]): string => JSON.stringify(nodes.map((n) => (typeof n === 'string' ? n : { Plan: n })));

describe('rows of a plan', () => {
  it('are what a query returns', () => {
    expect(rowsOf(plan(node('Seq Scan', 1200)))).toBe(1200);
    expect(rowsOf(plan(node('Aggregate', 1, [node('Seq Scan', 1_000_000)])))).toBe(1);
  });

  it('are what a write is fed, and not what is looked up beside it', () => {
    expect(rowsOf(plan(node('ModifyTable', 0, [node('Append', 70), node('Seq Scan', 9999, [], 'InitPlan')])))).toBe(70);
    expect(rowsOf(plan(node('ModifyTable', 0, [node('Seq Scan', 40, [], 'Member'), node('Seq Scan', 2, [], 'Member')])))).toBe(42);
  });

  it('count writes in a CTE, and the largest of the plans that a rule makes', () => {
    expect(rowsOf(plan(node('Aggregate', 1, [node('ModifyTable', 0, [node('Seq Scan', 800)], 'InitPlan')])))).toBe(800);
    expect(rowsOf(plan(node('ModifyTable', 0, [node('Result', 1)]), 'Utility', node('ModifyTable', 0, [node('Seq Scan', 300)])))).toBe(300);
  });

  it.each(['', '{', '{}', '[{}]', '[{"Plan":{"Node Type":"Scan"}}]', '[{"Plan":{"Node Type":"Scan","Plan Rows":-1}}]', '[{"Plan":{"Node Type":"Scan","Plan Rows":"1"}}]'])('of %j are not guessed', (text) => {
    expect(() => rowsOf(text)).toThrow();
  });
});
