/**
 * Search over many statements on a real PostgreSQL, by the store's own code: how fast the index is written, how long
 * searches of an auditor take, how both grow with the number of sessions, and the plans.
 *   npm run bench -- search            1,000,000 statements of 20,000 sessions
 *   STATEMENTS=100000 SESSIONS=2000 npm run bench -- search
 *   MORE_SESSIONS=980000 npm run bench -- search      as many sessions beside them that the questions do not meet
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { parseSessionId, uuidv7 } from '../src/base/ids.ts';
import { systemRandom } from '../src/base/clock.ts';
import { searchBody } from '../src/contract/store/index.ts';
import type { Database } from '../src/store/db/database.ts';
import { openPostgres } from '../src/store/db/postgres.ts';
import { postgresUrl } from '../src/store/db/postgres-url.ts';
import { find } from '../src/store/search/find.ts';
import { sessionMeta } from '../src/store/search/session-row.ts';
import { writeChunk } from '../src/store/search/write.ts';
import { freshDatabase } from '../src/testing/database-of.ts';
import { startPostgres } from '../src/testing/postgres-server.ts';
import { END_MS, numbers, PEOPLE, sessionRows, START_MS, TARGETS } from './search-data.ts';
import { table } from './targets.ts';

const STATEMENTS = Number(process.env['STATEMENTS'] ?? 1_000_000);
const SESSIONS = Number(process.env['SESSIONS'] ?? Math.ceil(STATEMENTS / 50));
const MORE_SESSIONS = Number(process.env['MORE_SESSIONS'] ?? 0);
const ROUNDS = Number(process.env['ROUNDS'] ?? 20);
const SERVER = ['shared_buffers = 512MB', 'work_mem = 32MB', 'maintenance_work_mem = 256MB', 'max_wal_size = 4GB', 'random_page_cost = 1.1', 'effective_cache_size = 3GB', 'jit = off'];

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Rows that ingest would have made: a device, recordings, people. The index of each session is written by the store's code. */
async function fill(db: Database): Promise<void> {
  const r = numbers(7);
  const nothing = '00'.repeat(32);
  for (let p = 0; p < PEOPLE; p++) {
    await db.run("insert into people (iss, sub, kind, name, groups, seen_ms) values ('https://idp.example', $1, 'User', $2, '[]', 0)", [`person${p}@example.com`, `Person ${p}`]);
    await db.run("insert into search_people (iss, sub, name) values ('https://idp.example', $1, $2)", [`person${p}@example.com`, `Person ${p}`]);
  }
  await db.run("insert into devices (device_id, public_key, alg, name, iss, sub, enrolled_ms) values ('dev_00000000000000000000000000000000', 'x', 'Ed25519', 'bench', 'https://idp.example', 'person0@example.com', 0)");
  const each = Math.floor(STATEMENTS / SESSIONS);
  const started = performance.now();
  for (let s = 0; s < SESSIONS; s++) {
    const t = Math.floor(START_MS + ((END_MS - START_MS) * s) / SESSIONS);
    const session = parseSessionId(uuidv7(t, systemRandom.bytes(10)));
    const person = Math.floor(PEOPLE * r() ** 3);
    const target = `db${Math.floor(TARGETS * r() ** 3)}`;
    const meta = sessionMeta.parse({ groups: ['engineering', `team${person % 12}`], protocol: 'postgres', database: 'shop', labels: { env: person % 3 === 0 ? 'prod' : 'test' } });
    await db.transaction(async (tx) => {
      await tx.run(
        `insert into recordings (session_id, device_id, device_seq, iss, sub, name, connection, protocol, client, open_envelope, open_sha256, opened_ms, state, chunks, size, root, witnessed_size, tail, bytes)
         values ($1, 'dev_00000000000000000000000000000000', $2, 'https://idp.example', $3, $3, $4, 'postgres', 'psql', '', $5, $6, 'closed', 1, 0, $5, 0, false, 0)`,
        [session, s, `person${person}@example.com`, target, nothing, t],
      );
      await tx.run('insert into search_sessions (session_id, person, device_id, connection, client, meta, opened_ms) values ($1, $2, $3, $4, $5, $6, $7)', [session, person + 1, 'dev_00000000000000000000000000000000', target, person % 2 === 0 ? 'psql' : 'DBeaver', JSON.stringify(meta), t]);
      await tx.run("insert into search_chunks (session_id, idx, state, queued_ms) values ($1, 0, 'pending', $2)", [session, t]);
    });
    await writeChunk(db, { session_id: session, idx: 0, generation: 0, attempts: 1 }, { firstN: 0, statements: sessionRows(r, t, each), changes: [], texts: [], marks: [] }, () => Promise.resolve());
    if ((s + 1) % Math.ceil(SESSIONS / 10) === 0) say(`${(s + 1) * each} statements, ${Math.round(((s + 1) * each * 1000) / (performance.now() - started))} per second`);
  }
}

