import { describe, expect, it } from 'vitest';
import { initParser } from '../parse.ts';
import { clauseAround, clausesOf, cutOf } from './clauses.ts';
import { findName, tokensOf } from './tokens.ts';

await initParser();

/** The clause around the mark `|`, which is taken out of the text. */
function around(marked: string): string | undefined {
  const at = marked.indexOf('|');
  const sql = marked.replace('|', '');
  const clause = clauseAround(tokensOf(sql), at);
  return clause === undefined ? undefined : `${clause.kind}: ${clause.items.map((i) => sql.slice(i.start, i.end)).join(' / ')}`;
}

describe('the clause around a place', () => {
  it.each([
    ['SELECT a, |b FROM t', 'select: a / b'],
    ['SELECT a FROM t WHERE x = 1 AND |y BETWEEN 1 AND 2 AND z = 3', 'where: x = 1 / y BETWEEN 1 AND 2 / z = 3'],
    ['SELECT a FROM t WHERE x = 1 OR |y = 2 AND z = 3', 'where: x = 1 OR y = 2 AND z = 3'],
    ['SELECT a FROM t WHERE lower(|y) = $$a, b$$ ORDER BY a', 'where: lower(y) = $$a, b$$'],
    ['SELECT a FROM t WHERE extract(year FROM |d) = 1', 'where: extract(year FROM d) = 1'],
    ["SELECT a FROM t WHERE |x IS DISTINCT FROM 'a' AND y", "where: x IS DISTINCT FROM 'a' / y"],
    ['SELECT a FROM t WHERE id IN (SELECT i FROM u ORDER BY |j, k)', 'order by: j / k'],
    ['SELECT a FROM t ORDER BY CASE WHEN |x THEN 1 ELSE 2 END, b LIMIT 5', 'order by: CASE WHEN x THEN 1 ELSE 2 END / b'],
    ['SELECT rank() OVER (PARTITION BY a ORDER BY |b) FROM t', 'order by: b'],
    ['SELECT * FROM a LEFT JOIN b ON a.i = b.i AND |b.j > 1 WHERE c', 'on: a.i = b.i / b.j > 1'],
    ['SELECT left(|a, 1), right(b, 2) FROM t', 'select: left(a, 1) / right(b, 2)'],
    ['SELECT count(*) FILTER (WHERE |x LIKE 1) FROM t', 'where: x LIKE 1'],
    ['UPDATE t SET a = 1, |b = 2 WHERE c', 'set: a = 1 / b = 2'],
    ['SELECT a FROM t GROUP BY a, |b HAVING c', 'group by: a / b'],
    ['/* WHERE */ SELECT a -- FROM\n, |b FROM t', 'select: a / b'],
    ['VACUUM |t', undefined],
  ])('%s', (marked, expected) => expect(around(marked)).toBe(expected));
});

describe('cutting an item away', () => {
  const cut = (sql: string, kind: 'order by' | 'where' | 'select', n: number): string => {
    const t = tokensOf(sql);
    const [clause] = clausesOf(t, kind);
    const { start, end } = cutOf(t, clause!, clause!.items[n]!);
    return sql.slice(0, start) + sql.slice(end);
  };

  it.each([
    ['SELECT a, b, c FROM t', 'select', 0, 'SELECT b, c FROM t'],
    ['SELECT a, b, c FROM t', 'select', 2, 'SELECT a, b FROM t'],
    ['SELECT a FROM t WHERE x AND y', 'where', 0, 'SELECT a FROM t WHERE y'],
    ['SELECT a FROM t WHERE x AND y', 'where', 1, 'SELECT a FROM t WHERE x'],
    ['SELECT a FROM t\n  WHERE x\nORDER BY a', 'where', 0, 'SELECT a FROM t\nORDER BY a'],
    ['SELECT a FROM t ORDER BY a DESC', 'order by', 0, 'SELECT a FROM t'],
  ] as const)('%s, %s %i', (sql, kind, n, expected) => expect(cut(sql, kind, n)).toBe(expected));
});

describe('names', () => {
  it('are found as the server folds them, with their qualifier and their arguments', () => {
    const at = (sql: string, name: string, call = false): string | undefined => {
      const place = findName(tokensOf(sql), name, call);
      return place && sql.slice(place.start, place.end);
    };
    expect(at('SELECT * FROM Shop."Odd Table"', 'Odd Table')).toBe('Shop."Odd Table"');
    expect(at('SELECT F(g(1), 2) + 1', 'f', true)).toBe('F(g(1), 2)');
    expect(at('SELECT f, f (1)', 'f', true)).toBe('f (1)');
    expect(at("SELECT 'f(1)' -- f(2)", 'f', true)).toBeUndefined();
    expect(at('SELECT é.ü', 'ü')).toBe('é.ü');
  });
});
