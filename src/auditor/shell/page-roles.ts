/** Whose pages are whose: the roles that the store answers. A test compares them with its policies. */
import type { Roles } from '../../contract/store/identity.ts';

type Role = keyof Roles;

export const pageRoles = {
  search: ['engineer', 'service', 'auditor', 'privacy_officer'],
  reports: ['auditor'],
  alarms: ['auditor', 'security', 'admin'],
  redactions: ['privacy_officer', 'security', 'auditor'],
  activity: ['auditor'],
  devices: ['admin'],
  'sign-ins': ['admin'],
  services: ['admin'],
} as const satisfies Record<string, readonly Role[]>;
export type GuardedPage = keyof typeof pageRoles;

/** The action of the store that a page begins with; `all` where the page asks for everybody's. */
export const pageActions = {
  search: { action: 'search', all: false },
  reports: { action: 'report.read', all: false },
  alarms: { action: 'alarm.list', all: false },
  redactions: { action: 'redaction.list', all: false },
  activity: { action: 'audit.read', all: false },
  devices: { action: 'device.list', all: true },
  'sign-ins': { action: 'session.list', all: true },
  services: { action: 'service.list', all: false },
} as const satisfies Record<GuardedPage, { action: string; all: boolean }>;
