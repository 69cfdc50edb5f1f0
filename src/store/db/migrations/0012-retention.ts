/** Redactions and who signed them, legal holds, retention classes, and what was deleted. */
import type { Migration } from './migration.ts';

export const retention: Migration = {
  id: 12,
  name: 'redaction, legal hold, retention',
  sql: `
create table redactions (
  id text primary key, session_id text not null, statement text not null, state text not null,
  iss text not null, sub text not null, name text not null, proposed_ms bigint not null, envelope text, done_ms bigint);
create index redactions_session on redactions (session_id);
create index redactions_state on redactions (state, proposed_ms);
create table redaction_signatures (
  redaction_id text not null references redactions, iss text not null, sub text not null, name text not null,
  privacy boolean not null, security boolean not null, key_id text not null, alg text not null, public_key text not null,
  signature text not null, t_ms bigint not null, primary key (redaction_id, iss, sub));
create table legal_holds (
  id bigint generated always as identity primary key, session_id text not null, reason text not null,
  iss text not null, sub text not null, name text not null, placed_ms bigint not null,
  released_iss text, released_sub text, released_name text, released_ms bigint, release_reason text);
create unique index legal_holds_standing on legal_holds (session_id) where released_ms is null;
create index legal_holds_session on legal_holds (session_id);
create table retention (session_id text primary key, class text not null, closed_ms bigint not null);
create index retention_due on retention (class, closed_ms);
create table deletions (session_id text primary key, statement text not null, deleted_ms bigint not null, gone_ms bigint);
`,
};
