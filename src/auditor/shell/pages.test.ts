import { expect, it } from 'vitest';
import { storeRoles, roles as rolesSchema, type Roles } from '../../contract/store/identity.ts';
import { homeOf, mayOpen } from './pages.ts';

const rolesOf = (...held: readonly string[]): Roles => rolesSchema.parse(Object.fromEntries(storeRoles.map((r) => [r, held.includes(r)])));

it('people begin with the search, or with what there is for them', () => {
  expect(homeOf(rolesOf('engineer', 'admin'))).toEqual({ page: 'search', filters: {} });
  expect(homeOf(rolesOf('admin'))).toEqual({ page: 'alarms' });
  expect(homeOf(rolesOf())).toEqual({ page: 'search', filters: {} });
  expect(mayOpen('activity', rolesOf('engineer'))).toBe(false);
  expect(mayOpen('nowhere', rolesOf())).toBe(true);
});
