/**
 * Everything that the store stands on fails in turn under upload: processes killed, database restarted and crashed,
 * object storage away, failing, cutting connections and losing answers. At the end each acknowledged part is looked
 * for, and anything that is there twice. The short run has each fault once; SALLYPORT_CHAOS_MINUTES=10 goes on at random.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../testing/mutation/random.ts';
import { type Fault } from '../testing/s3/server.ts';
import { type ClusterPerson, StoreCluster } from '../testing/store-cluster.ts';
import { account, makeRecording, Tally, uploadThrough } from '../testing/store-load.ts';

const MINUTES = Number(process.env['SALLYPORT_CHAOS_MINUTES'] ?? 0);
const SEED = Number(process.env['SALLYPORT_CHAOS_SEED'] ?? 1);
const DEVICES = 6;

let cluster: StoreCluster;
let auditor: ClusterPerson;
const scratch = mkdtempSync(join(tmpdir(), 'sallyport-test-chaos-'));
beforeAll(async () => {
  cluster = await StoreCluster.start({ postgresSettings: ['fsync = on', 'full_page_writes = on', 'synchronous_commit = on'] });
  auditor = await cluster.person('olga@example.com', ['audit']);
});
afterAll(async () => {
  await cluster.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** Each begins a fault, waits until the devices have felt it, and ends it. */
const faults: Readonly<Record<string, (tally: Tally, random: Random) => Promise<void>>> = {
  'process killed': async (tally, random) => {
    const node = random.pick(cluster.nodes);
    await node.kill();
    await felt(tally);
    await node.start();
  },
  'both processes killed': async (tally) => {
    await Promise.all(cluster.nodes.map((n) => n.kill()));
    await felt(tally);
    await Promise.all(cluster.nodes.map((n) => n.start()));
  },
  'database restarted': async (tally) => {
    await cluster.postgres.down();
    await felt(tally);
    await cluster.postgres.up();
  },
  'database crashed': async (tally) => {
    await cluster.postgres.down('crash');
    await felt(tally);
    await cluster.postgres.up();
  },
  'database connections ended': async (tally) => {
    const acks = tally.acks;
    const client = new pg.Client({ connectionString: cluster.databaseUrl });
    await client.connect();
    await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sallyport store'");
    await client.end();
    await tally.until(() => tally.acks > acks);
  },
  'object storage away': async (tally) => {
    await cluster.s3.down();
    await felt(tally);
    await cluster.s3.up();
  },
  'object storage failing': (tally, random) => storageFault(tally, () => (random.chance(0.5) ? { status: 503 } : undefined)),
  'object storage cutting connections': (tally, random) => storageFault(tally, () => (random.chance(0.4) ? 'cut' : undefined)),
  'object storage losing answers': (tally, random) => storageFault(tally, () => (random.chance(0.4) ? 'lost' : undefined)),
};

async function felt(tally: Tally): Promise<void> {
  const errors = tally.errors;
  await tally.until(() => tally.errors >= errors + DEVICES);
}

/** While it lasts some uploads succeed, by the store's own tries. */
async function storageFault(tally: Tally, fault: () => Fault): Promise<void> {
  const acks = tally.acks;
  cluster.s3.fault = fault;
  await tally.until(() => tally.acks >= acks + DEVICES);
  cluster.s3.fault = () => undefined;
}

it('nothing acknowledged is lost and nothing is there twice, whatever fails under upload', async () => {
  const tally = new Tally();
  const random = new Random(SEED, 'chaos');
  let running = true;
  const devices = await Promise.all(Array.from({ length: DEVICES }, (_, i) => cluster.person(`d${i}@example.com`)));
  const uploads = devices.map(async (person, i) => {
    const turns = random.part(`device ${i}`);
    const sub = `d${i}@example.com`;
    while (running) {
      const made = await makeRecording(join(scratch, sub), person, { iss: cluster.idp.issuer, sub });
      await uploadThrough(made, person, tally, () => turns.int(2));
    }
  });
  const names = Object.keys(faults);
  const until = Date.now() + MINUTES * 60_000;
  const happened = new Map<string, number>();
  const chaos = async (): Promise<void> => {
    for (let n = 0; MINUTES > 0 ? Date.now() < until : n < names.length; n++) {
      const name = MINUTES > 0 ? random.pick(names) : (names[n] ?? '');
      const acks = tally.acks;
      await tally.until(() => tally.acks >= acks + DEVICES);
      if (MINUTES > 0) process.stdout.write(`chaos: ${name} after ${tally.acks} acknowledged parts\n`);
      await faults[name]?.(tally, random);
      happened.set(name, (happened.get(name) ?? 0) + 1);
    }
    running = false;
  };
  await Promise.all([...uploads, chaos()]);
  const found = await account(cluster, tally, at0());
  const { recordings, uploaded, acknowledged } = found;
  process.stdout.write(`chaos: ${JSON.stringify({ seed: SEED, faults: Object.fromEntries(happened), recordings, sent: uploaded, errors: tally.errors, acknowledged, found: found.found, lost: found.lost.length, double: found.double.length })}\n`);
  expect(found.lost).toEqual([]);
  expect(found.double).toEqual([]);
  expect(found.found).toBe(acknowledged);
  expect(acknowledged).toBe(tally.acks);
}, MINUTES * 120_000 + 180_000);

function at0(): ClusterPerson['at'][number] {
  const [first] = auditor.at;
  if (first === undefined) throw new Error('no node');
  return first;
}
