/** The whole of the authorization as a table: what each role may do with each route. For people, and for the test that compares it. */
import { type StoreRole, storeRoles } from '../../../contract/store/index.ts';
import type { AuthNeed, MountedRoute } from '../../http/route.ts';
import type { Authorizer } from './authorizer.ts';

/** `none`: no proof at all. `signed in`: a session whose groups give no role. `device`: a device's signature alone. */
export const callers = ['none', 'signed in', 'device', ...storeRoles] as const;
export type Caller = (typeof callers)[number];

/**
 * -: refused. yes: allowed, and not about anybody's object. all: allowed for everybody's objects. own: for the caller's.
 * named: for those that name the caller. own+named: both.
 */
export type Cell = '-' | 'yes' | 'all' | 'own' | 'named' | 'own+named';

const isRole = (c: Caller): c is StoreRole => storeRoles.some((r) => r === c);

/** Roles in the policies' sense that a caller has at a route; undefined: they cannot prove what the route asks for. */
export function rolesAt(need: AuthNeed, caller: Caller): string[] | undefined {
  if (need === 'public') return ['anybody'];
  if (caller === 'none') return undefined;
  if (caller === 'device') return need === 'device' || need === 'either' ? ['anybody', 'device'] : undefined;
  // Whoever has a session is taken to have a device of their own too.
  if (need === 'device') return ['anybody', 'device'];
  const person = ['anybody', 'signed_in', ...(isRole(caller) ? [caller] : [])];
  return need === 'both' ? [...person, 'device'] : person;
}

export function cellOf(authorizer: Authorizer, route: MountedRoute, caller: Caller): Cell {
  const roles = rolesAt(route.auth, caller);
  if (roles === undefined || !authorizer.allows(roles, route.action)) return '-';
  const of = (own: boolean, named: boolean): boolean => authorizer.allows(roles, route.action, { own, named });
  if (of(false, false)) return 'all';
  if (of(true, false)) return of(false, true) ? 'own+named' : 'own';
  return of(false, true) ? 'named' : 'yes';
}

/** A table in Markdown, one line for each route, in order of path. */
export function matrixTable(authorizer: Authorizer, routes: readonly MountedRoute[]): string {
  const lines = routes.map((r) => {
    const cells = callers.map((c) => cellOf(authorizer, r, c));
    return `| \`${r.method} ${r.path}\` | ${r.action} | ${r.auth} | ${cells.join(' | ')} |`;
  });
  const head = ['route', 'action', 'proof', ...callers];
  return [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...[...lines].sort()].join('\n');
}
