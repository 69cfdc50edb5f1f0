import { beforeAll, describe, expect, it } from 'vitest';
import { env } from '../../testing/lineage-fixture.ts';
import { analyseSql } from '../analyse.ts';
import { initParser } from '../parse.ts';
import type { StatementAnalysis, TextPlace } from '../types.ts';

beforeAll(initParser);

const all = (sql: string): StatementAnalysis[] => analyseSql(sql, env);
const part = (a: StatementAnalysis | undefined, at: TextPlace | undefined): string | undefined => (a === undefined || at === undefined ? undefined : a.sql.slice(at.start, at.end));
const refused = (sql: string): string | undefined => {
  const [a] = all(sql);
  expect(a?.refusal).toBeDefined();
  return part(a, a?.refusal?.at);
};
const filters = (sql: string): (string | undefined)[] => {
  const [a] = all(sql);
  expect(a?.refusal).toBeUndefined();
  return (a?.predicates ?? []).map((p) => part(a, p.at));
};
const targets = (sql: string): (string | undefined)[] => {
  const [a] = all(sql);
  return typeof a?.output === 'object' ? a.output.map((c) => part(a, c.at)) : [];
};

describe('the place of a refusal', () => {
  it.each([
    ['SELECT email, pl(1) FROM customers', 'pl(1)'],
    ['SELECT emial FROM customers', 'emial'],
    ['SELECT * FROM customers c JOIN nowhere n ON true', 'nowhere'],
    ['SELECT id FROM orders WHERE id = 3 AND 1 ### 2', '1 ### 2'],
    ["/* é */ SELECT 'ü', set_config('a.b', email, false) FROM customers", "set_config('a.b', email, false)"],
    ['UPDATE orders SET total = 1, memo = c.email FROM customers c', 'c.email'],
    ['CREATE TABLE x AS SELECT city, upper(email) AS u FROM customers', 'upper(email)'],
    ['SELECT FROM FROM t', 'FROM'],
    ['SELECT id FROM v_loop', 'v_loop'],
  ])('%s', (sql, expected) => expect(refused(sql)).toBe(expected));

  it('counts within its own statement, after whatever stands before it', () => {
    const found = all("SELECT 'ünïcode 😀' ;\n  SELECT '😀', most_common_vals FROM pg_stats");
    expect(part(found[1], found[1]?.refusal?.at)).toBe('most_common_vals');
  });

  it('is in the statement itself when the cause is in a view', () => {
    const [a] = all('SELECT 1, a FROM v_loop');
    expect(part(a, a?.refusal?.at)).toBe('v_loop');
  });
});

describe('the place of a filter', () => {
  it.each([
    ["SELECT id FROM customers WHERE id = 1 AND email LIKE 'a%'", ["email LIKE 'a%'"]],
    ["SELECT id FROM customers WHERE (email) IN ('x', $1) AND phone IS NOT NULL", ["(email) IN ('x', $1)", 'phone IS NOT NULL']],
    ['SELECT id FROM customers c ORDER BY id, c.email DESC', ['c.email']],
    ['SELECT DISTINCT city, email FROM customers', ['email']],
    ['SELECT * FROM customers NATURAL JOIN part', ['customers NATURAL JOIN part', 'customers NATURAL JOIN part']],
    ['SELECT id FROM customers LIMIT (SELECT length(email) FROM customers)', ['(SELECT length(email) FROM customers)']],
    ["SELECT count(*) FILTER (WHERE CASE WHEN phone > '1' THEN true END) FROM customers", ["phone > '1'"]],
  ])('%s', (sql, expected) => expect(filters(sql)).toEqual(expected));
});

describe('the place of an output column', () => {
  it('is its target, or the star', () => {
    expect(targets("SELECT c.*, upper(c.email) AS u, (phone)::varchar(3), now(), 'a, b' FROM customers c")).toEqual([...Array<string>(6).fill('c.*'), 'upper(c.email)', '(phone)::varchar(3)', 'now()', "'a, b'"]);
    expect(targets('SELECT email FROM customers UNION SELECT name FROM customers')).toEqual(['email']);
    expect(targets('DELETE FROM customers RETURNING id, email')).toEqual(['id', 'email']);
    expect(targets('SELECT CASE WHEN id = 1 THEN email END, $$x,y$$, tags[1], name IS NULL FROM customers')).toEqual(['CASE WHEN id = 1 THEN email END', '$$x,y$$', 'tags[1]', 'name IS NULL']);
  });

  it('is left out where nothing is classified, and for a query that was prepared elsewhere', () => {
    expect(targets('SELECT id FROM orders')).toEqual([undefined]);
    const body = all('PREPARE p AS SELECT email FROM customers')[0]?.effects.prepare?.body;
    expect(part(body, typeof body?.output === 'object' ? body.output[0]?.at : undefined)).toBe('email');
    const [run] = analyseSql('EXECUTE p', { ...env, prepared: () => body });
    expect(run?.output).toEqual([{ name: 'email', sources: [{ schema: 'public', table: 'customers', column: 'email' }], exact: true }]);
  });
});
