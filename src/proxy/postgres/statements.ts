/** What a session has prepared: protocol-level statements and portals, SQL-level PREPARE and cursors. */
import { DeniedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { MaskPlan, StatementAnalysis } from '../../policy/types.ts';
import type { Analysed } from './analyser.ts';
import type { Estimate } from './estimate.ts';
import { meaningsOf, type Meanings } from './meanings.ts';

/** Shape of a result as the server described it. `origin` is RowDescription's table OID and attribute number. */
export interface ResultColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly tableOid: number;
  readonly attnum: number;
}

export interface PreparedStatement {
  readonly name: string;
  readonly sql: string;
  /** Made again before a Bind when what it was made against has changed; holds for all `meanings`. */
  analysed: Analysed;
  readonly meanings: Meanings;
  /** Record number of the Parse. */
  readonly record: number;
  /** From our own Describe; undefined until it is answered, 'none' for NoData. */
  columns: readonly ResultColumn[] | 'none' | undefined;
  paramTypes: readonly number[];
}

export interface Portal {
  readonly name: string;
  readonly statement: PreparedStatement;
  analysis: StatementAnalysis | undefined;
  /** What the planner said at Bind. */
  readonly estimate: Estimate;
  plan: MaskPlan;
  readonly resultFormats: readonly number[];
  /** Record number of the Bind. */
  readonly record: number;
  executions: number;
  /** `CatalogSource.changes` and `SessionState.epoch` up to which its meaning is known to hold. */
  changes: number;
  epoch: number;
}

const NOTHING_TO_UNDO = (): void => undefined;

/** A map with a bound: reaching it is an error, not an eviction, since the server has no such eviction either. */
class BoundedMap<V> {
  readonly #map = new Map<string, V>();
  readonly #max: number;
  readonly #what: string;
  constructor(max: number, what: string) {
    this.#max = max;
    this.#what = what;
  }
  get(name: string): V | undefined {
    return this.#map.get(name);
  }
  /** Sets and returns what undoes it, for when the server refuses. @throws DeniedError at the limit. */
  set(name: string, value: V): () => void {
    const before = this.#map.get(name);
    if (before === undefined && this.#map.size >= this.#max) throw new DeniedError(`this session holds the limit of ${this.#max} ${this.#what}; close some`);
    this.#map.set(name, value);
    return () => {
      if (this.#map.get(name) !== value) return;
      if (before === undefined) this.#map.delete(name);
      else this.#map.set(name, before);
    };
  }
  /** Deletes and returns what undoes it, for when the server skips the message. */
  delete(name: string): () => void {
    const before = this.#map.get(name);
    if (before === undefined) return NOTHING_TO_UNDO;
    this.#map.delete(name);
    return () => {
      if (!this.#map.has(name)) this.#map.set(name, before);
    };
  }
  clear(): void {
    this.#map.clear();
  }
  /** Forgets all but one name. */
  keepOnly(name: string): void {
    const kept = this.#map.get(name);
    this.#map.clear();
    if (kept !== undefined) this.#map.set(name, kept);
  }
  get size(): number {
    return this.#map.size;
  }
}

/** By PREPARE: the text of that statement, which is read again before each EXECUTE. */
export interface SqlPrepared {
  readonly prepareSql: string;
  readonly meanings: Meanings;
}

/** By DECLARE. Objects may have changed between its analysis and its run, so it is read again before each FETCH. */
export interface Cursor {
  readonly declareSql: string;
  readonly meanings: Meanings;
}

export class SessionStatements {
  readonly prepared = new BoundedMap<PreparedStatement>(limits.preparedStatementsPerSession, 'prepared statements');
  readonly portals = new BoundedMap<Portal>(limits.portalsPerSession, 'portals');
  readonly sqlPrepared = new BoundedMap<SqlPrepared>(limits.preparedStatementsPerSession, 'prepared statements');
  readonly cursors = new BoundedMap<Cursor>(limits.portalsPerSession, 'cursors');

  /** What EXECUTE name would run: SQL-level PREPARE and protocol-level Parse share one name space in the server. */
  lookupPrepared(name: string): SqlPrepared | PreparedStatement | undefined {
    return this.sqlPrepared.get(name) ?? (name === '' ? undefined : this.prepared.get(name));
  }

  /** The protocol takes the name over: what SQL prepared under it is gone, or the server refuses the Parse. */
  parsed(name: string): void {
    this.sqlPrepared.delete(name);
  }

  /** Returns what undoes it, for when the server skips the Close. */
  closed(name: string): () => void {
    const undo = [this.prepared.delete(name), this.sqlPrepared.delete(name)];
    return () => undo.forEach((u) => u());
  }

  /** Portals and cursors share one name space: FETCH of a name that a Bind has taken is refused. */
  bound(portal: string): void {
    this.cursors.delete(portal);
  }

  /**
   * A statement that declares or closes cursors is on its way: portals and cursors share one name space, so a portal of
   * such a name may be gone, or be another, from here on.
   */
  departing({ effects: { declare, close } }: StatementAnalysis): void {
    if (close === '') this.portals.clear();
    else if (close !== undefined) this.portals.delete(close);
    if (declare) this.portals.delete(declare.name);
  }

  /** Follows a statement that the server has completed. DEALLOCATE of no name is of all. */
  applyEffects(analysis: StatementAnalysis): void {
    const { prepare, deallocate, declare, close, transaction } = analysis.effects;
    if (prepare) {
      this.sqlPrepared.set(prepare.name, { prepareSql: prepare.body.sql, meanings: meaningsOf(prepare.body) });
      this.prepared.delete(prepare.name);
    }
    if (deallocate === '') {
      this.sqlPrepared.clear();
      // The protocol's unnamed statement has no name to take away: the server keeps it.
      this.prepared.keepOnly('');
    } else if (deallocate !== undefined) {
      this.sqlPrepared.delete(deallocate);
      this.prepared.delete(deallocate);
    }
    if (close === '') this.cursors.clear();
    else if (close !== undefined) this.cursors.delete(close);
    if (declare) this.cursors.set(declare.name, { declareSql: declare.body.sql, meanings: meaningsOf(declare.body) });
    if (transaction === 'rollback') this.portals.clear();
  }
}
