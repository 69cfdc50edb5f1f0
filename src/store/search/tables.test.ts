import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tablesOf } from './tables.ts';

describe('tables that a statement names', () => {
  it.each([
    ['SELECT * FROM orders', ['orders']],
    ['select 1 from Public.Orders o, hr."Salary List" AS s join x.y on x.y.id = o.id', ['public.orders', 'hr.Salary List', 'x.y']],
    ["SELECT 'from fake' /* from c1 /* from c2 */ */ FROM a -- from b\n WHERE x = $$from d$$ and y = $t$ from e $t$ and z = E'it\\'s from f'", ['a']],
    ['UPDATE ONLY sales.orders SET a = b FROM customers c WHERE c.id = 1', ['sales.orders', 'customers']],
    ['DELETE FROM a USING b, c WHERE a.id = b.id', ['a', 'b', 'c']],
    ['INSERT INTO t (a, b) SELECT x, y FROM u ON CONFLICT DO UPDATE SET a = 1', ['t', 'u']],
    ['WITH recent AS (SELECT * FROM orders), r2 (a, b) AS MATERIALIZED (SELECT 1, 2 FROM items) SELECT * FROM recent JOIN r2 ON true', ['orders', 'items']],
    ['SELECT extract(year FROM created), trim(both from name), substring(x from 1 for 2) FROM t WHERE a IS DISTINCT FROM b', ['t']],
    ['SELECT * FROM generate_series(1, 3) g, orders', ['orders']],
    ['SELECT * FROM (SELECT * FROM inner_t) x, orders o, LATERAL f(o.id) y, items', ['orders', 'items', 'inner_t']],
    ['SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b WHERE id IN (SELECT id FROM c)) FOR UPDATE', ['a', 'b', 'c']],
    ['TRUNCATE TABLE a, public.b CASCADE', ['a', 'public.b']],
    ['DROP TABLE IF EXISTS old.things', ['old.things']],
    ['CREATE UNIQUE INDEX i ON orders (id)', ['orders']],
    ['CREATE TABLE new (id int REFERENCES parents (id))', ['new', 'parents']],
    ['COPY customers (id, email) TO STDOUT', ['customers']],
    ['COPY (SELECT * FROM customers) TO STDOUT', ['customers']],
    ['GRANT SELECT ON payroll TO bob', ['payroll']],
    ['MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = 1', ['t', 's']],
    ['SHOW work_mem', []],
    ['/* not shown: 300 characters that could not be read */', []],
  ])('%s', (sql, tables) => {
    expect(tablesOf(sql)).toEqual(tables);
  });

  it('ends, and names no endless list, whatever the text', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('from', 'join', ',', '(', ')', '"', "'", '$$', '/*', '*/', '.', ' ', 'a', 'with', 'as', 'update', '\n', '\u0000'), { maxLength: 60 }), (parts) => {
      expect(tablesOf(parts.join(' ')).length).toBeLessThanOrEqual(100);
    }), { seed: 9, numRuns: 500 });
    expect(tablesOf(`SELECT * FROM ${Array.from({ length: 5_000 }, (_, i) => `t${i}`).join(', ')}`).length).toBeGreaterThanOrEqual(100);
  });
});