/** Sessions of other statements: one each, of words that no question asks for, spread over the same year. */
async function grow(db: Database): Promise<void> {
  const step = 20_000;
  for (let from = 0; from < MORE_SESSIONS; from += step) {
    const count = Math.min(step, MORE_SESSIONS - from);
    await db.run(
      `with numbered as (select i, $3::float8 + ($4::float8 - $3::float8) * i / $5 as t, overlay(overlay(md5(i::text)::uuid::text placing '7' from 15) placing '8' from 20) as id from generate_series($1::int, $2::int) as i),
       recorded as (
         insert into recordings (session_id, device_id, device_seq, iss, sub, name, connection, protocol, client, open_envelope, open_sha256, opened_ms, state, chunks, size, root, witnessed_size, tail, bytes)
         select id, 'dev_00000000000000000000000000000000', 10000000 + i, 'https://idp.example', 'p', 'p', 'db', 'postgres', 'psql', 'x', 'x', t::bigint, 'closed', 1, 0, 'x', 0, false, 0 from numbered),
       made as (
         insert into search_sessions (session_id, person, device_id, connection, client, meta, opened_ms)
         select id, 1 + i % ${PEOPLE}, 'dev_00000000000000000000000000000000', 'db' || i % ${TARGETS}, 'psql', $6, t::bigint from numbered
         returning sid, person, opened_ms)
       insert into search_statements (sid, person, n, at_ms, offset_ms, decision, shown, cut, redacted, params, verbs, reason, policies, tables, masked, unmasked, words)
       select sid, person, 1, opened_ms, 0, 'allow', 'BEGIN', false, false, '', '{BEGIN}', '', '{}', '{}', '[]', '{}', to_tsvector('simple', 'begin') from made`,
      [from + 1, from + count, START_MS, END_MS - 1, MORE_SESSIONS + 1, JSON.stringify(sessionMeta.parse({ groups: ['engineering'], protocol: 'postgres', database: 'shop', labels: { env: 'test' } }))],
    );
  }
  say(`${MORE_SESSIONS} more sessions`);
}

/** What autovacuum would have done by then; on a connection without the store's time limits. */
async function vacuumed(url: string): Promise<void> {
  const client = new pg.Client(postgresUrl(url));
  await client.connect();
  await client.query('vacuum analyze search_statements');
  await client.query('analyze');
  await client.end();
}

type Body = z.input<typeof searchBody>;
const any = (r: () => number, n: number): number => Math.floor(r() * n);
/** What an auditor asks, with other values each time. */
const QUESTIONS: Readonly<Record<string, (r: () => number) => Body>> = {
  'newest, no filter': () => ({}),
  'a frequent word': () => ({ text: 'customer_id' }),
  'a rare number': (r) => ({ text: String(any(r, 1_000_000)) }),
  'two words, seldom together': () => ({ text: 'truncate salaries' }),
  'frequent words, never together': () => ({ text: 'truncate set' }),
  'a phrase': (r) => ({ text: `"from hr.${['salaries', 'employees', 'contracts'][any(r, 3)]}"` }),
  'a beginning': () => ({ text: 'suppl* feat*' }),
  'a word that is nowhere': () => ({ text: 'xylophone' }),
  'a person in a month': (r) => ({ person: [`person${any(r, PEOPLE)}@example.com`], from_ms: START_MS + any(r, 11) * 30 * 86_400_000, to_ms: START_MS + (1 + any(r, 11)) * 30 * 86_400_000 }),
  'denied on a table': () => ({ decision: ['denied'], table: ['orders'] }),
  'a class, a group, a target': (r) => ({ data_class: ['email'], group: [`team${any(r, 12)}`], target: [`db${any(r, TARGETS)}`] }),
  'failed deletes': () => ({ failed: true, verb: ['DELETE'] }),
  'characters anywhere': (r) => ({ contains: `_at = ${any(r, 99)}` }),
  'characters, none found': () => ({ contains: 'zzz_qq_zzz' }),
  'two characters anywhere': () => ({ contains: '<> ' }),
};

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;

/** Processor time so far of this process and of a server process, in ms: what a search costs on a machine that others use too. */
function cpuMs(backend: number): number {
  const own = process.cpuUsage();
  const fields = readFileSync(`/proc/${backend}/stat`, 'latin1').replace(/^.*\) /, '').split(' ');
  return (own.user + own.system) / 1_000 + (Number(fields[11]) + Number(fields[12])) * 10;
}

