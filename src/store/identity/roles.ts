/** Roles of the store: which groups of the identity provider hold them. */
import type { Roles, StoreRole } from '../../contract/store/index.ts';

/** Groups per role. `engineer` and `approver` undefined: every person; an approval names its own groups besides. */
export interface RoleGroups {
  readonly engineer?: readonly string[] | undefined;
  readonly approver?: readonly string[] | undefined;
  readonly auditor: readonly string[];
  readonly privacy_officer: readonly string[];
  readonly security: readonly string[];
  readonly admin: readonly string[];
}

/** Agents and CI jobs are `service`, never engineer or approver; any other role they need a group for, as people do. */
export function rolesOf(kind: 'User' | 'Agent', groups: readonly string[], config: RoleGroups): Roles {
  const inAny = (wanted: readonly string[]): boolean => groups.some((g) => wanted.includes(g));
  const person = kind === 'User';
  const open = (wanted: readonly string[] | undefined): boolean => person && (wanted === undefined || inAny(wanted));
  return {
    engineer: open(config.engineer),
    approver: open(config.approver),
    auditor: inAny(config.auditor),
    privacy_officer: person && inAny(config.privacy_officer),
    security: inAny(config.security),
    admin: inAny(config.admin),
    service: !person,
  };
}

export const roleNames = (roles: Roles): StoreRole[] => (Object.keys(roles) as StoreRole[]).filter((r) => roles[r]);
