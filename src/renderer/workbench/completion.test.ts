import { describe, expect, it } from 'vitest';
import { toNamespace } from './completion.ts';

const table = (schema: string, name: string, column: string) => ({ schema, name, kind: 'table' as const, columns: [{ name: column, type: 'text', classId: 'email' }] });

describe('toNamespace', () => {
  const names = toNamespace({ searchPath: ['app', 'public'], tables: [table('public', 'users', 'old'), table('app', 'users', 'new'), table('hr', 'pay', 'x')] });
  it('offers schemas, and unqualified tables of the search path only', () => {
    expect(Object.keys(names).sort()).toEqual(['app', 'hr', 'public', 'users']);
  });
  it('lets the first schema of the path win', () => {
    expect(JSON.stringify((names as Record<string, unknown>)['users'])).toContain('"label":"new"');
  });
  it('says which columns come back masked', () => expect(JSON.stringify(names)).toContain('masked: email'));
});
