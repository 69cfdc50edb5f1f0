import { describe, expect, it } from 'vitest';
import { templateOf } from './literal-template.ts';

const text = (sql: string): string | undefined => templateOf(sql)?.text.replaceAll('\u0001', '?');

describe('templates of SELECT texts', () => {
  it('take out whole numbers that a column is compared with', () => {
    expect(text('SELECT abalance FROM pgbench_accounts WHERE aid = 4711;')).toBe('SELECT abalance FROM pgbench_accounts WHERE aid = ?;');
    expect(text('select * from a join b on a.id=b.id where a.id=3 and b.k = 0')).toBe('select * from a join b on a.id=b.id where a.id=? and b.k = ?');
    expect(templateOf('select 1 from t where id = 123456')?.short).toBe(true);
    expect(templateOf('select 1 from t where id = 1234567')?.short).toBe(false);
  });

  it('keep every number whose place gives it another meaning', () => {
    expect(text('select a, b from t where id = 3 order by 2 limit 5')).toBe('select a, b from t where id = ? order by 2 limit 5');
    expect(text('select f(1, 2) from t where id = 3')).toBe('select f(1, 2) from t where id = ?');
    expect(text('select a from t where id = 3.5 and k = 1e3 and z = 4')).toBe('select a from t where id = 3.5 and k = 1e3 and z = ?');
    expect(text('select a from t where id = -3 and z = 4')).toBe('select a from t where id = -3 and z = ?');
  });

  it.each([
    ['nothing to take out', 'select a from t where id = b'],
    ['a string', "select a from t where id = 3 and b = 'x'"],
    ['a quoted name', 'select a from "T" where id = 3'],
    ['a comment', 'select a from t where id = 3 -- and more'],
    ['a block comment', 'select a from t where id = 3 /* x */'],
    ['a parameter', 'select a from t where id = 3 and b = $1'],
    ['a cast', 'select a from t where id = 3::int'],
    ['other comparisons', 'select a from t where id = 3 and b > 4'],
    ['a named argument', 'select f(a => 3)'],
    ['a second statement', 'select a from t where id = 3; delete from t where id = 3'],
    ['another verb', 'delete from t where id = 3'],
    ['a CTE', 'with x as (select 1) select a from x where id = 3'],
    ['letters beyond ASCII', 'select a from tä where id = 3'],
  ])('are not made of %s', (_, sql) => {
    expect(templateOf(sql)).toBeUndefined();
  });
});
