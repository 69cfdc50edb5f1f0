/**
 * Promise 3 against queries that nobody wrote: random schemas with random columns classified, and random compositions
 * of SQL's constructs that reach them. No canary may come through the gateway or stay in a recording.
 *
 *   SALLYPORT_MUTATION_SEEDS=1000   runs so many seeds
 *   SALLYPORT_MUTATION_SEED=17      runs one, and prints its schema, its queries and what became of each
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createOwner, runSeeds } from '../../testing/mutation/harness.ts';
import { reachOf, summary, transcript } from '../../testing/mutation/outcome.ts';
import { makeWorld } from '../../testing/mutation/world.ts';
import { startPostgres, type PostgresServer } from '../../testing/postgres-server.ts';

const only = process.env['SALLYPORT_MUTATION_SEED'];
const seeds = only === undefined ? Array.from({ length: Number(process.env['SALLYPORT_MUTATION_SEEDS'] ?? 16) }, (_, i) => i + 1) : [Number(only)];

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
  await createOwner(server);
}, 120_000);

afterAll(async () => {
  await server.stop();
});

it(
  `no composition of ${seeds.length} seeds lets a canary out`,
  async () => {
    const { tried, kept } = await runSeeds(server, seeds);
    if (only !== undefined) {
      const world = makeWorld(Number(only));
      const rules = world.rules.map((r) => `-- ${r.column}: mask ${r.mask}, predicates ${r.predicates}`);
      process.stdout.write(`${world.ddl.join(';\n')};\n${rules.join('\n')}\n\n${transcript(tried)}\n`);
    }
    process.stdout.write(`mutation: ${summary(tried)}\n`);
    expect(tried.filter((t) => t.leaked.length > 0).map((t) => `seed ${t.seed}: ${t.script.path.join(' > ')}: ${t.script.statements.join('; ')}: ${t.leaked.join(', ')}`)).toEqual([]);
    expect(kept).toEqual([]);
    if (only !== undefined) return;
    // Without these the test would prove nothing.
    expect(reachOf(tried)).toBeGreaterThan(0.7);
    expect(tried.filter((t) => t.outcome === 'masked').length).toBeGreaterThan(tried.length / 5);
  },
  3_600_000,
);
