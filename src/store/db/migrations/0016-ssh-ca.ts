/** The SSH certificate authority: its keys, and the certificates that may still be good somewhere. */
import type { Migration } from './migration.ts';

export const sshCa: Migration = {
  id: 16,
  name: 'SSH certificate authority',
  sql: `
create table ssh_ca_keys (
  key_id text primary key, public_key bytea not null, sealed bytea, signs boolean not null,
  created_ms bigint not null, removed_ms bigint);
create unique index ssh_ca_signs on ssh_ca_keys (signs) where signs;
create table ssh_certificates (
  serial bigint generated always as identity primary key, key_id text not null references ssh_ca_keys,
  lease_id text not null, target_id text not null, device_id text not null references devices,
  store_session_id text not null, issued_ms bigint not null, expires_ms bigint not null);
create index ssh_certificates_expiry on ssh_certificates (expires_ms);
`,
};
