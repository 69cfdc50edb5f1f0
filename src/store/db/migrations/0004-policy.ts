/** The policy repository: signed metadata by role and version, bundles by digest, the online keys, and devices' reports. */
import type { Migration } from './migration.ts';

export const policy: Migration = {
  id: 4,
  name: 'policy repository',
  sql: `
create table policy_online_keys (
  key_id text primary key, role text not null, public_key text not null, sealed bytea not null, created_ms bigint not null);
create table policy_current (
  only_one boolean primary key check (only_one), versions text not null, updated_ms bigint not null);
create table policy_metadata (
  role text not null, version bigint not null, body text not null, published_ms bigint not null,
  primary key (role, version));
create table policy_targets (
  sha256 text primary key, body bytea not null, uploaded_ms bigint not null);
create table policy_reports (
  device_id text primary key references devices, report text not null, t_ms bigint not null, received_ms bigint not null);
`,
};
