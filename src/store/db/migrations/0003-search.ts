/** The search index: what was done, by month; which chunks wait for it; saved searches; who looked at a session. */
import type { Migration } from './migration.ts';

export const search: Migration = {
  id: 3,
  name: 'search index, saved searches',
  sql: `
create table search_chunks (
  session_id text not null references recordings, idx integer not null, state text not null,
  generation integer not null default 0, taken_ms bigint not null default 0, attempts integer not null default 0,
  first_n integer, reason text not null default '', queued_ms bigint not null,
  primary key (session_id, idx));
create index search_chunks_open on search_chunks (queued_ms, session_id, idx) where state <> 'done';
create table search_people (
  id integer generated always as identity primary key, iss text not null, sub text not null, name text not null,
  unique (iss, sub));
create index search_people_names on search_people (lower(sub));
create table search_sessions (
  sid bigint generated always as identity primary key, session_id text not null unique references recordings,
  person integer not null references search_people, device_id text not null, connection text not null,
  client text not null, meta text not null, opened_ms bigint not null);
create index search_sessions_person on search_sessions (person, sid);
create index search_sessions_opened on search_sessions (opened_ms);
create table search_statements (
  sid bigint not null, n integer not null, at_ms bigint not null, person integer not null, offset_ms bigint not null,
  decision text not null, shown text not null, cut boolean not null, redacted boolean not null, params text not null,
  verbs text[] not null, reason text not null, approval_id text, policies text[] not null, tables text[] not null,
  masked text not null, answer_n integer, result_rows bigint, us bigint, error text,
  words tsvector not null, primary key (sid, n, at_ms)) partition by range (at_ms);
create index search_statements_time on search_statements (at_ms, sid, n);
create index search_statements_words on search_statements using gin (words);
create table search_statements_before_2020 partition of search_statements for values from (minvalue) to (1577836800000);
create table search_texts (
  sid bigint not null, n integer not null, parent integer, sql text not null, verbs text not null, redacted boolean not null,
  primary key (sid, n));
create table search_marks (
  sid bigint not null, n integer not null, kind text not null, at_ms bigint not null, offset_ms bigint not null,
  statement integer, shown text not null, detail text not null, primary key (sid, n, kind));
create index search_marks_kind on search_marks (kind, at_ms);
create table search_forgotten (session_id text not null, n integer not null, field text not null, primary key (session_id, n, field));
create table saved_searches (
  id text primary key, iss text not null, sub text not null, name text not null, filters text not null,
  shared boolean not null, created_ms bigint not null, updated_ms bigint not null, unique (iss, sub, name));
create index saved_searches_shared on saved_searches (name) where shared;
create index audit_session on audit ((left(object, 36)), id);
do $$ begin
  if exists (select from pg_available_extensions where name = 'pg_trgm') then
    create extension if not exists pg_trgm;
    create index search_statements_text on search_statements using gin (shown gin_trgm_ops);
  end if;
exception when insufficient_privilege then
  raise notice 'pg_trgm may not be created by this user: search for parts of words reads statements one by one';
end $$;
`,
};
