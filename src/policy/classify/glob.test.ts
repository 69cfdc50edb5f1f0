import { describe, expect, it } from 'vitest';
import { Classifier, isClassifiedTable, stricterMask } from './classifier.ts';
import { matchesColumn, matchesTable, parseColumnGlob } from './glob.ts';

const col = (schema: string, table: string, column: string) => ({ schema, table, column });
const hit = (glob: string, path: string, connection = 'shop') => {
  const [schema = '', table = '', column = ''] = path.split('.');
  return matchesColumn(parseColumnGlob(glob), connection, col(schema, table, column));
};

describe('column globs', () => {
  it.each([
    ['email', 'public.customers.email', true],
    ['email', 'public.customers.email2', false],
    ['customers.email', 'hr.customers.email', true],
    ['customers.email', 'hr.people.email', false],
    ['public.customers.email', 'hr.customers.email', false],
    ['hr.*.email', 'hr.people.email', true],
    ['hr.*.email', 'hr2.people.email', false],
    ['*_email', 'public.t.work_email', true],
    ['*_email', 'public.t.email', false],
    ['phone*', 'public.t.phone', true],
    ['c?rd', 'public.t.card', true],
    ['c?rd', 'public.t.crd', false],
    ['*a*b*c', 'public.t.xxaxxbxxabc', true],
    ['*a*b*c', 'public.t.xxaxxbxxabd', false],
    ['Email', 'public.t.email', false],
    ['*', 'public.t.anything', true],
  ])('%s on %s: %s', (glob, path, expected) => {
    expect(hit(glob, path)).toBe(expected);
  });

  it('matches the connection only when it is named', () => {
    expect(hit('shop/public.t.email', 'public.t.email')).toBe(true);
    expect(hit('shop/email', 'public.t.email')).toBe(true);
    expect(hit('shop/email', 'public.t.email', 'other')).toBe(false);
    expect(hit('*/email', 'public.t.email', 'other')).toBe(true);
    expect(hit('sh*/email', 'public.t.email', 'other')).toBe(false);
  });

  it('takes quoted parts literally', () => {
    const glob = parseColumnGlob('"my.schema"."a*b"."x""y"');
    expect(matchesColumn(glob, 'c', col('my.schema', 'a*b', 'x"y'))).toBe(true);
    expect(matchesColumn(glob, 'c', col('my.schema', 'aXb', 'x"y'))).toBe(false);
  });

  it('reaches system schemas only by name', () => {
    expect(hit('*', 'pg_catalog.pg_class.relname')).toBe(false);
    expect(hit('*.*.passwd', 'pg_catalog.pg_shadow.passwd')).toBe(false);
    expect(hit('pg_catalog.*.passwd', 'pg_catalog.pg_shadow.passwd')).toBe(true);
  });

  it('answers for a table without its columns', () => {
    expect(matchesTable(parseColumnGlob('email'), 'c', 'public', 't')).toBe(true);
    expect(matchesTable(parseColumnGlob('hr.people.email'), 'c', 'public', 't')).toBe(false);
  });

  it('stays fast on hostile names', () => {
    const glob = parseColumnGlob(`${'*a'.repeat(50)}b`);
    expect(matchesColumn(glob, 'c', col('s', 't', 'a'.repeat(5_000)))).toBe(false);
  });

  it.each(['', 'a.b.c.d', 'a..b', '.a', 'a.', 'a/b/c', 's.t/c', '"open', 'two words'])('refuses %j', (text) => {
    expect(() => parseColumnGlob(text)).toThrow();
  });
});

describe('Classifier', () => {
  const source = (id: string, columns: string[], kind: 'token' | 'partial' | 'full' | 'null', except: string[] = []) => ({ id, columns, except, detectors: [], mask: { kind }, predicates: 'deny' as const });

  it('prefers the class that reveals least, then the first', () => {
    const c = new Classifier([source('a', ['x'], 'partial'), source('b', ['x'], 'null'), source('c', ['x'], 'null')]);
    expect(c.classify('shop', col('s', 't', 'x'))?.id).toBe('b');
    expect(c.classify('shop', col('s', 't', 'x'))?.id).toBe('b');
    expect(c.classify('shop', col('s', 't', 'y'))).toBeUndefined();
  });

  it('honours exceptions', () => {
    const c = new Classifier([source('email', ['email*'], 'token', ['email_verified'])]);
    expect(c.classify('shop', col('s', 't', 'email_home'))?.id).toBe('email');
    expect(c.classify('shop', col('s', 't', 'email_verified'))).toBeUndefined();
  });

  it('keeps connections apart in its memory', () => {
    const c = new Classifier([source('email', ['shop/email'], 'token')]);
    expect(c.classify('shop', col('s', 't', 'email'))?.id).toBe('email');
    expect(c.classify('other', col('s', 't', 'email'))).toBeUndefined();
  });

  it('orders masks by what they reveal', () => {
    expect(stricterMask('partial', 'token')).toBe('token');
    expect(stricterMask('full', 'token')).toBe('full');
    expect(stricterMask('full', 'null')).toBe('null');
  });

  it('knows a classified table by its columns', () => {
    const c = new Classifier([source('email', ['email'], 'token')]);
    const table = (column: string) => ({ schema: 's', name: 't', columns: [{ attnum: 1, name: column, typeOid: 25 }] });
    expect(isClassifiedTable(table('email'), (x) => c.classify('shop', x))).toBe(true);
    expect(isClassifiedTable(table('id'), (x) => c.classify('shop', x))).toBe(false);
  });
});
