import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../base/errors.ts';
import { buildCatalog } from './catalog.ts';
import type { CatalogRows } from './catalog.ts';

const good: CatalogRows = {
  schemas: [['public', '1'], ['hr', null]],
  relations: [['16384', 'public', 't', 'r', null, '1,2']],
  columns: [['16384', '2', 'b', '25', null], ['16384', '1', 'a', '23', '(b || 1)']],
  functions: [['public', 'f', 'sql', 's', 'f', 't', 'SELECT 1', '["x","y"]'], ['public', 'g', 'c', 'i', 'f', false, null, []]],
  operators: [['public', '###']],
};

describe('buildCatalog', () => {
  it('reads text rows as a server sends them', () => {
    const catalog = buildCatalog(good);
    expect(catalog.relation('public', 't')).toEqual({ oid: 16384, schema: 'public', name: 't', kind: 'r', parents: [1, 2], columns: [{ attnum: 1, name: 'a', typeOid: 23, generated: '(b || 1)' }, { attnum: 2, name: 'b', typeOid: 25 }] });
    expect(catalog.functions('public', 'f')[0]).toMatchObject({ returnsSet: true, body: 'SELECT 1', outColumns: ['x', 'y'] });
    expect(catalog.functions('public', 'nothing')).toEqual([]);
    expect(catalog.printedPath).toEqual(['public']);
    expect(catalog.opaqueOperators?.has('public.###')).toBe(true);
    expect(catalog.relationByOid(16384)?.name).toBe('t');
  });

  it.each<[string, Partial<Record<keyof CatalogRows, readonly unknown[]>>]>([
    ['a row that is no array', { relations: [{ oid: 1 }] }],
    ['a short row', { relations: [['1', 'public', 't', 'r', null]] }],
    ['a long row', { operators: [['public', '+', 'x']] }],
    ['a name that is null', { relations: [['1', null, 't', 'r', null, null]] }],
    ['an oid that is no number', { relations: [['1x', 'public', 't', 'r', null, null]] }],
    ['a fraction', { columns: [[1.5, 1, 'a', 23, null]] }],
    ['a boolean in words', { functions: [['public', 'f', 'sql', 's', 'f', 'yes', null, null]] }],
    ['columns that are not JSON', { functions: [['public', 'f', 'sql', 's', 'f', 't', null, '[x']] }],
    ['columns that are no names', { functions: [['public', 'f', 'sql', 's', 'f', 't', null, '[1]']] }],
    ['a place that is text', { schemas: [['public', 'first']] }],
  ])('refuses %s', (_what, bad) => {
    expect(() => buildCatalog({ ...good, ...bad })).toThrow(MalformedError);
  });
});
