/** Runs seeds: their schemas on a real server, their queries directly and through the real gateway, and looks for canaries. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { gatewayConfig, pgConnect, TestGateway } from '../gateway.ts';
import { contents, filesUnder } from '../leaks.ts';
import type { PostgresServer } from '../postgres-server.ts';
import { targetPassword } from '../target-password.ts';
import { writeBundle } from './bundle.ts';
import { ScriptClient } from './client.ts';
import { formsOf, Needles, wholeForms } from './needles.ts';
import { isValid, outcomeOf } from './outcome.ts';
import type { Tried } from './outcome.ts';
import { makeScripts } from './scripts.ts';
import type { Canary } from './values.ts';
import { makeWorld } from './world.ts';
import type { World } from './world.ts';

const SCRIPTS_PER_SEED = 6;
/** Schemas of so many seeds share a database, and so many databases a gateway with its bundle. */
const SEEDS_PER_DATABASE = 10;
const DATABASES_PER_GATEWAY = 20;
const WORKERS = 3;

export interface Report {
  readonly tried: readonly Tried[];
  /** Canaries found in recordings, in the store's files, in what the gateway printed. */
  readonly kept: readonly string[];
}

interface Database {
  readonly name: string;
  readonly worlds: readonly World[];
}

const chunked = <T>(items: readonly T[], size: number): T[][] => Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** The role that owns everything. Call once for a server. */
export async function createOwner(server: PostgresServer): Promise<void> {
  const admin = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'postgres' });
  await admin.query(`CREATE ROLE app LOGIN CREATEDB PASSWORD '${targetPassword}'`);
  await admin.end();
}

export async function runSeeds(server: PostgresServer, seeds: readonly number[]): Promise<Report> {
  const tried: Tried[] = [];
  const kept: string[] = [];
  const databases = chunked(seeds, SEEDS_PER_DATABASE).map((part): Database => ({ name: `mutation_${part[0] ?? 0}`, worlds: part.map(makeWorld) }));
  for (const group of chunked(databases, DATABASES_PER_GATEWAY)) {
    for (const database of group) await create(server, database);
    const report = await runGroup(server, group);
    tried.push(...report.tried);
    kept.push(...report.kept);
    for (const database of group) await asOwner(server, 'postgres', [`DROP DATABASE ${database.name} WITH (FORCE)`]);
  }
  return { tried: tried.sort((a, b) => a.seed - b.seed), kept };
}

async function asOwner(server: PostgresServer, database: string, statements: readonly string[]): Promise<void> {
  const app = await pgConnect({ host: server.host, port: server.port, user: 'app', password: targetPassword, database });
  try {
    for (const sql of statements) await app.query(sql);
  } finally {
    await app.end();
  }
}

async function create(server: PostgresServer, database: Database): Promise<void> {
  await asOwner(server, 'postgres', [`CREATE DATABASE ${database.name}`]);
  await asOwner(server, database.name, database.worlds.map((w) => w.ddl.join(';\n')));
}

async function runGroup(server: PostgresServer, group: readonly Database[]): Promise<Report> {
  const bundle = writeBundle(group.flatMap((d) => d.worlds));
  // Every fourth database is one where changes of schema wait for an approver.
  const options = { server, bundle, databases: group.map((d) => d.name) };
  const { connections } = gatewayConfig(options) as { connections: { name: string; labels: Record<string, string> }[] };
  const labelled = connections.map((c, i) => ({ ...c, labels: { env: i % 4 === 3 ? 'prod' : 'dev' } }));
  const gateway = await TestGateway.start({ ...options, config: { connections: labelled } });
  const tried: Tried[] = [];
  const sessions: { readonly id: string; readonly world: World }[] = [];
  const queue = [...group];
  // One session at a time in a database: what becomes of a seed does not depend on the seeds beside it.
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      for (const world of next.worlds) {
        const done = await runSeed(server, gateway, next.name, world);
        tried.push(...done.tried);
        sessions.push(...done.sessions.map((id) => ({ id, world })));
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  const printed = (): string => gateway.stdout + gateway.process.stderr;
  await gateway.halt();
  const kept = keptCanaries(gateway, sessions, printed());
  await gateway.stop();
  rmSync(bundle, { recursive: true, force: true });
  return { tried, kept };
}

async function runSeed(server: PostgresServer, gateway: TestGateway, database: string, world: World): Promise<{ tried: Tried[]; sessions: string[] }> {
  const needles = new Needles(world.canaries);
  const direct = await ScriptClient.open({ host: server.host, port: server.port, user: 'app', password: targetPassword, database });
  const through = await ScriptClient.open(gateway.listener(database));
  const sessions = new Set<string>();
  const tried: Tried[] = [];
  for (const script of makeScripts(world, SCRIPTS_PER_SEED)) {
    const plain = await direct.run(script, !script.open);
    if (script.undo !== undefined) await direct.run({ ...script, statements: [script.undo], via: 'simple' }, false);
    const masked = await through.run(script, script.inTransaction);
    if (through.session !== undefined) sessions.add(through.session);
    tried.push({ seed: world.seed, script, valid: isValid(script, plain), reaches: needles.find(plain.bytes).length > 0, ...outcomeOf(script, masked), leaked: needles.find(masked.bytes) });
  }
  direct.close();
  through.close();
  return { tried, sessions: [...sessions] };
}

// Six characters are found by chance in the base64 of keys and signatures, of which a recording is full.
const keptForms = (canary: Canary): ReturnType<typeof formsOf> => formsOf(canary, 10);
// Ten digits are found in any log by chance sooner or later: seconds since 1970 are such.
const rare = (canaries: readonly Canary[]): readonly Canary[] => canaries.filter((c) => c.text.length > 12);

/** Each session's recording is searched for every form of its own canaries, all other files for whole values of all. */
function keptCanaries(gateway: TestGateway, sessions: readonly { readonly id: string; readonly world: World }[], printed: string): string[] {
  const found: string[] = [];
  for (const { id, world } of sessions) {
    const needles = new Needles(rare(world.canaries), keptForms);
    for (const file of filesUnder(path.join(gateway.recordings, id))) {
      for (const canary of contents(file).flatMap((b) => needles.find(b))) found.push(`${canary} of seed ${world.seed} in ${path.basename(file)}`);
    }
  }
  const whole = new Needles(rare(sessions.flatMap((s) => s.world.canaries)), wholeForms);
  for (const file of filesUnder(gateway.dataDir, ['recordings'])) {
    for (const canary of contents(file).flatMap((b) => whole.find(b))) found.push(`${canary} in ${path.relative(gateway.dataDir, file)}`);
  }
  for (const canary of whole.find(Buffer.from(printed))) found.push(`${canary} in the gateway's output`);
  return found;
}
