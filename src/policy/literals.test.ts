import { beforeAll, describe, expect, it } from 'vitest';
import { initParser } from './parse.ts';
import { hideLiterals } from './literals.ts';

beforeAll(initParser);
const hide = (sql: string): string => hideLiterals(sql, () => 'T');

describe('hideLiterals', () => {
  it.each([
    ["SELECT 'a@b.c' -- a@b.c", "SELECT 'T' /* comment */"],
    ["INSERT INTO t VALUES (E'x\\'y', $$z$$, $q$w$q$, U&'d\\0061', b'01')", "INSERT INTO t VALUES ('T', 'T', 'T', 'T', 'T')"],
    ['SELECT 4111111111111111, 42, $1', "SELECT 'T', 42, $1"],
    ['SELECT "it\'s" FROM "T$$x"', 'SELECT "it\'s" FROM "T$$x"'],
    ["SELECT 'é', 'ü' AS ü", "SELECT 'T', 'T' AS ü"],
    ["SELECT 'a' /* 'b' */ 'c'", "SELECT 'T' /* comment */ 'T'"],
  ])('%s', (sql, expected) => {
    expect(hide(sql)).toBe(expected);
  });

  it('hides all of what cannot be scanned', () => {
    expect(hide("SELECT 'unterminated secret")).not.toContain('secret');
  });
});
