import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { analyseSql } from '../analyse.ts';
import { makeCatalog } from '../lineage/catalog.ts';
import { initParser } from '../parse.ts';
import type { AnalysisEnv, SqlFacts, StatementAnalysis } from '../types.ts';

const env: AnalysisEnv = {
  catalog: undefined,
  searchPath: ['public'],
  classify: () => undefined,
  prepared: () => undefined,
  cursor: () => undefined,
  standardConformingStrings: true,
};

beforeAll(initParser);

function brief(f: SqlFacts): string {
  const operations = f.operations.map((o) => [o.action.slice('sql:'.length), [o.object.schema, o.object.name].filter((x) => x !== undefined).join('.')].filter((x) => x !== '').join(' '));
  const flags = [
    f.hasWhere ? '' : 'no-where',
    f.tautology ? 'tautology' : '',
    f.writes ? 'writes' : '',
    f.plainRead ? 'plain' : '',
    f.fileAccess ? 'file' : '',
    f.programAccess ? 'program' : '',
    f.setting === undefined ? '' : `setting=${f.setting}`,
  ].filter((x) => x !== '');
  return `${f.statement} | ${operations.join(', ')} | ${flags.join(' ')}`.trim();
}

const one = (sql: string, over: Partial<AnalysisEnv> = {}): StatementAnalysis => analyseSql(sql, { ...env, ...over })[0]!;

describe('guardrail corpus', () => {
  const corpus = parse(readFileSync(path.join(import.meta.dirname, 'guardrails.corpus.yaml'), 'utf8')) as string[][];

  it('is as large as promised', () => expect(corpus.length).toBeGreaterThanOrEqual(200));

  it.each(corpus)('%s', (sql, ...expected) => {
    expect(analyseSql(sql, env).map((a) => brief(a.facts))).toEqual(expected);
  });
});

describe('texts of several statements', () => {
  it('gives each its own text, counted in bytes', () => {
    const found = analyseSql("/* é */ select 'ü;' ;; select 2 -- end\n; ", env);
    expect(found.map((a) => a.sql)).toEqual(["select 'ü;'", 'select 2 -- end']);
  });

  it('gives nothing for an empty text', () => {
    for (const sql of ['', '  \n', ';', ' ;; ', '/* nothing */', '-- nothing']) expect(analyseSql(sql, env)).toEqual([]);
  });
});

describe('what cannot be parsed', () => {
  it('is refused with its place', () => {
    const [a] = analyseSql('SELECT 1\n  FROM FROM t', env);
    expect(a?.refusal).toMatchObject({ code: 'parse' });
    expect(a?.refusal?.message).toMatch(/syntax error.*line 2/);
  });

  it.each(['SELECT (', "SELECT 'open", 'DROP', 'SELECT 1 SELECT 2', '\u0000', 'SELECT \ud800', 'BACKUP DATABASE x', 'SELECT $$x', '\\d customers'])('%j', (sql) => {
    const found = analyseSql(sql, env);
    expect(found).toHaveLength(1);
    expect(found[0]?.refusal?.code).toBe('parse');
    expect(found[0]?.facts.plainRead).toBe(false);
  });

  it('survives deep nesting and goes on working', () => {
    const [deep] = analyseSql(`SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`, env);
    expect(deep?.refusal).toBeDefined();
    expect(one('SELECT 1').refusal).toBeUndefined();
  });

  it.each([
    ['sums', `SELECT ${'1+'.repeat(30_000)}1`],
    ['queries', `SELECT ${'(SELECT '.repeat(3_000)}1${')'.repeat(3_000)}`],
    ['negations', `DELETE FROM t WHERE ${'NOT '.repeat(20_000)}true`],
  ])('answers for nested %s', (_what, sql) => {
    const found = analyseSql(sql, env);
    expect(found).toHaveLength(1);
    expect(one('SELECT 1').refusal).toBeUndefined();
    expect(found[0]?.refusal?.code).toMatch(/^(limit|parse)$/);
  });

  it('is over the limit', () => {
    expect(one(`SELECT '${'x'.repeat(1_100_000)}'`).refusal?.code).toBe('limit');
  });

  it('refuses a backslash while standard_conforming_strings is off', () => {
    expect(one("SELECT 'a\\'", { standardConformingStrings: false }).refusal?.code).toBe('parse');
    expect(one("SELECT 'a'", { standardConformingStrings: false }).refusal).toBeUndefined();
  });
});

