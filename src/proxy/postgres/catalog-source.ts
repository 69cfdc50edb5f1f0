/**
 * One target's catalog snapshot, read on a connection of the proxy's own and shared by its sessions. It is read again
 * when a session changed objects, and when it is older than a minute: another program may have changed them.
 */
import pg from 'pg';
import type { Clock } from '../../base/clock.ts';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { buildCatalog, catalogQueries } from '../../policy/lineage/catalog.ts';
import type { CatalogView } from '../../policy/types.ts';
import type { Credential, Target } from '../core/ports.ts';

const MAX_AGE_MS = 60_000;

/**
 * Reads a catalog through any way of running a query that returns one text value. The rows come as one JSON array,
 * so that a session's own connection and ours see the same types.
 */
export async function readCatalog(runOne: (sql: string) => Promise<string>): Promise<CatalogView> {
  const rows: Record<string, unknown> = {};
  for (const [name, sql] of Object.entries(catalogQueries)) {
    rows[name] = JSON.parse(await runOne(`SELECT coalesce(pg_catalog.json_agg(q), '[]')::pg_catalog.text FROM (${sql}) q`)) as unknown;
  }
  return buildCatalog(rows);
}

export class CatalogSource {
  readonly #target: Target;
  readonly #lease: () => Promise<Credential>;
  readonly #clock: Clock;
  #view: CatalogView | undefined;
  #readAtMs = 0;
  #wanted = 0;
  #have = -1;
  #reading: Promise<void> | undefined;

  constructor(target: Target, lease: () => Promise<Credential>, clock: Clock) {
    this.#target = target;
    this.#lease = lease;
    this.#clock = clock;
  }

  /** The snapshot, if there is one that may still be used. */
  get current(): CatalogView | undefined {
    return this.#fresh() ? this.#view : undefined;
  }

  get stamp(): string {
    return String(this.#have);
  }

  invalidate(): void {
    this.#wanted++;
  }

  #fresh(): boolean {
    return this.#view !== undefined && this.#have >= this.#wanted && this.#clock.nowMs() - this.#readAtMs < MAX_AGE_MS;
  }

  /** @throws EnvironmentError when the target cannot be asked. */
  async get(): Promise<CatalogView> {
    while (!this.#fresh()) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    if (!this.#view) throw new EnvironmentError('env.unreachable', 'no catalog snapshot');
    return this.#view;
  }

  async #read(): Promise<void> {
    const wanted = this.#wanted;
    // Taken before reading: what changes meanwhile belongs to the next snapshot.
    const startedMs = this.#clock.nowMs();
    this.#view = await this.#query();
    if (wanted > this.#have || this.#have < 0) this.#have = wanted;
    else {
      this.#wanted++;
      this.#have = this.#wanted;
    }
    this.#readAtMs = startedMs;
  }

  async #query(): Promise<CatalogView> {
    const credential = await this.#lease();
    const { info, host, port, tlsCa } = this.#target;
    const client = new pg.Client({
      host,
      port,
      user: credential.user,
      password: credential.reveal(),
      database: info.database,
      ssl: info.tls === 'verify' ? { rejectUnauthorized: true, ...(tlsCa === undefined ? {} : { ca: tlsCa }) } : false,
      application_name: 'sallyport catalog',
      connectionTimeoutMillis: limits.upstreamConnectTimeoutMs,
      query_timeout: 30_000,
    });
    // A connection error outside a query arrives as an event; the pending query rejects as well.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await readCatalog(async (sql) => {
        const result = await client.query<{ coalesce: string }>(sql);
        return result.rows[0]?.coalesce ?? '[]';
      });
    } catch (error) {
      throw new EnvironmentError('env.unreachable', `the catalog of ${info.name} could not be read: ${messageOf(error)}`, { cause: error });
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
