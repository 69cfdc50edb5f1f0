import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../base/errors.ts';
import { buildCatalog } from './catalog.ts';
import type { CatalogRows } from './catalog.ts';

const good: CatalogRows = {
  schemas: [['public', '1'], ['hr', null]],
  relations: [['16384', 'public', 't', 'r', null, '1,2', '16386', '16385']],
  columns: [['16384', '2', 'b', '25', null, '24', 't', 'f'], ['16384', '1', 'a', '23', '(b || 1)', null, 'f', 't']],
  functions: [['public', 'f', 'sql', 's', 'f', 't', 'SELECT 1', '["x","y"]', '25 23', '1', 'f', 'text, integer', '7', '20 25'], ['public', 'g', 'c', 'i', 'f', false, null, [], '', 0, false, null, null, '25']],
  operators: [['public', '###']],
  casts: [['public', 'mood']],
  hidden: [['16384', 'trigger', 'audit', 'public', 'note', 'plpgsql'], ['16384', 'rule', 'r', null, null, null]],
  types: [['pg_temp', 'text', '16400', 't', null, 'f'], ['public', 'rows', '16401', 'f', '16384', 't']],
};

describe('buildCatalog', () => {
  it('reads text rows as a server sends them', () => {
    const catalog = buildCatalog(good);
    expect(catalog.relation('public', 't')).toEqual({
      oid: 16384, schema: 'public', name: 't', kind: 'r', parents: [1, 2],
      columns: [{ attnum: 1, name: 'a', typeOid: 23, generated: '(b || 1)', virtual: true }, { attnum: 2, name: 'b', typeOid: 25, typmod: 24, notNull: true }],
      rowTypes: [16386, 16385],
      hidden: [{ kind: 'trigger', name: 'audit', function: { schema: 'public', name: 'note', language: 'plpgsql' } }, { kind: 'rule', name: 'r' }],
    });
    expect(catalog.functions('public', 'f')[0]).toMatchObject({ returnsSet: true, body: 'SELECT 1', outColumns: ['x', 'y'], args: [25, 23], defaults: 1, signature: 'text, integer', defaultValues: '7', results: [20, 25] });
    expect(catalog.functions('public', 'g')[0]).toMatchObject({ args: [], signature: '' });
    expect(catalog.opaqueCasts?.has('public.mood')).toBe(true);
    expect(catalog.functions('public', 'nothing')).toEqual([]);
    expect(catalog.printedPath).toEqual(['public']);
    expect(catalog.opaqueOperators?.has('public.###')).toBe(true);
    expect(catalog.relationByOid(16384)?.name).toBe('t');
    expect(catalog.relationOfType?.(16385)?.name).toBe('t');
    expect(catalog.relationOfType?.(16401)?.name).toBe('t');
    expect(catalog.hidingTypes?.has('pg_temp.text')).toBe(true);
    expect([...(catalog.implicitTypes ?? [])]).toEqual([16401]);
  });

  it.each<[string, Partial<Record<keyof CatalogRows, readonly unknown[]>>]>([
    ['a row that is no array', { relations: [{ oid: 1 }] }],
    ['a short row', { relations: [['1', 'public', 't', 'r', null, null, 0]] }],
    ['a long row', { operators: [['public', '+', 'x']] }],
    ['a name that is null', { relations: [['1', null, 't', 'r', null, null, 0, 0]] }],
    ['an oid that is no number', { relations: [['1x', 'public', 't', 'r', null, null, 0, 0]] }],
    ['a fraction', { columns: [[1.5, 1, 'a', 23, null, null, false, false]] }],
    ['code of an unknown kind', { hidden: [['1', 'spell', 'x', null, null, null]] }],
    ['code without a language', { hidden: [['1', 'trigger', 'x', 'public', 'f', null]] }],
    ['a boolean in words', { functions: [['public', 'f', 'sql', 's', 'f', 'yes', null, null, '', 0, false, null, null, '25']] }],
    ['columns that are not JSON', { functions: [['public', 'f', 'sql', 's', 'f', 't', null, '[x', '', 0, false, null, null, '25']] }],
    ['columns that are no names', { functions: [['public', 'f', 'sql', 's', 'f', 't', null, '[1]', '', 0, false, null, null, '25']] }],
    ['a place that is text', { schemas: [['public', 'first']] }],
  ])('refuses %s', (_what, bad) => {
    expect(() => buildCatalog({ ...good, ...bad })).toThrow(MalformedError);
  });
});
