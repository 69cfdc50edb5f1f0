import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import pg from 'pg';
import { psql } from './servers.ts';
import type { Endpoint, Route } from './servers.ts';
import { median } from './pgbench.ts';

export interface RowSpeed {
  readonly route: string;
  readonly query: string;
  readonly rows: number;
  readonly rowsPerSecond: number;
  /** How far the resident memory of the process between client and database rose above its level before. */
  readonly growthMiB: number | undefined;
}

/** Columns that no class of the starter bundle names, and a table in which it masks two. */
const QUERIES = [
  { query: '0 masked columns', sql: 'SELECT id, title, category, amount, created_at FROM bench_plain' },
  { query: '2 masked columns', sql: 'SELECT id, name, email, phone, created_at FROM bench_people' },
] as const;

/** Makes both tables, directly. */
export async function fillRows(endpoint: Endpoint, rows: number): Promise<void> {
  const series = `FROM generate_series(1, ${rows}) g`;
  const created = `timestamptz '2024-01-01' + g * interval '7 seconds' AS created_at`;
  await psql(endpoint, `CREATE TABLE bench_plain AS SELECT g AS id, 'Copper kettle of batch ' || (g % 977) AS title, 'kitchen' AS category, (g * 37 % 90000) / 100.0 AS amount, ${created} ${series}`);
  await psql(endpoint, `CREATE TABLE bench_people AS SELECT g AS id, 'Person number ' || (g % 977) AS name, 'person' || g || '@example.com' AS email, '+1 415 555 01' || lpad((g % 100)::text, 2, '0') AS phone, ${created} ${series}`);
  await psql(endpoint, 'VACUUM ANALYZE');
}

/** Counts the messages of a stream of backend messages without looking into them. Layout: type byte, int32 length that includes itself. */
class RowCounter {
  rows = 0;
  ended: string | undefined;
  #skip = 0;
  #head = Buffer.alloc(0);

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      const have = this.#head.length === 0 ? chunk.subarray(at, at + 5) : Buffer.concat([this.#head, chunk.subarray(at, at + 5 - this.#head.length)]);
      at += have.length - this.#head.length;
      if (have.length < 5) {
        this.#head = Buffer.from(have);
        return;
      }
      this.#head = Buffer.alloc(0);
      this.#skip = have.readUInt32BE(1) - 4;
      const type = String.fromCharCode(have[0] ?? 0);
      if (type === 'D') this.rows += 1;
      if (type === 'E') this.ended = 'the server answered with an error';
      if (type === 'Z') this.ended ??= 'ready';
    }
  }
}

/** The socket of a signed-on client: after sign-on this measurement reads the bytes itself. */
function socketOf(client: pg.Client): Socket {
  const connection: unknown = Reflect.get(client, 'connection');
  const stream: unknown = typeof connection === 'object' && connection !== null ? Reflect.get(connection, 'stream') : undefined;
  if (!(stream instanceof Socket)) throw new Error('this version of pg hides its socket');
  return stream;
}

/** Reads a whole result and keeps none of it. @param onChunk length of each piece that came, bytes */
export async function fetchAll(endpoint: Endpoint, sql: string, onChunk?: (bytes: number) => void): Promise<{ rows: number; seconds: number }> {
  const client = new pg.Client({ host: endpoint.host, port: endpoint.port, user: endpoint.user, password: endpoint.password, database: endpoint.database, ssl: false });
  // The socket is closed below without a goodbye, which the client reports as an error.
  client.on('error', () => undefined);
  await client.connect();
  const socket = socketOf(client);
  socket.removeAllListeners('data');
  const counter = new RowCounter();
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeUInt32BE(text.length + 4, 1);
  const begun = process.hrtime.bigint();
  await new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      counter.push(chunk);
      onChunk?.(chunk.length);
      if (counter.ended === 'ready') resolve();
      else if (counter.ended !== undefined) reject(new Error(`${counter.ended}: ${chunk.toString('latin1').slice(0, 400)}`));
    });
    socket.once('close', () => reject(new Error('the connection was closed during the result')));
    socket.write(Buffer.concat([head, text]));
  });
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  socket.destroy();
  return { rows: counter.rows, seconds };
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
  }
}

async function measureOne(route: Route, query: (typeof QUERIES)[number], runs: number, expected: number): Promise<RowSpeed> {
  // The first small result warms the route up: its memory afterwards is the level that growth is measured from.
  await fetchAll(route.endpoint, `${query.sql} WHERE id <= 1000`);
  const before = route.pid === undefined ? 0 : residentBytes(route.pid);
  let peak = before;
  const { pid } = route;
  const sampler = pid === undefined ? undefined : setInterval(() => (peak = Math.max(peak, residentBytes(pid))), 50);
  const speeds: number[] = [];
  try {
    for (let i = 0; i < runs; i += 1) {
      const { rows, seconds } = await fetchAll(route.endpoint, query.sql);
      if (rows !== expected) throw new Error(`${route.name} gave ${rows} of ${expected} rows`);
      speeds.push(rows / seconds);
    }
  } finally {
    clearInterval(sampler);
  }
  return { route: route.name, query: query.query, rows: expected, rowsPerSecond: median(speeds), growthMiB: pid === undefined ? undefined : (peak - before) / 1024 / 1024 };
}

/** Reads the large results over every route. */
export async function measureRows(routes: readonly Route[], plan: { rows: number; runs: number }, report: (speed: RowSpeed) => void): Promise<RowSpeed[]> {
  const results: RowSpeed[] = [];
  for (const query of QUERIES) {
    for (const route of routes) {
      const result = await measureOne(route, query, plan.runs, plan.rows);
      results.push(result);
      report(result);
    }
  }
  return results;
}
