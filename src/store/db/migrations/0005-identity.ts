/** Sign-ins of the web page, sessions that can be listed and ended, devices that wait for approval, service identities. */
import type { Migration } from './migration.ts';

export const identity: Migration = {
  id: 5,
  name: 'web sign-in, session list, device approval',
  sql: `
alter table sessions add column session_id text not null unique default gen_random_uuid()::text;
alter table sessions add column kind text not null default 'bearer';
alter table sessions add column address text not null default '';
alter table sessions add column user_agent text not null default '';
alter table sessions add column seen_ms bigint;
alter table sessions add column service text;
alter table sessions add column device_id text references devices;
create index sessions_person on sessions (iss, sub);
create index sessions_device on sessions (device_id);
create table logins (
  state_sha256 text primary key, issuer_id text not null, browser_sha256 text not null,
  return_to text not null, request_id text unique, created_ms bigint not null, expires_ms bigint not null);
create index logins_expiry on logins (expires_ms);
create table saml_assertions (
  issuer text not null, assertion_id text not null, expires_ms bigint not null, primary key (issuer, assertion_id));
create index saml_assertions_expiry on saml_assertions (expires_ms);
alter table devices add column approved_ms bigint;
alter table devices add column approved_by text;
alter table devices add column expires_ms bigint;
update devices set approved_ms = enrolled_ms, approved_by = 'before approval existed';
create table device_codes (
  code_sha256 text primary key, code_id text not null unique, iss text, sub text, created_by text not null,
  created_ms bigint not null, expires_ms bigint not null, used_by text references devices);
`,
};
