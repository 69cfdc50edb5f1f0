/** Security events are rows of the audit trail: found quickly, and who has looked into which. */
import type { Migration } from './migration.ts';

export const securityEvents: Migration = {
  id: 14,
  name: 'security events: index, acknowledgements',
  sql: `
create index audit_alarms on audit (id) where (outcome = 'ok' and action like 'security.%')
  or (outcome = 'ok' and action = 'policy.report' and detail like 'break\\_glass %')
  or (outcome = 'refused' and action in ('recording.open', 'recording.chunk', 'recording.end') and detail like 'unprocessable%');
create table security_event_acks (
  audit_id bigint primary key references audit, iss text not null, sub text not null, name text not null,
  note text not null, t_ms bigint not null);
`,
};
