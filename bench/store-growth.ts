/**
 * What a statement of the store costs as its tables grow: blocks that PostgreSQL touches (which no other load on the
 * machine changes) and milliseconds, at 10^4, 10^5 and 10^6 sessions.
 *   npx tsx bench/store-growth.ts [--sessions 1000000]
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { z } from 'zod';
import { freshDatabase } from '../src/testing/database-of.ts';
import { startPostgres } from '../src/testing/postgres-server.ts';
import { openPostgres } from '../src/store/db/postgres.ts';
import { postgresUrl } from '../src/store/db/postgres-url.ts';

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '1000000' } } });
const STEPS = [10_000, 100_000, 1_000_000].filter((n) => n <= Number(values.sessions));
const RUNS = 40;
const CHUNKS = 3;

const statements: Readonly<Record<string, string>> = {
  'lock the recording': 'select * from recordings where session_id = :session for update',
  'find a chunk': 'select idx, sha256 from chunks where session_id = :session and idx = 2',
  'insert a chunk': "insert into chunks (session_id, idx, sha256, size_bytes, receipt, cosignature, t_ms) values (:session, 99, 'x', 1, 'r', 'c', 0)",
  'move the recording on': "update recordings set chunks = chunks + 1, log_state = 'x', size = size + 1 where session_id = :session",
  'write an audit row': "insert into audit (t_ms, iss, sub, device_id, address, action, object, outcome, detail) values (0, '', '', '', '', 'bench', '', 'ok', '')",
  'newest 50 of one person': "select * from recordings where iss = 'i' and sub = :person order by opened_ms desc, session_id desc limit 50",
  'newest 50 of all': 'select * from recordings order by opened_ms desc, session_id desc limit 50',
};

const plan = z.array(z.looseObject({ 'Execution Time': z.number(), Plan: z.looseObject({ 'Shared Hit Blocks': z.number(), 'Shared Read Blocks': z.number() }) })).length(1);
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

async function grow(client: pg.Client, from: number, to: number): Promise<void> {
  await client.query(
    `insert into recordings (session_id, device_id, device_seq, iss, sub, name, connection, protocol, client, open_envelope, open_sha256, opened_ms, state, chunks, size, root, witnessed_size, tail, bytes)
     select 's' || i, 'dev', i, 'i', 'p' || i % 1000, 'n', 'shop', 'postgres', 'psql', repeat('e', 1500), 'x', i::bigint * 1000, 'closed', ${CHUNKS}, 600, 'r', 600, false, 100000 from generate_series($1::int, $2::int) i`,
    [from + 1, to],
  );
  await client.query(`insert into chunks (session_id, idx, sha256, size_bytes, receipt, cosignature, t_ms) select 's' || i, c, 'x', 60000, repeat('r', 700), repeat('c', 150), i from generate_series($1::int, $2::int) i, generate_series(0, ${CHUNKS - 1}) c`, [from + 1, to]);
  await client.query("insert into audit (t_ms, iss, sub, device_id, address, action, object, outcome, detail) select i, 'i', 'p', 'dev', '127.0.0.1', 'recording.chunk', 's' || i, 'ok', repeat('d', 70) from generate_series($1::int, $2::int) i", [from * 5 + 1, to * 5]);
  await client.query('analyze recordings, chunks, audit');
}

async function measure(client: pg.Client, sessions: number): Promise<void> {
  const cost: Record<string, { blocks: number; ms: number }> = {};
  for (const [name, sql] of Object.entries(statements)) {
    const blocks: number[] = [];
    const ms: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const n = 1 + Math.floor((sessions - 1) * ((i * 0.618_034) % 1));
      await client.query('begin');
      const text = sql.replaceAll(':session', `'s${n}'`).replaceAll(':person', `'p${n % 1000}'`);
      const { rows } = await client.query<{ 'QUERY PLAN': unknown }>(`explain (analyze, buffers, format json) ${text}`);
      await client.query('rollback');
      const [found] = plan.parse(rows[0]?.['QUERY PLAN']);
      blocks.push((found?.Plan['Shared Hit Blocks'] ?? 0) + (found?.Plan['Shared Read Blocks'] ?? 0));
      ms.push(found?.['Execution Time'] ?? 0);
    }
    cost[name] = { blocks: median(blocks), ms: Number(median(ms).toFixed(3)) };
  }
  const sizes = await client.query<{ name: string; bytes: string }>("select relname as name, pg_total_relation_size(oid) as bytes from pg_class where relname in ('recordings', 'chunks', 'audit')");
  const bytes = Object.fromEntries(sizes.rows.map((r) => [r.name, Math.round(Number(r.bytes) / sessions)]));
  process.stdout.write(`${JSON.stringify({ sessions, bytes_per_session: bytes, cost })}\n`);
}

async function main(): Promise<void> {
  const server = await startPostgres({ settings: ['max_wal_size = 4GB', 'shared_buffers = 256MB'] });
  try {
    const url = await freshDatabase(server);
    await (await openPostgres({ connection: postgresUrl(url), connections: 2, onProblem: () => undefined })).close();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("insert into people (iss, sub, kind, name, groups, seen_ms) values ('i', 'p', 'User', 'p', '[]', 0)");
    await client.query("insert into devices (device_id, public_key, alg, name, iss, sub, enrolled_ms) values ('dev', 'k', 'Ed25519', 'd', 'i', 'p', 0)");
    for (const [i, n] of STEPS.entries()) {
      await grow(client, STEPS[i - 1] ?? 0, n);
      await measure(client, n);
    }
    await client.end();
  } finally {
    await server.stop();
  }
}

await main();
