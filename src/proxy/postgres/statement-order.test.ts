import { beforeAll, describe, expect, it } from 'vitest';
import { analyseSql } from '../../policy/analyse.ts';
import { initParser } from '../../policy/parse.ts';
import type { AnalysisEnv } from '../../policy/types.ts';
import { orderProblem } from './statement-order.ts';

const env: AnalysisEnv = { catalog: undefined, searchPath: ['pg_catalog', 'public'], classify: () => undefined, prepared: () => undefined, cursor: () => undefined, standardConformingStrings: true };
const problem = (sql: string, unsettled = false): boolean => orderProblem(analyseSql(sql, env), unsettled) !== undefined;

beforeAll(() => initParser());

describe('query strings of several statements', () => {
  it.each([
    'SELECT 1; SELECT id FROM plain',
    'SET statement_timeout = 1000; SELECT id FROM plain',
    'BEGIN; SELECT 1; COMMIT; SELECT id FROM plain',
    'BEGIN; UPDATE plain SET n = 1 WHERE id = 1; ROLLBACK; SELECT id FROM plain',
    'ANALYZE plain; SELECT count(*) FROM plain',
    'CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)',
    'CREATE TABLE a (id int, b text); CREATE INDEX ON a (b); ALTER TABLE a ADD COLUMN c int; COMMENT ON TABLE a IS $$x$$',
    'INSERT INTO a VALUES (1); CREATE TABLE b (id int)',
  ])('may hold %s', (sql) => {
    expect(problem(sql)).toBe(false);
  });

  it.each([
    'SET search_path = decoy; SELECT id FROM plain',
    "SELECT set_config('search_path', 'decoy', false); SELECT id FROM plain",
    'RESET ALL; SELECT id FROM plain',
    'SET ROLE other; SELECT id FROM plain',
    'SET search_path = public, pg_temp; TRUNCATE orders',
    'CREATE OR REPLACE VIEW v AS SELECT 1 AS a; SELECT a FROM v',
    'CREATE OR REPLACE VIEW v AS SELECT 1 AS a; SELECT a FROM over_v',
    'CREATE OR REPLACE VIEW v AS SELECT 1 AS a; INSERT INTO t SELECT a FROM over_v',
    'CREATE OR REPLACE VIEW v AS SELECT 1 AS a; COPY over_v TO STDOUT',
    'DROP TABLE logins; DROP TABLE logins',
    'ALTER TABLE orders RENAME TO o2; TRUNCATE orders',
    'DISCARD TEMP; TRUNCATE orders',
    'DROP TABLE t CASCADE; TRUNCATE orders',
    'DROP TABLE t CASCADE; DROP VIEW contacts',
    'DROP OWNED BY app; TRUNCATE orders',
    'DROP SCHEMA decoy CASCADE; DELETE FROM plain WHERE id = 1',
    'SELECT 1; DO $$ BEGIN NULL; END $$; SELECT id FROM plain',
    'BEGIN; SET LOCAL search_path = decoy; COMMIT; SELECT id FROM plain',
    'BEGIN; CREATE TEMP TABLE plain (id int) ON COMMIT DROP; COMMIT; DROP TABLE plain',
  ])('may not hold %s', (sql) => {
    expect(problem(sql)).toBe(true);
  });

  it('end a transaction in which something was changed only by themselves', () => {
    expect(problem('COMMIT; DROP TABLE logins', true)).toBe(true);
    expect(problem('COMMIT; DROP TABLE logins', false)).toBe(false);
    expect(problem('ROLLBACK; SELECT id FROM plain', true)).toBe(true);
  });
});
