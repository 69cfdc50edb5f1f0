/** What several processes of one store must agree on. */
import type { Migration } from './migration.ts';

export const parts: Migration = {
  id: 8,
  name: 'fingerprints of key files, counters of rate limits',
  sql: `
create table key_fingerprints (name text primary key, sha256 text not null);
create unlogged table rate_windows (
  key text primary key, started_ms bigint not null, count integer not null);
create index rate_windows_age on rate_windows (started_ms);
`,
};
