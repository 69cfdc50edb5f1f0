/** Whatever is typed: no explanation fails, points outside the text, or offers what would not be allowed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shopBench } from '../../testing/bench.ts';
import { applied, explain } from './index.ts';

const bench = await shopBench();

const words = [
  ...['SELECT', 'FROM', 'WHERE', 'ORDER BY', 'GROUP BY', 'HAVING', 'UPDATE', 'DELETE FROM', 'SET', 'RETURNING', 'JOIN', 'ON', 'AND', 'OR', 'LIKE', 'BETWEEN', 'LIMIT', 'DISTINCT', 'WITH x AS (', 'CASE WHEN'],
  ...['email', 'phone', 'c.email', 'id', '*', 'c.*', 'customers', 'customers c', 'orders', 'lower(email)', 'slug(name)', 'emial', '"Odd"', 'count(*)', 'é'],
  ...["'x%'", '1', '$$a$$', '(', ')', ',', '=', '>', ';', '--', '/*', '*/', "E'\\\\'", 'U&"\\0065mail"', '"', "'", '😀', '\n', '::text'],
];
const text = fc.oneof(fc.array(fc.constantFrom(...words), { maxLength: 14 }).map((w) => w.join(' ')), fc.string({ maxLength: 40, unit: 'binary' }));
const query = fc
  .record({
    list: fc.subarray(['id', 'email', 'upper(phone) AS p', '*', 'count(DISTINCT email)'], { minLength: 1 }),
    where: fc.subarray(["email LIKE 'a%'", "phone > '1'", "city = 'x'", 'email IS NULL', "lower(email) = 'é😀'", "(email = 'a' OR phone ~ 'b')"]),
    order: fc.subarray(['email', 'phone DESC', 'id', 'length(email)']),
    tail: fc.constantFrom('', ' LIMIT 3', ' OFFSET 1', ' FOR UPDATE'),
  })
  .map(({ list, where, order, tail }) => `SELECT ${list.join(', ')} FROM customers${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''}${order.length > 0 ? ` ORDER BY ${order.join(', ')}` : ''}${tail}`);

function check(sql: string): void {
  for (const analysis of bench.analyse(sql)) {
    const outcome = bench.decide(analysis);
    const explained = explain(analysis, outcome, bench);
    if (outcome.effect !== 'allow') expect(explained.length).toBeGreaterThan(0);
    for (const { at, sentence, offers } of explained) {
      expect(at.start).toBeGreaterThanOrEqual(0);
      expect(at.end).toBeLessThanOrEqual(analysis.sql.length);
      expect(at.start).toBeLessThanOrEqual(at.end);
      expect(sentence.split('`').length % 2).toBe(1);
      expect(sentence).not.toContain('\n');
      for (const offer of offers) {
        if (offer.kind === 'ask') continue;
        const [changed, ...more] = bench.analyse(applied(analysis.sql, offer.edits));
        expect(more).toEqual([]);
        expect(bench.decide(changed!).effect).toBe('allow');
      }
    }
  }
}

describe('explanations', () => {
  it('of anything', () => fc.assert(fc.property(text, check), { numRuns: 400 }));
  it('of queries on masked columns', () => fc.assert(fc.property(query, check), { numRuns: 80 }));
});
