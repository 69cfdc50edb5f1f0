import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { analyseSql } from '../analyse.ts';
import { initParser } from '../parse.ts';
import type { AnalysisEnv, ColumnRef, StatementAnalysis } from '../types.ts';
import { sketchCatalog } from '../../testing/catalog.ts';
import { makeCatalog } from './catalog.ts';
import { env } from '../../testing/lineage-fixture.ts';

// Some analyses stand outside of tests.
await initParser();

const short = (r: ColumnRef): string => `${r.schema === 'public' ? '' : `${r.schema}.`}${r.table}.${r.column}`;
const one = (sql: string, over: Partial<AnalysisEnv> = {}): StatementAnalysis => analyseSql(sql, { ...env, ...over })[0]!;

function brief(a: StatementAnalysis): string {
  if (a.refusal) return `refused ${a.refusal.code}: ${a.refusal.message}`;
  const output = typeof a.output === 'string' ? a.output : a.output.map((c) => `${c.name}${c.exact ? '=' : '~'}${c.sources.map(short).sort().join('+')}`).join(', ');
  return a.predicates.length === 0 ? output : `${output} ? ${a.predicates.map((p) => `${short(p.column)} ${p.kind}`).join(', ')}`;
}

describe('lineage corpus', () => {
  const corpus = parse(readFileSync(path.join(import.meta.dirname, 'lineage.corpus.yaml'), 'utf8')) as [string, string][];

  it('is as large as promised', () => expect(corpus.length).toBeGreaterThanOrEqual(180));

  it.each(corpus)('%s', (sql, expected) => {
    expect(brief(one(sql))).toBe(expected);
  });
});

describe('names', () => {
  it('follow the search_path', () => {
    expect(brief(one('SELECT email FROM orders', { searchPath: ['hr', 'public'] }))).toBe('email=hr.orders.email');
    expect(brief(one('SELECT memo FROM orders', { searchPath: ['public', 'hr'] }))).toBe('memo=orders.memo');
    expect(brief(one("SELECT upper('x')", { searchPath: ['public', 'hr'] }))).toMatch(/^refused opaque: function pg_catalog.upper|^refused opaque: function hr.upper/);
    expect(brief(one("SELECT upper('x')"))).toBe('upper~');
  });

  it('find the session’s own temporary schema first', () => {
    expect(brief(one('SELECT * FROM notes', { searchPath: ['pg_temp_9', 'public'] }))).toBe('id=pg_temp_9.notes.id, body=pg_temp_9.notes.body');
  });

  it('do not reach pg_catalog first when the path names it later', () => {
    const catalog = sketchCatalog({ tables: ['public.pg_class(secret)', 'pg_catalog.pg_class(oid, relname)'] });
    const classify = (r: ColumnRef) => (r.column === 'secret' ? env.classify({ schema: 'public', table: 'customers', column: 'email' }) : undefined);
    expect(brief(one('SELECT * FROM pg_class', { catalog, classify, searchPath: ['public', 'pg_catalog'] }))).toBe('secret=pg_class.secret');
    expect(brief(one('SELECT relname FROM pg_class', { catalog, classify, searchPath: ['public'] }))).toBe('relname=pg_catalog.pg_class.relname');
  });
});

describe('a database without classified columns', () => {
  const plain: Partial<AnalysisEnv> = { classify: () => undefined };

  it.each(['SELECT pl(1)', 'SELECT * FROM nowhere', "SELECT query_to_xml('x', true, true, '')", 'SELECT * FROM pg_stats', 'FETCH 1 FROM c', 'SELECT 1 ### 2'])('lets %s through', (sql) => {
    expect(one(sql, plain).refusal).toBeUndefined();
    expect(one(sql).refusal).toBeDefined();
  });
});

describe('without a catalog', () => {
  const bare: Partial<AnalysisEnv> = { catalog: undefined };

  it.each([
    ['SELECT email, name AS n FROM customers', 'email=customers.email, n=customers.name'],
    ['SELECT c.email FROM customers c, orders o', 'email=customers.email'],
    ['SELECT * FROM customers', 'untracked'],
    ['SELECT x FROM customers, hr.people', 'x~customers.x+hr.people.x'],
    ['UPDATE orders SET memo = c.email FROM customers c', 'refused unresolved: column orders.memo would hold values of public.customers.email but is not of the class email'],
  ])('%s', (sql, expected) => expect(brief(one(sql, bare))).toBe(expected));
});

