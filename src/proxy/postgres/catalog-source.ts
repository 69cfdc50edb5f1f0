/**
 * One target's catalog snapshot, read on a connection of the proxy's own and shared by its sessions. It is read again
 * when a session changed objects, and when it is older than a minute: another program may have changed them.
 */
import type { Clock } from '../../base/clock.ts';
import { EnvironmentError } from '../../base/errors.ts';
import { buildCatalog, catalogQueries, type CatalogRows } from '../../policy/lineage/catalog.ts';
import type { CatalogView } from '../../policy/types.ts';
import type { Credential, Target } from '../core/ports.ts';
import { asEnvironmentError, OwnConnection, type TextRow } from './own-queries.ts';

const MAX_AGE_MS = 60_000;

const PARTS = ['schemas', 'relations', 'columns', 'functions', 'operators', 'casts', 'hidden'] as const satisfies readonly (keyof CatalogRows)[];

/** The texts of a catalog read, in order, without the set-up of search_path. */
export function catalogTexts(serverVersion: number): string[] {
  const queries = catalogQueries(serverVersion);
  return PARTS.map((part) => queries[part]);
}

/** @param results rows of each of `catalogTexts`, as arrays @throws MalformedError */
export function catalogFrom(all: readonly (readonly unknown[])[]): CatalogView {
  const results = withoutForeignTemporary(all);
  return buildCatalog(Object.fromEntries(PARTS.map((part, i) => [part, results[i] ?? []])) as unknown as CatalogRows);
}

/** Temporary objects of other sessions: nobody but their owner can name them, and they come and go. */
function withoutForeignTemporary(results: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  const [schemas = [], relations = [], columns = [], functions = [], operators = [], casts = [], hidden = []] = results;
  const isForeign = (row: unknown, place: number): boolean => Array.isArray(row) && /^pg_temp_\d+$/.test(String(row[place]));
  const gone = new Set(relations.flatMap((row) => (Array.isArray(row) && isForeign(row, 1) ? [String(row[0])] : [])));
  return [
    schemas,
    relations.filter((row) => !isForeign(row, 1)),
    columns.filter((row) => !(Array.isArray(row) && gone.has(String(row[0])))),
    functions.filter((row) => !isForeign(row, 0)),
    operators.filter((row) => !isForeign(row, 0)),
    casts.filter((row) => !isForeign(row, 0)),
    hidden,
  ];
}

export class CatalogSource {
  readonly #target: Target;
  readonly #lease: () => Promise<Credential>;
  readonly #clock: Clock;
  #view: CatalogView | undefined;
  #readAtMs = 0;
  #wanted = 0;
  #changes = 0;
  #have = -1;
  #reading: Promise<void> | undefined;
  /** server_version_num of the target, once it has been asked. */
  serverVersion = 0;

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

  /** Changes whenever objects are known to have changed. */
  get generation(): number {
    return this.#wanted;
  }

  invalidate(): void {
    this.#wanted++;
    this.#changes++;
  }

  /** Differs whenever objects may have changed since it was last looked at, known or not. */
  get changes(): number {
    return this.#changes;
  }

  /** A change of objects may be seen by other sessions from here on. */
  touch(): void {
    this.#changes++;
  }

  /** A snapshot whose reading begins now. @throws EnvironmentError when the target cannot be asked. */
  readAnew(): Promise<CatalogView> {
    this.#wanted++;
    return this.get();
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
    let connection: OwnConnection | undefined;
    try {
      connection = await OwnConnection.open(this.#target, await this.#lease(), 'sallyport catalog');
      this.serverVersion = connection.serverVersion;
      await connection.rows(catalogQueries(this.serverVersion).setup);
      const results: (readonly TextRow[])[] = [];
      for (const text of catalogTexts(this.serverVersion)) results.push(await connection.rows(text));
      return catalogFrom(results);
    } catch (error) {
      throw asEnvironmentError(`the catalog of ${this.#target.info.name} could not be read`, error);
    } finally {
      connection?.close();
    }
  }
}
