/** Which pages somebody is shown. The store refuses the rest anyway; nobody is shown a door that is shut for them. */
import type { Me } from '../../contract/store/identity.ts';
import type { Place } from '../place.ts';
import { type GuardedPage, pageRoles } from './page-roles.ts';

const isGuarded = (page: Place['page']): page is GuardedPage => page in pageRoles;

export const mayOpen = (page: Place['page'], roles: Me['roles']): boolean => !isGuarded(page) || pageRoles[page].some((role) => roles[role]);

const ORDER = ['alarms', 'redactions', 'devices', 'activity', 'reports'] as const;

/** Where somebody begins: the search, or what else there is for them. */
export function homeOf(roles: Me['roles']): Place {
  const page = mayOpen('search', roles) ? undefined : ORDER.find((p) => mayOpen(p, roles));
  return page === undefined ? { page: 'search', filters: {} } : { page };
}
