import { beforeAll, describe, expect, it } from 'vitest';
import { hideLiterals } from './literals.ts';
import { initParser } from './parse.ts';
import { plainLiterals } from './plain-literals.ts';

beforeAll(initParser);
const shown = (sql: string): string => hideLiterals(sql, () => 'T', plainLiterals(sql, (c) => ['name', 'city', 'status', 'created'].includes(c)));

describe('literals near classified columns', () => {
  it.each([
    ["UPDATE c SET name = 'Bob', email = 'b@x' WHERE city = 'Rome' AND email = 'b@x'", "UPDATE c SET name = 'Bob', email = 'T' WHERE city = 'Rome' AND email = 'T'"],
    ["INSERT INTO c (name, email) VALUES ('é', 'b@x'), ('Al', 'a@x')", "INSERT INTO c (name, email) VALUES ('é', 'T'), ('Al', 'T')"],
    ["SELECT 1 FROM c WHERE status IN ('new', 'paid') AND c.email IN ('a', 'b')", "SELECT 1 FROM c WHERE status IN ('new', 'paid') AND c.email IN ('T', 'T')"],
    ["SELECT 1 FROM c WHERE created > '2026-01-01'::date", "SELECT 1 FROM c WHERE created > '2026-01-01'::date"],
  ])('%s', (sql, expected) => {
    expect(shown(sql)).toBe(expected);
  });

  it.each([
    "INSERT INTO c VALUES ('a', 'b')",
    "SELECT 'a' FROM c",
    "SELECT 1 FROM c WHERE lower(email) = 'a' OR 'a' = email OR name || email = 'a'",
    "UPDATE c SET name = 'a' || email",
    "SELECT 1 FROM c WHERE name = concat('a', 'b')",
    "WITH x AS (SELECT email AS city FROM c) SELECT 1 FROM x WHERE city = 'a'",
    "SELECT 1 FROM c AS d(city, name) WHERE name = 'a'",
    "SELECT 1 FROM (SELECT email city FROM c) d WHERE city = 'a'",
    "DO $$ BEGIN PERFORM 'a'; END $$",
  ])('hides what is not plainly about another column: %s', (sql) => {
    expect(shown(sql)).not.toMatch(/'(a|b)'/);
  });
});
