import { afterAll, beforeAll, expect, it } from 'vitest';
import pg from 'pg';
import type { StoreClient } from '../../proxy/core/store-client.ts';
import { answer, recordQuery } from '../../testing/search-records.ts';
import { indexed, SearchStore } from '../../testing/search-store.ts';
import type { Person } from '../../testing/store-harness.ts';
import type { RecordedSession } from '../../testing/store-recordings.ts';
import type { Database } from '../db/database.ts';
import { openPostgres } from '../db/postgres.ts';
import { postgresUrl } from '../db/postgres-url.ts';
import { forgetDisclosures } from './forget.ts';

let world: SearchStore;
let alice: Person;
let auditor: StoreClient;
let db: Database;
beforeAll(async () => {
  world = await SearchStore.start('PostgreSQL and S3');
  alice = await world.person('alice@example.com');
  auditor = await world.auditor();
  db = await openPostgres({ connection: postgresUrl(world.databaseUrl ?? ''), connections: 2, onProblem: () => undefined });
}, 240_000);
afterAll(async () => {
  await db.close();
  await world.stop();
});

/** Everything that the index and the saved searches hold, as text. */
async function everything(): Promise<string> {
  const client = new pg.Client(postgresUrl(world.databaseUrl ?? ''));
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>("select relname as name from pg_class where relname like 'search%' and relkind in ('r', 'p')");
    const parts: string[] = [];
    for (const { name } of tables.rows) parts.push(JSON.stringify((await client.query(`select * from ${name}`)).rows));
    return parts.join('\n');
  } finally {
    await client.end();
  }
}

/** A prepared statement that is bound twice, with results. */
const prepared = (word: string): Promise<RecordedSession> =>
  world.recorded(alice, (r) => {
    const parse = r.append({ kind: 'sql.parse', clear: { dec: 'allow', verb: ['SELECT'] }, fields: [{ name: 'sql', value: `SELECT name FROM people WHERE ${word} = $1` }] }).n;
    for (let i = 0; i < 2; i++) {
      const bind = r.append({ kind: 'sql.bind', clear: { q: parse, dec: 'allow' }, fields: [{ name: 'params', value: [`parameter-${word}-${i}`] }] }).n;
      answer(r, bind, { rows: 1 });
    }
    recordQuery(r, { sql: 'SELECT 1 AS harmless' });
  });

it('holds no row that a target answered with, and no text of an error', async () => {
  await world.recorded(alice, (r) => {
    const n = recordQuery(r, { sql: 'SELECT note FROM secrets', dec: 'hold' });
    r.append({ kind: 'sql.result', clear: { q: n, rows: 1 }, fields: [{ name: 'columns', value: ['note', 'canary-column'] }, { name: 'rows', value: [['canary-row']] }] });
    r.append({ kind: 'sql.error', clear: { q: n, code: '22012' }, fields: [{ name: 'message', value: 'canary-error' }] });
    r.append({ kind: 'sql.copy', clear: { q: n, dir: 'out', bytes: 3 }, fields: [{ name: 'data', value: 'canary-copy' }] });
    r.append({ kind: 'approval.request', clear: { q: n, id: 'apr_0190a5b2-7c00-7000-8000-000000000001' }, fields: [{ name: 'request', value: { params: ['canary-request'] } }] });
  });
  await indexed(auditor);
  const all = await everything();
  expect(all).toContain('SELECT note FROM secrets');
  expect(all).not.toContain('canary');
});

it('forgets what a redaction removed, wherever it stands, at once and for good', async () => {
  const session = await prepared('shoe_size');
  const other = await prepared('shoe_colour');
  await indexed(auditor);
  expect((await auditor.search({ text: 'shoe' })).hits).toHaveLength(4);
  await db.transaction((tx) => forgetDisclosures(tx, session.id, [{ n: 0, field: 'sql' }, { n: 1, field: 'params' }], Date.now()));
  expect((await auditor.search({ text: 'shoe_size' })).hits).toEqual([]);
  await indexed(auditor);
  // Indexed again from objects that nobody has rewritten.
  const all = await everything();
  expect(all).not.toContain('shoe_size = ');
  expect(all).not.toContain('parameter-shoe_size-0');
  expect(all).toContain('parameter-shoe_size-1');
  expect((await auditor.search({ text: 'shoe_size', session: [session.id] })).hits.map((h) => h.statement)).toEqual(['']);
  const { hits } = await auditor.search({ session: [session.id] });
  expect(hits.map((h) => [h.n, h.statement, h.redacted])).toEqual([[5, 'SELECT 1 AS harmless', false], [3, '', true], [1, '', true]]);
  expect((await auditor.search({ text: 'shoe', session: [other.id] })).hits).toHaveLength(2);
});

it('indexes a chunk once when several processes are at it, and while it is told to begin anew', async () => {
  const sessions = [];
  for (let i = 0; i < 6; i++) sessions.push(await prepared(`storm_${i}`));
  await indexed(auditor);
  const before = (await auditor.search({ text: 'storm', limit: 200 })).hits;
  await world.store.restart();
  auditor = await world.auditor();
  const admin = await world.reader('root@example.com', ['platform']);
  for (let i = 0; i < 5; i++) await Promise.all(sessions.map((s) => admin.reindex(s.id)));
  await indexed(auditor);
  expect((await auditor.search({ text: 'storm', limit: 200 })).hits).toEqual(before);
});
