/** The transparency log: what waits for its place, how far the tree has grown, and what this store has witnessed for others. */
import type { Migration } from './migration.ts';

export const log: Migration = {
  id: 2,
  name: 'transparency log',
  sql: `
create table log_entries (
  id bigint generated always as identity primary key, kind text not null, leaf bytea not null unique,
  entry bytea, t_ms bigint not null, idx bigint unique);
create index log_entries_waiting on log_entries (id) where idx is null;
create table log_state (
  one boolean primary key default true check (one), sequenced bigint not null default 0,
  size bigint not null default 0, range text not null default '[]', checkpoint text,
  lease_until_ms bigint not null default 0);
insert into log_state (one) values (true);
create table log_edges (level integer primary key, hashes bytea not null);
create table log_timestamps (size bigint primary key, checkpoint text not null, token bytea not null, t_ms bigint not null);
create table witness_state (
  origin text primary key, size bigint not null, root text not null, checkpoint text not null, t_ms bigint not null);
`,
};