describe('what a session remembers', () => {
  const prepared = one('PREPARE p AS SELECT email FROM customers WHERE phone = $1').effects.prepare!.body;

  it('EXECUTE and FETCH give the columns of what they run', () => {
    const execute = one('EXECUTE p (1)', { prepared: () => prepared });
    expect(brief(execute)).toBe('email=customers.email ? customers.phone equality');
    expect(execute.reads.map(short).sort()).toEqual(['customers.email', 'customers.phone']);
    expect(brief(one('FETCH ALL FROM c', { cursor: () => prepared }))).toBe('email=customers.email ? customers.phone equality');
    expect(one('MOVE 1 FROM c', { cursor: () => prepared }).output).toBe('none');
  });

  it('a prepared query does not launder into a table', () => {
    expect(one('CREATE TEMP TABLE x AS EXECUTE p', { prepared: () => prepared }).refusal?.code).toBe('opaque');
    expect(one('EXPLAIN ANALYZE EXECUTE p', { prepared: () => prepared }).reads.map(short)).toContain('customers.email');
  });

  it('a refused body stays refused', () => {
    const body = one('PREPARE q AS SELECT pl(1)').effects.prepare!.body;
    expect(body.refusal?.code).toBe('opaque');
    expect(one('EXECUTE q', { prepared: () => body }).refusal?.code).toBe('opaque');
  });
});

describe('tables that the session makes with a classified name', () => {
  const byName: Partial<AnalysisEnv> = { classify: (r) => (r.column === 'email' ? env.classify({ schema: 'public', table: 'customers', column: 'email' }) : undefined) };

  it.each([
    "CREATE TEMP TABLE g (id int, email text CHECK (email < 'm'))",
    "CREATE TABLE g (id int, email text, CONSTRAINT c CHECK (left(email, 1) = 'u'))",
    "CREATE TEMP TABLE g (email text, low bool GENERATED ALWAYS AS (email < 'm') STORED, CHECK (low))",
    'CREATE TEMP TABLE g (id int, email text) PARTITION BY RANGE (email)',
    'CREATE TEMP TABLE g (email text, EXCLUDE USING btree (left(email, 1) WITH =))',
    'CREATE TEMP TABLE g (LIKE customers, n int GENERATED ALWAYS AS (1 / length(email)) STORED)',
  ])('%s asks about values', (sql) => {
    const a = one(sql, byName);
    expect(a.refusal).toBeUndefined();
    expect(a.predicates.map((p) => p.kind)).toContain('other');
  });

  it.each(['CREATE TABLE g (id int, email text UNIQUE NOT NULL, at timestamptz DEFAULT now())', 'CREATE TEMP TABLE g AS SELECT id, email FROM customers', 'CREATE TABLE g (LIKE customers INCLUDING ALL)'])('%s asks nothing', (sql) => {
    expect(one(sql, byName)).toMatchObject({ predicates: [], output: 'none' });
  });

  it('a value that has to fit another type tells of its length', () => {
    const column = (name: string, typeOid: number, typmod?: number) => ({ attnum: 1, name, typeOid, ...(typmod === undefined ? {} : { typmod }) });
    const table = (oid: number, name: string, email: ReturnType<typeof column>) => ({ oid, schema: 'public', name, kind: 'r', columns: [email] });
    const catalog = makeCatalog({ schemas: ['public'], functions: [], relations: [table(1, 'wide', column('email', 25)), table(2, 'narrow', column('email', 1043, 7)), table(3, 'narrow2', column('email', 1043, 7))] });
    const kinds = (sql: string) => one(sql, { ...byName, catalog }).predicates.map((p) => p.kind);
    expect(kinds('INSERT INTO narrow SELECT email FROM wide')).toEqual(['other']);
    expect(kinds('INSERT INTO wide SELECT email FROM narrow')).toEqual([]);
    expect(kinds('INSERT INTO narrow SELECT email FROM narrow2')).toEqual([]);
    expect(kinds("UPDATE narrow SET email = 'x'")).toEqual([]);
  });
});

describe('code that cannot be followed', () => {
  it.each(['DO $$ begin end $$', 'CALL anything()', 'CREATE TRIGGER g BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION pl()', 'CREATE CAST (part AS text) WITH FUNCTION pl(part)'])('%s may read every classified column', (sql) => {
    const a = one(sql);
    expect(a.refusal).toBeUndefined();
    expect(a.reads.map(short)).toContain('customers.email');
    expect(a.facts.operations.map((o) => o.action)).toContain('sql:opaque');
  });

  it('endless views and functions end', () => {
    const catalog = sketchCatalog({ tables: ['public.customers(id, email)'], functions: [{ schema: 'public', name: 'f', body: 'SELECT f() FROM public.customers', outColumns: [] }] });
    expect(brief(one('SELECT f()', { catalog }))).toBe('f~');
    const deep = `SELECT ${'(SELECT '.repeat(150)}email${')'.repeat(150)} FROM customers`;
    expect(one(deep).refusal?.code ?? 'ok').toMatch(/ok|limit/);
  });
});