async function measure(db: Database): Promise<void> {
  const r = numbers(99);
  const all: number[] = [];
  const rows: string[][] = [];
  for (const [name, make] of Object.entries(QUESTIONS)) {
    for (const facets of [false, true]) {
      const times: number[] = [];
      let hits = 0;
      let cpu = 0;
      let stopped = 0;
      for (let i = 0; i < ROUNDS; i++) {
        const body = searchBody.parse({ ...make(r), facets });
        const reply = await db.transaction(async (tx) => {
          const pid = (await tx.first(z.object({ pid: z.number() }), 'select pg_backend_pid() as pid'))?.pid ?? 0;
          const before = cpuMs(pid);
          const started = performance.now();
          const found = await find(tx, body, { owner: undefined }, () => performance.now());
          times.push(performance.now() - started);
          cpu += cpuMs(pid) - before;
          return found;
        });
        hits += reply.hits.length;
        if (reply.searched_back_to_ms !== undefined) stopped++;
      }
      all.push(...times);
      times.sort((a, b) => a - b);
      rows.push([name, facets ? 'facets' : '', (hits / ROUNDS).toFixed(0), quantile(times, 0.5).toFixed(1), quantile(times, 0.95).toFixed(1), times.at(-1)?.toFixed(1) ?? '', (cpu / ROUNDS).toFixed(1), stopped === 0 ? '' : `${stopped} of ${ROUNDS} stopped`]);
    }
  }
  all.sort((a, b) => a - b);
  process.stdout.write(`\n${table(['question', '', 'hits', 'p50 ms', 'p95 ms', 'max ms', 'cpu ms', ''], rows)}\nall ${all.length}: p50 ${quantile(all, 0.5).toFixed(1)} ms, p95 ${quantile(all, 0.95).toFixed(1)} ms, max ${all.at(-1)?.toFixed(1) ?? ''} ms\n`);
}

/** The plan of each statement that a search sends, taken from the server's own log of plans. */
async function plans(url: string): Promise<void> {
  const client = new pg.Client(postgresUrl(url));
  await client.connect();
  // Numbers of eight bytes as numbers, as the store reads them.
  client.setTypeParser(pg.types.builtins.INT8, Number);
  const out: string[] = [];
  client.on('notice', (n) => out.push(n.message ?? ''));
  await client.query("load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on; set auto_explain.log_buffers = on; set auto_explain.log_timing = off; set client_min_messages = log");
  const raw = { rows: async <T>(schema: z.ZodType<T>, sql: string, params: readonly unknown[] = []) => z.array(schema).parse((await client.query<pg.QueryResultRow>({ text: sql, values: [...params] })).rows) };
  const q = { ...raw, first: async <T>(schema: z.ZodType<T>, sql: string, params: readonly unknown[] = []) => (await raw.rows(schema, sql, params))[0], run: () => Promise.resolve(0) };
  const r = numbers(5);
  for (const [name, make] of Object.entries(QUESTIONS)) {
    out.push(`\n=== ${name}`);
    await find(q, searchBody.parse(make(r)), { owner: undefined }, () => performance.now());
  }
  await client.end();
  mkdirSync('artifacts', { recursive: true });
  const file = join('artifacts', 'search-plans.txt');
  writeFileSync(file, out.join('\n'));
  say(`plans: ${file}`);
}

const sizes = z.object({ what: z.string(), bytes: z.number() });
async function printSizes(db: Database): Promise<void> {
  const rows = await db.rows(
    sizes,
    `select 'rows of statements' as what, sum(pg_table_size(inhrelid))::float8 as bytes from pg_inherits where inhparent = 'search_statements'::regclass
     union all select regexp_replace(p.relname, '_pkey$', ' (key)'), sum(pg_relation_size(i.inhrelid))::float8 from pg_inherits i join pg_class p on p.oid = i.inhparent where p.relkind = 'I' and p.relname like 'search%' group by p.relname`,
  );
  process.stdout.write(`${table(['on disk', 'MB', 'bytes per statement'], rows.map((x) => [x.what, (x.bytes / 1e6).toFixed(0), (x.bytes / STATEMENTS).toFixed(0)]))}\n`);
}

const server = process.env['DATABASE_URL'] === undefined ? await startPostgres({ settings: SERVER }) : undefined;
const url = process.env['DATABASE_URL'] ?? (server === undefined ? '' : await freshDatabase(server));
try {
  const db = await openPostgres({ connection: postgresUrl(url), connections: 4, onProblem: say });
  const there = await db.first(z.object({ n: z.number() }), 'select count(*)::int as n from search_sessions');
  if (there?.n === 0) {
    await fill(db);
    if (MORE_SESSIONS > 0) await grow(db);
  }
  await vacuumed(url);
  await printSizes(db);
  await measure(db);
  await db.close();
  await plans(url);
} finally {
  await server?.stop();
}
