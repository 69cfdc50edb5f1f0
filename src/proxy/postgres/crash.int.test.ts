/** Promise 1 under SIGKILL: every statement that the server saw is in a recording, and every recording proves itself. */
import { randomInt } from 'node:crypto';
import path from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestGateway } from '../../testing/gateway.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { recordingDirs, recordsOf, verifyAll } from '../../testing/recordings.ts';
import { createShop } from '../../testing/shop.ts';
import { StoreProcess } from '../../testing/store-process.ts';

const rounds = Number(process.env['SALLYPORT_CRASH_ROUNDS'] ?? '4');
let server: PostgresServer;
let store: StoreProcess;
let gateway: TestGateway;

beforeAll(async () => {
  server = await startPostgres({ settings: ['log_statement = all'] });
  await createShop(server);
  store = await StoreProcess.start(server);
  gateway = await TestGateway.start(await store.client(server, { bundle: 'permit-all' }));
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  await store.stop();
  await server.stop();
});

/** Statements without end, each with a mark of its own: reads, writes, simple and prepared. Ends with the connection. */
async function load(client: pg.Client, name: string, onAnswer: () => void): Promise<void> {
  for (let i = 0; ; i++) {
    const mark = `mark-${name}-${i}-end`;
    try {
      if (i % 3 === 0) await client.query(`SELECT '${mark}' AS m, repeat('r', ${randomInt(1, 3_000)})`);
      else if (i % 3 === 1) await client.query(`/* ${mark} */ UPDATE plain SET label = 'l' WHERE id = ${randomInt(1, 1_000)}`);
      else await client.query(`/* ${mark} */ SELECT $1::text`, ['p'.repeat(randomInt(1, 500))]);
    } catch {
      return;
    }
    onAnswer();
  }
}

async function crashUnderLoad(round: number): Promise<void> {
  const clients = await Promise.all([0, 1, 2].map(() => gateway.connect('shop')));
  let answers = 0;
  const killAt = randomInt(1, 120);
  const dead = new Promise<void>((resolve) => {
    const onAnswer = (): void => {
      answers++;
      // In the middle of what goes on, not between two statements.
      if (answers === killAt) setTimeout(() => void gateway.crash().then(resolve), randomInt(0, 4));
    };
    for (const [i, client] of clients.entries()) void load(client, `${round}-${i}`, onAnswer);
  });
  await dead;
  await Promise.all(clients.map((c) => c.end().catch(() => undefined)));
  await gateway.run();
}

describe(`SIGKILL at ${rounds} random moments`, () => {
  it(
    'every recording verifies, and no statement that the server saw is missing',
    async () => {
      for (let round = 0; round < rounds; round++) await crashUnderLoad(round);
      // All of it reaches the store as well.
      await gateway.uploaded(recordingDirs(gateway).map((dir) => path.basename(dir)));
      await gateway.halt();
      const reports = await verifyAll(gateway);
      expect(reports.filter((r) => r.verdict === 'FAIL').map((r) => ({ dir: r.dir, bad: r.firstBad }))).toEqual([]);
      expect(reports.filter((r) => r.verdict === 'RECOVERED').length).toBeGreaterThanOrEqual(rounds);
      const recorded = new Set<string>();
      for (const dir of recordingDirs(gateway)) for (const record of await recordsOf(dir)) for (const mark of marksIn(JSON.stringify(record.fields))) recorded.add(mark);
      const seen = marksIn(server.log());
      expect(seen.length).toBeGreaterThan(rounds);
      expect(seen.filter((mark) => !recorded.has(mark))).toEqual([]);
    },
    60_000 + rounds * 15_000,
  );
});

const marksIn = (text: string): string[] => [...new Set(text.match(/mark-\d+-\d+-\d+-end/g) ?? [])];
