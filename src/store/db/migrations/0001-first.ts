/** The first schema. */
import type { Migration } from './migration.ts';

export const first: Migration = {
  id: 1,
  name: 'people, devices, targets, approvals, recordings, audit',
  sql: `
create table people (
  iss text not null, sub text not null, kind text not null, name text not null,
  groups text not null, seen_ms bigint not null, primary key (iss, sub));
create table sessions (
  token_sha256 text primary key, iss text not null, sub text not null, expires_ms bigint not null,
  id_token_sha256 text not null, created_ms bigint not null,
  foreign key (iss, sub) references people);
create index sessions_expiry on sessions (expires_ms);
create table enrol_challenges (
  challenge_sha256 text primary key, iss text not null, sub text not null, expires_ms bigint not null);
create table devices (
  device_id text primary key, public_key text not null unique, alg text not null, name text not null,
  iss text not null, sub text not null, enrolled_ms bigint not null,
  revoked_ms bigint, compromised_since_ms bigint, revoke_reason text,
  foreign key (iss, sub) references people);
create index devices_owner on devices (iss, sub);
create table device_nonces (
  device_id text not null references devices, nonce text not null, t_ms bigint not null,
  primary key (device_id, nonce));
create index device_nonces_age on device_nonces (t_ms);
create table targets (
  target_id text primary key, name text not null unique, definition text not null, groups text,
  source text not null, sealed_credential bytea not null, updated_ms bigint not null);
create table leases (
  lease_id text primary key, target_id text not null, device_id text not null references devices,
  session_id text not null, leased_ms bigint not null);
create table approvals (
  id text primary key, request text not null, request_sha256 text not null, nonce text not null unique,
  iss text not null, sub text not null, device_id text not null references devices, session_id text not null,
  quorum integer not null, state text not null, reason text not null default '',
  created_ms bigint not null, expires_ms bigint not null, closed_ms bigint);
create index approvals_state on approvals (state, expires_ms);
create index approvals_requester on approvals (iss, sub, created_ms);
create table decisions (
  approval_id text not null references approvals, seq integer not null, iss text not null, sub text not null,
  key_id text not null, decision text not null, envelope text not null, t_ms bigint not null,
  primary key (approval_id, seq), unique (approval_id, iss, sub));
create table recordings (
  session_id text primary key, device_id text not null references devices, device_seq bigint not null,
  iss text not null, sub text not null, name text not null, connection text not null, protocol text not null,
  client text not null, open_envelope text not null, open_sha256 text not null, opened_ms bigint not null,
  state text not null, closed_ms bigint, end_sha256 text, end_receipt text, end_cosignature text,
  chunks integer not null, log_state text, size bigint not null, root text not null,
  witnessed_size bigint not null, witnessed_note text, tail boolean not null, bytes bigint not null);
create index recordings_device on recordings (device_id, device_seq);
create index recordings_opened on recordings (opened_ms);
create index recordings_person on recordings (iss, sub, opened_ms);
create table chunks (
  session_id text not null references recordings, idx integer not null, sha256 text not null,
  size_bytes bigint not null, receipt text not null, cosignature text not null,
  t_ms bigint not null, primary key (session_id, idx));
create table audit (
  id bigint generated always as identity primary key, t_ms bigint not null, iss text not null, sub text not null,
  device_id text not null, address text not null, action text not null, object text not null,
  outcome text not null, detail text not null);
create index audit_time on audit (t_ms);
create index audit_action on audit (action, id);
`,
};
