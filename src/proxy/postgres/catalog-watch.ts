/**
 * Asks the server whether its objects have changed, in one short query on a connection that stays open while it is
 * used. Other programs change objects too, and the server tells nobody.
 */
import type { Credential, Target } from '../core/ports.ts';
import { FIRST_USER_OID } from '../../policy/user-oids.ts';
import { OwnConnection } from './own-queries.ts';

const IDLE_MS = 30_000;
const USER = FIRST_USER_OID;
const LASTING = `(SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid >= ${USER} AND c.relpersistence <> 't' AND c.relkind IN ('r', 'v', 'm', 'p', 'f'))`;
const OWN_SCHEMA = `(SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname ~ '^pg_temp_')`;

const sum = (from: string, parts: string, where: string): string =>
  `(SELECT pg_catalog.concat_ws(',', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtext(pg_catalog.concat_ws(' ', ${parts}))::pg_catalog.int8)) FROM pg_catalog.${from} x WHERE ${where})`;

/**
 * Counts and sums over the rows that define objects: a row that is changed has another xmin. Temporary objects are left
 * out, and columns of indexes; statistics are not looked at.
 */
const PRINT = `SELECT pg_catalog.concat_ws('/', ${[
  sum('pg_namespace', 'oid, xmin, nspname', `oid >= ${USER} AND nspname !~ '^pg_(toast_)?temp_'`),
  sum('pg_class', 'oid, xmin', `oid >= ${USER} AND relpersistence <> 't' AND relkind IN ('r', 'v', 'm', 'p', 'f')`),
  sum('pg_attribute', 'attrelid, attnum, xmin', `attnum > 0 AND attrelid IN ${LASTING}`),
  sum('pg_rewrite', 'oid, xmin', `ev_class IN ${LASTING}`),
  sum('pg_proc', 'oid, xmin', `oid >= ${USER} AND pronamespace NOT IN ${OWN_SCHEMA}`),
  sum('pg_type', 'oid, xmin', `oid >= ${USER} AND typtype = 'd' AND typnamespace NOT IN ${OWN_SCHEMA}`),
  sum('pg_operator', 'oid, xmin', `oid >= ${USER}`),
  sum('pg_cast', 'oid, xmin', `oid >= ${USER}`),
  sum('pg_policy', 'oid, xmin', `polrelid IN ${LASTING}`),
  sum('pg_trigger', 'oid, xmin', `NOT tgisinternal AND tgrelid IN ${LASTING}`),
  sum('pg_attrdef', 'oid, xmin', `adrelid IN ${LASTING}`),
].join(', ')})`;

export class CatalogWatch {
  readonly #target: Target;
  readonly #lease: () => Promise<Credential>;
  #connection: OwnConnection | undefined;
  #running: Promise<string> | undefined;
  #next: Promise<string> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(target: Target, lease: () => Promise<Credential>) {
    this.#target = target;
    this.#lease = lease;
  }

  /** A print of all objects, asked for from now on; callers that come while one is asked share the next. @throws EnvironmentError, MalformedError */
  print(): Promise<string> {
    if (this.#running === undefined) {
      this.#running = this.#ask().finally(() => (this.#running = undefined));
      return this.#running;
    }
    const again = (): Promise<string> => {
      this.#next = undefined;
      return this.print();
    };
    this.#next ??= this.#running.then(again, again);
    return this.#next;
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #ask(): Promise<string> {
    clearTimeout(this.#idle);
    const isOld = this.#connection !== undefined;
    try {
      this.#connection ??= await OwnConnection.open(this.#target, await this.#lease(), 'sallyport watch');
      const [row] = await this.#connection.rows(PRINT);
      this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
      return row?.[0] ?? '';
    } catch (error) {
      this.close();
      // One that has lain idle may have been ended by the server meanwhile: that says nothing about the server.
      if (isOld) return this.#ask();
      throw error;
    }
  }
}
