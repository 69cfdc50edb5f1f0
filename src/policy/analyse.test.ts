/** Names that one text prepares or declares and uses itself. */
import { beforeAll, describe, expect, it } from 'vitest';
import { analyseSql } from './analyse.ts';
import { initParser } from './parse.ts';
import type { AnalysisEnv, StatementAnalysis } from './types.ts';

beforeAll(() => initParser());

const session = (sql: string): StatementAnalysis => {
  const [found] = analyseSql(sql, env());
  if (!found) throw new Error('no statement');
  return found;
};
const env = (prepared: Readonly<Record<string, StatementAnalysis>> = {}): AnalysisEnv => ({
  catalog: undefined,
  searchPath: ['pg_catalog', 'public'],
  classify: () => undefined,
  prepared: (name) => prepared[name],
  cursor: () => undefined,
  standardConformingStrings: true,
});
const executes = (sql: string, prepared: Readonly<Record<string, StatementAnalysis>> = {}): (string | undefined)[] =>
  analyseSql(sql, env(prepared)).map((s) => (s.effects.execute === undefined ? undefined : (s.refusal?.code ?? s.facts.operations.map((o) => o.action).join())));

describe('PREPARE and EXECUTE in one text', () => {
  it('EXECUTE is what the PREPARE before it says', () => {
    expect(executes('PREPARE p AS DELETE FROM plain WHERE id = 1; EXECUTE p').at(-1)).toContain('sql:delete');
  });

  it('a name of the session is used until the text takes it away or makes it anew', () => {
    const p = session('SELECT 1 FROM plain');
    expect(executes('EXECUTE p; SELECT 1', { p })[0]).toContain('sql:select');
    expect(executes('DEALLOCATE p; EXECUTE p', { p })[1]).toBe('unresolved');
    expect(executes('DEALLOCATE ALL; EXECUTE p', { p })[1]).toBe('unresolved');
    expect(executes('DISCARD ALL; EXECUTE p', { p })[1]).toBe('unresolved');
    expect(executes('DEALLOCATE p; PREPARE p AS UPDATE plain SET id = 1; EXECUTE p', { p })[2]).toContain('sql:update');
  });

  it('a name that comes only later is not known yet', () => {
    expect(executes('EXECUTE p; PREPARE p AS SELECT 1')[0]).toBe('unresolved');
  });
});

describe('client_encoding', () => {
  const refusal = (sql: string): string | undefined => analyseSql(sql, env())[0]?.refusal?.message;

  it.each(["SET client_encoding = 'LATIN1'", "SET NAMES 'SJIS'", 'SET LOCAL client_encoding TO win1252', "BEGIN; SET client_encoding TO 'sql_ascii'"])('%s is refused, with what to do', (sql) => {
    expect(analyseSql(sql, env()).map((s) => s.refusal?.message ?? '').join('')).toContain("SET client_encoding TO 'UTF8'");
  });

  it.each(["SET client_encoding = 'UTF8'", "SET NAMES 'utf-8'", "SET client_encoding TO Unicode", 'RESET client_encoding', 'SET client_encoding TO DEFAULT', 'SET NAMES'])('%s is not', (sql) => {
    expect(refusal(sql)).toBeUndefined();
  });
});

describe('set_config of a name that pg_settings gives', () => {
  const labels = (sql: string): string => analyseSql(sql, env())[0]?.facts.operations.map((o) => `${o.action} ${o.object.name ?? ''}`).join() ?? '';

  it('is the setting that the condition names', () => {
    expect(labels("SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'")).toContain('sql:set restrict_nonsystem_relation_kind');
    expect(labels("SELECT pg_catalog.set_config(name, 'x', false) FROM pg_catalog.pg_settings WHERE name = 'session_replication_role'")).toContain('sql:set session_replication_role');
  });

  it.each([
    "SELECT set_config(name, 'x', false) FROM pg_settings",
    "SELECT set_config(name, 'x', false) FROM pg_settings WHERE name <> 'a'",
    "SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'a' OR name = 'role'",
    "SELECT set_config(name, 'x', false) FROM pg_settings, other WHERE name = 'a'",
    "SELECT set_config(name, 'x', false) FROM public.pg_settings WHERE name = 'a'",
    "SELECT set_config(name, 'x', false) FROM pg_settings AS t(name) WHERE name = 'a'",
    "SELECT set_config(name, 'x', false) FROM pg_settings WHERE name OPERATOR(public.=) 'a'",
    "SELECT set_config(reset_val, 'x', false) FROM pg_settings WHERE name = 'a'",
    "WITH pg_settings AS (SELECT 'role' AS name) SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'a'",
  ])('anything else is not: %s', (sql) => {
    expect(labels(sql)).toContain('sql:opaque');
  });
});
