/**
 * Both legs of the proxy under random and spoiled bytes: no crash, no hang, no growth, and nothing forwarded that was
 * not decoded and allowed. `SALLYPORT_FUZZ_SECONDS=600` for the long run, `SALLYPORT_FUZZ_SEED` to play one again.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initParser } from '../../policy/parse.ts';
import { FuzzRun, spoilByName } from '../../testing/fuzz/run.ts';
import { Tap } from '../../testing/fuzz/tap.ts';
import { pgConnect, TestGateway } from '../../testing/gateway.ts';
import { growth, mib, openFiles, probedEnv, type MemorySample } from '../../testing/memory-probe.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';
import { createShop } from '../../testing/shop.ts';
import { targetPassword } from '../../testing/target-password.ts';

const seconds = Number(process.env['SALLYPORT_FUZZ_SECONDS'] ?? 10);
const seed = Number(process.env['SALLYPORT_FUZZ_SEED'] ?? 20_261_121);
/** Cases that run at the same time. */
const LANES = 16;
const SAMPLES = Math.max(5, Math.min(30, Math.round(seconds / 20)));
/** What later samples may hold more than the first ones: caches that fill up to their bounds. */
const ALLOWED_GROWTH = 24 * 1_048_576;

let server: PostgresServer;
let tap: Tap;
let gateway: TestGateway;

beforeAll(async () => {
  await initParser();
  server = await startPostgres();
  await createShop(server);
  const app = await pgConnect({ host: server.host, port: server.port, user: 'app', password: targetPassword, database: 'shop' });
  await app.query('CREATE TABLE scratch (a int, b text)');
  await app.end();
  tap = await Tap.start({ host: server.host, port: server.port, spoil: spoilByName(seed) });
  gateway = await TestGateway.start({ server, targetPort: tap.port, labels: { env: 'dev' }, env: probedEnv() });
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  await tap.stop();
  await server.stop();
});

interface Sample extends MemorySample {
  readonly second: number;
  readonly cases: number;
  readonly files: number;
}

/** Runs cases in several lanes until the time is over. */
async function lanes(run: FuzzRun, next: () => number, untilMs: number): Promise<void> {
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      while (Date.now() < untilMs) await run.one(next());
    }),
  );
}

function report(run: FuzzRun, series: readonly Sample[]): string {
  const lines = series.map((s) => `  ${String(s.second).padStart(4)} s  ${String(s.cases).padStart(6)} cases  rss ${mib(s.rss)}  heap ${mib(s.heapUsed)}  buffers ${mib(s.arrayBuffers)} MiB  ${s.files} files`);
  const { startup, session, server: fromServer } = run.cases;
  return [
    `fuzz: seed ${run.seed}, ${run.total} cases (${startup} before sign-on, ${session} sessions, ${fromServer} with a spoiled server), ${run.spoiled} spoiled, ${run.answered} answered`,
    `fuzz: ${run.sessions} sessions recorded; ${tap.connections} connections, ${tap.messages} messages and ${tap.bytes} bytes reached the target, ${tap.violations.length} of them not allowed`,
    ...lines,
  ].join('\n');
}

describe('fuzz', () => {
  it(
    `${seconds} seconds of spoiled bytes on both legs`,
    async () => {
      const run = new FuzzRun(seed, gateway);
      let number = 0;
      const started = Date.now();
      const series: Sample[] = [];
      for (let i = 1; i <= SAMPLES; i++) {
        await lanes(run, () => number++, started + (i * seconds * 1000) / SAMPLES);
        await run.quiet();
        series.push({ ...(await run.memory()), second: Math.round((Date.now() - started) / 1000), cases: run.total, files: openFiles(gateway.pid) });
      }
      process.stdout.write(`${report(run, series)}\n`);
      expect(run.failures).toEqual([]);
      expect(tap.violations).toEqual([]);
      expect(gateway.process.stderr).not.toMatch(/internal error|Error:/);
      // It still serves, and holds nothing of what is gone but the connection that reads the catalog.
      const client = await gateway.connect();
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      await client.end();
      await run.quiet();
      expect(tap.open).toBeLessThanOrEqual(1);
      const later = series.slice(Math.floor(series.length / 3));
      expect(growth(later.map((s) => s.heapUsed + s.arrayBuffers))).toBeLessThan(ALLOWED_GROWTH);
      expect(Math.abs(growth(later.map((s) => s.files)))).toBeLessThan(20);
    },
    seconds * 1000 + 240_000,
  );
});