describe('what the catalog tells of a WHERE', () => {
  const column = (name: string, notNull = false) => ({ attnum: 1, name, typeOid: 23, ...(notNull ? { notNull: true } : {}) });
  const table = (oid: number, name: string, ...columns: ReturnType<typeof column>[]) => ({ oid, schema: 'public', name, kind: 'r', columns });
  const catalog = makeCatalog({ schemas: ['public'], functions: [], relations: [table(1, 'plain', column('id', true), column('n')), table(2, 'other', column('x'), column('plain_id'))] });

  it.each([
    ['DELETE FROM plain WHERE id IS NOT NULL', true],
    ['DELETE FROM plain p WHERE NOT (p.id IS NULL)', true],
    ['DELETE FROM plain WHERE n IS NOT NULL', false],
    ['DELETE FROM plain WHERE id IS NOT NULL AND n = 3', false],
    ['DELETE FROM plain WHERE id IS NOT NULL OR n = 3', true],
    ['DELETE FROM plain WHERE EXISTS (SELECT 1 FROM other WHERE x = 3)', true],
    ['DELETE FROM plain WHERE EXISTS (SELECT 1 FROM other WHERE plain_id = id)', false],
    ['DELETE FROM plain WHERE id IS NULL', false],
  ])('%s reaches all rows: %s', (sql, expected) => expect(one(sql, { catalog }).facts.tautology).toBe(expected));
});

describe('what a session remembers', () => {
  it('EXECUTE does what was prepared', () => {
    const prepare = one('PREPARE p AS DELETE FROM t');
    const body = prepare.effects.prepare!.body;
    expect(prepare.effects.prepare?.name).toBe('p');
    const execute = one('EXECUTE p', { prepared: (n) => (n === 'p' ? body : undefined) });
    expect(brief(execute.facts)).toBe('EXECUTE | session, delete public.t | no-where writes');
    expect(execute.effects.execute).toBe('p');
    for (const sql of ['EXPLAIN ANALYZE EXECUTE p', 'EXPLAIN EXECUTE p', 'CREATE TABLE x AS EXECUTE p']) {
      expect(one(sql, { prepared: () => body }).facts.operations.map((o) => o.action)).toContain('sql:delete');
      expect(one(sql).refusal?.code).toBe('unresolved');
    }
  });

  it.each([
    ['DELETE FROM t WHERE coalesce($1, true)', 'true', true],
    ['DELETE FROM t WHERE body LIKE $1', "'%'", true],
    ['DELETE FROM t WHERE body LIKE $1', "'x%'", false],
    ['DELETE FROM t WHERE id <> ALL ($1)', "'{}'", true],
    ['DELETE FROM t WHERE id = $1', '5', false],
  ])('EXECUTE of %s with %s reaches all rows: %s', (sql, value, expected) => {
    const body = one(`PREPARE p AS ${sql}`).effects.prepare!.body;
    expect(body.facts.tautology).toBe(sql.includes('coalesce'));
    expect(one(`EXPLAIN (ANALYZE) EXECUTE p(${value})`, { prepared: () => body }).facts.tautology).toBe(expected);
  });

  it('FETCH does what its cursor does', () => {
    const declare = one('DECLARE c CURSOR FOR SELECT nextval($1) FROM t');
    const fetch = one('FETCH 1 FROM c', { cursor: () => declare.effects.declare!.body });
    expect(brief(fetch.facts)).toBe('FETCH | session, update, select public.t | writes');
    expect(fetch.effects.fetch).toBe('c');
  });

  it.each([
    ['BEGIN', { transaction: 'begin' }],
    ['COMMIT', { transaction: 'commit', settings: true }],
    ['ROLLBACK TO s', { transaction: 'rollback', settings: true, catalog: true }],
    ['SET search_path = x', { settings: true, catalog: false }],
    ["SELECT set_config('search_path', 'x', true)", { settings: true }],
    ['SET ROLE x', { settings: true, catalog: false }],
    ['CREATE TABLE t (a int)', { catalog: true, settings: false }],
    ['SELECT * INTO t FROM u', { catalog: true }],
    ['DO $$ begin end $$', { catalog: true, settings: true }],
    ['DEALLOCATE p', { deallocate: 'p' }],
    ['DEALLOCATE ALL', { deallocate: '' }],
    ['COPY t TO STDOUT', { copyOut: true, copyIn: false }],
    ['COPY t FROM STDIN', { copyOut: false, copyIn: true }],
    ["COPY t TO '/x'", { copyOut: false, copyIn: false }],
    ['SELECT 1', { settings: false, catalog: false, copyIn: false, copyOut: false }],
  ])('%s', (sql, effects) => expect(one(sql).effects).toMatchObject(effects));
});
