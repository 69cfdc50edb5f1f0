/**
 * One target's catalog snapshot, read on a connection of the proxy's own and shared by its sessions. It is read again
 * when a session changed objects, and when the server's objects are found to differ: other programs change them too.
 * That is looked at each second while sessions work, and before rows are shown of what a view or a function computes.
 */
import type { Clock } from '../../base/clock.ts';
import { EnvironmentError } from '../../base/errors.ts';
import { buildCatalog, catalogQueries, type CatalogRows } from '../../policy/lineage/catalog.ts';
import type { CatalogView } from '../../policy/types.ts';
import type { Credential, Target } from '../core/ports.ts';
import { CatalogWatch } from './catalog-watch.ts';
import { asEnvironmentError, OwnConnection, type TextRow } from './own-queries.ts';

const MAX_AGE_MS = 60_000;
/** Of the last comparison with the server, while somebody asks. */
const COMPARED_MS = 1_000;

const PARTS = ['schemas', 'relations', 'columns', 'functions', 'operators', 'casts', 'hidden', 'types'] as const satisfies readonly (keyof CatalogRows)[];

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
  const [schemas = [], relations = [], columns = [], functions = [], operators = [], casts = [], hidden = [], types = []] = results;
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
    types.filter((row) => !isForeign(row, 0)),
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
  readonly #changing = new Set<string>();
  #have = -1;
  #reading: Promise<void> | undefined;
  readonly #watch: CatalogWatch;
  /** Of the server's objects, before the snapshot was read. */
  #print = '';
  #comparedMs = 0;
  /** server_version_num of the target, once it has been asked. */
  serverVersion = 0;

  constructor(target: Target, lease: () => Promise<Credential>, clock: Clock) {
    this.#target = target;
    this.#lease = lease;
    this.#clock = clock;
    this.#watch = new CatalogWatch(target, lease);
  }

  /** The snapshot, if there is one that may still be used. */
  get current(): CatalogView | undefined {
    if (!this.#fresh()) return undefined;
    if (this.#clock.nowMs() - this.#comparedMs > COMPARED_MS) {
      this.#comparedMs = this.#clock.nowMs();
      // A server that does not answer is told to those who need its answer.
      this.isAsRead().catch(() => undefined);
    }
    return this.#view;
  }

  /** Compares the server's objects, from now on, with those that were read. @throws EnvironmentError when it cannot be asked */
  async isAsRead(): Promise<boolean> {
    const before = this.#print;
    const now = await this.#watch.print();
    this.#comparedMs = this.#clock.nowMs();
    if (before !== this.#print) return now === this.#print;
    if (now === before) return true;
    this.invalidate();
    return false;
  }

  /** Ends the connection that watches. */
  close(): void {
    this.#watch.close();
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

  /** A session changes objects; others will see it when its transaction ends, if it does. */
  changing(session: string, isChanging: boolean): void {
    if (isChanging) this.#changing.add(session);
    else this.#changing.delete(session);
  }

  /** Another session changes objects. */
  isChangedByOthers(session: string): boolean {
    return this.#changing.size > (this.#changing.has(session) ? 1 : 0);
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
    try {
      const print = await this.#watch.print();
      this.#view = await this.#query();
      this.#print = print;
      this.#comparedMs = startedMs;
    } catch (error) {
      throw asEnvironmentError(`the catalog of ${this.#target.info.name} could not be read`, error);
    }
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
    } finally {
      connection?.close();
    }
  }
}
