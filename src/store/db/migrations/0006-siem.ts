/** Security events for others: the order of the audit trail, events that wait for their receivers, notifications that wait to be sent. */
import type { Migration } from './migration.ts';

export const siem: Migration = {
  id: 6,
  name: 'events for SIEM, notifications',
  sql: `
alter table audit add column txid xid8 not null default pg_current_xact_id();
create index audit_order on audit (txid, id);
create table feed_cursors (name text primary key, txid text not null, id bigint not null, moved_ms bigint not null);
create table worker_leases (name text primary key, holder text not null, until_ms bigint not null);
create table siem_sessions (session_id text primary key, next_chunk integer not null, requests text not null);
create table siem_events (seq bigint generated always as identity primary key, made_ms bigint not null, body text not null);
create table siem_sinks (
  name text primary key, seq bigint not null, delivered bigint not null default 0, delivered_ms bigint,
  failures integer not null default 0, retry_ms bigint not null default 0, last_error text not null default '');
create table notify_outbox (
  id text primary key, channel text not null, kind text not null, message text not null, created_ms bigint not null,
  state text not null default 'waiting', attempts integer not null default 0, due_ms bigint not null,
  taken_ms bigint not null default 0, sent_ms bigint, last_error text not null default '');
create index notify_outbox_due on notify_outbox (due_ms, id) where state = 'waiting';
create index notify_outbox_age on notify_outbox (created_ms);
`,
};
