/**
 * Load on the store: two processes on PostgreSQL and S3 of this machine, and many devices that upload at once.
 *   npx tsx bench/store.ts [--devices 200] [--recordings 2] [--statements 200]
 * Everything runs on the same cores, clients included: the figures are a lower bound of what a machine of the store does.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { toBase64 } from '../src/base/encoding.ts';
import { ed25519Signer } from '../src/evidence/sign.ts';
import { createStoreClient } from '../src/proxy/core/store-client.ts';
import { withDeviceId } from '../src/proxy/core/store-client-device.ts';
import { type ClusterPerson, StoreCluster } from '../src/testing/store-cluster.ts';
import { type MadeRecording, makeRecording, Tally, uploadThrough } from '../src/testing/store-load.ts';

const { values } = parseArgs({ options: { devices: { type: 'string', default: '200' }, recordings: { type: 'string', default: '2' }, statements: { type: 'string', default: '200' } } });
const DEVICES = Number(values.devices);
const RECORDINGS = Number(values.recordings);
const STATEMENTS = Number(values.statements);

/** Enrolled straight in the database: signing 200 people in is not what is measured, and is limited per minute. */
async function enrolled(cluster: StoreCluster, client: pg.Client, i: number): Promise<{ person: ClusterPerson; sub: string }> {
  const device = withDeviceId(ed25519Signer(createHash('sha256').update(randomBytes(32)).digest()));
  const sub = `d${i}@example.com`;
  const nowMs = Date.now();
  await client.query("insert into people (iss, sub, kind, name, groups, seen_ms) values ($1,$2,'User',$2,'[\"engineering\"]',$3)", [cluster.idp.issuer, sub, nowMs]);
  await client.query("insert into devices (device_id, public_key, alg, name, iss, sub, enrolled_ms, approved_ms, approved_by) values ($1,$2,'Ed25519',$3,$4,$3,$5,$5,'bench')", [device.deviceId, toBase64(device.publicKey), sub, cluster.idp.issuer, nowMs]);
  return { person: { device, at: cluster.nodes.map((n) => createStoreClient({ url: n.url, device })) }, sub };
}

/** Seconds of processor time of a process so far. */
function cpuSeconds(pid: number | undefined): number {
  const text = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const at = (sorted: readonly number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

async function main(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-bench-store-'));
  const cluster = await StoreCluster.start({ postgresSettings: ['synchronous_commit = on', 'fsync = on', 'full_page_writes = on'] });
  const client = new pg.Client({ connectionString: cluster.databaseUrl });
  await client.connect();
  try {
    const devices = [];
    const work: { made: MadeRecording; person: ClusterPerson }[] = [];
    for (let i = 0; i < DEVICES; i++) {
      const one = await enrolled(cluster, client, i);
      devices.push(one);
      for (let n = 0; n < RECORDINGS; n++) work.push({ made: await makeRecording(join(scratch, one.sub), one.person, { iss: cluster.idp.issuer, sub: one.sub }, { statements: STATEMENTS, chunkBytes: 64 * 1024 }), person: one.person });
    }
    const records = STATEMENTS * 3 * work.length;
    const bytes = work.reduce((sum, w) => sum + w.made.chunks.reduce((s, c) => s + c.sizeBytes, 0), 0);
    const gzip = work.reduce((sum, w) => sum + w.made.chunks.reduce((s, c) => s + c.gzip.length, 0), 0);
    const before = cluster.nodes.map((n) => cpuSeconds(n.pid));
    const tally = new Tally();
    const latencies: number[] = [];
    const start = performance.now();
    await Promise.all(
      work.map(async ({ made, person }, i) => {
        let turn = i;
        let last = performance.now();
        await uploadThrough(made, person, tally, () => {
          const now = performance.now();
          latencies.push(now - last);
          last = now;
          return turn++;
        });
        latencies.push(performance.now() - last);
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    const cpu = cluster.nodes.reduce((sum, n, i) => sum + cpuSeconds(n.pid) - (before[i] ?? 0), 0);
    const sorted = latencies.sort((a, b) => a - b);
    const stored = await client.query<{ n: string }>("select count(*) as n from recordings where state = 'closed'");
    process.stdout.write(`${JSON.stringify({
      cores: cpus().length, devices: DEVICES, recordings: work.length, closed: Number(stored.rows[0]?.n), parts: tally.acks, errors: tally.errors, seconds: Number(seconds.toFixed(2)),
      parts_per_s: Math.round(tally.acks / seconds), records_per_s: Math.round(records / seconds), mib_per_s: Number((bytes / seconds / 2 ** 20).toFixed(2)), mib: Number((bytes / 2 ** 20).toFixed(1)), gzip_mib: Number((gzip / 2 ** 20).toFixed(1)),
      part_ms: { p50: Math.round(at(sorted, 0.5)), p95: Math.round(at(sorted, 0.95)), p99: Math.round(at(sorted, 0.99)) }, store_cpu_s: Number(cpu.toFixed(2)), store_cpu_ms_per_part: Number(((cpu * 1000) / tally.acks).toFixed(1)),
    }, null, 1)}\n`);
  } finally {
    await client.end();
    await cluster.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
