/**
 * Walks a statement's tree and gathers what it does: operations, tables, functions. It follows the meaning of the tree,
 * so words in comments, literals and identifiers do nothing here, and a write hidden in a CTE does.
 */
import type { RangeVar, WithClause } from 'libpg-query';
import type { AnalysisEnv, SqlAction, SqlObject, SqlOperation } from '../types.ts';
import { functionOperations } from './function-calls.ts';
import { functionLabel, resolveFunction, resolveTable } from './resolve.ts';
import { givesAllBack, reachesAll } from './reach.ts';
import { allOf, as, isObject, kindOf, qualified } from './tree.ts';
import type { Node, NodeOf } from './tree.ts';

/** Names of the CTEs in sight. */
type CteNames = ReadonlySet<string>;

export class Collector {
  readonly env: AnalysisEnv;
  readonly tables = new Set<string>();
  readonly functions = new Set<string>();
  hasWhere = true;
  tautology = false;
  writes = false;
  sideEffects = false;
  fileAccess = false;
  programAccess = false;
  setting: string | undefined;
  readonly #operations = new Map<string, SqlOperation>();

  constructor(env: AnalysisEnv) {
    this.env = env;
  }

  get operations(): readonly SqlOperation[] {
    return [...this.#operations.values()];
  }

  add(action: SqlAction, object: SqlObject, label: string): void {
    this.#operations.set(`${action}|${object.kind}|${object.schema ?? ''}|${object.name ?? ''}|${label}`, { action, object, label });
  }

  /** Takes over what another collector found, but only operations that `keep` lets through. */
  absorb(other: Collector, keep: (operation: SqlOperation) => boolean): void {
    for (const o of other.operations) if (keep(o)) this.add(o.action, o.object, o.label);
    for (const t of other.tables) this.tables.add(t);
    for (const f of other.functions) this.functions.add(f);
    this.sideEffects ||= other.sideEffects;
    this.fileAccess ||= other.fileAccess;
    this.programAccess ||= other.programAccess;
  }

  /** Notes a table and the operation on it. */
  table(action: SqlAction, range: RangeVar | undefined, label: string): SqlObject {
    const found = resolveTable({ schema: range?.schemaname, name: range?.relname ?? '' }, this.env);
    const object: SqlObject = { kind: 'table', schema: found.schema, name: found.name };
    this.tables.add(`${found.schema}.${found.name}`);
    this.add(action, object, label);
    return object;
  }

  walk(tree: unknown, ctes: CteNames = new Set()): void {
    if (Array.isArray(tree)) {
      for (const item of tree) this.walk(item, ctes);
      return;
    }
    if (!isObject(tree)) return;
    for (const key in tree) {
      const value = tree[key];
      if (!isObject(value)) continue;
      if (key === 'larg' || key === 'rarg') this.#operand(value, ctes);
      else if (!this.#special({ [key]: value } as unknown as Node, ctes)) this.walk(value, ctes);
    }
  }

  /** Both sides of a set operation are bare SELECTs; both sides of a join are nodes. */
  #operand(value: Readonly<Record<string, unknown>>, ctes: CteNames): void {
    if ('op' in value) this.#query(value, ctes);
    else this.walk(value, ctes);
  }

  #query(body: { readonly withClause?: WithClause }, ctes: CteNames, but?: string): void {
    const inner = this.#with(body.withClause, ctes);
    for (const [key, value] of Object.entries(body)) if (key !== 'withClause' && key !== but) this.walk({ [key]: value }, inner);
  }

  #with(clause: WithClause | undefined, ctes: CteNames): CteNames {
    if (clause === undefined) return ctes;
    const parts = allOf(clause.ctes, 'CommonTableExpr');
    const known = new Set(ctes);
    if (clause.recursive) for (const c of parts) known.add(c.ctename ?? '');
    for (const c of parts) {
      this.walk(c, new Set(known));
      known.add(c.ctename ?? '');
    }
    return known;
  }

  /** Nodes that mean something by themselves. False: nothing special, walk on. */
  #special(node: Node, ctes: CteNames): boolean {
    switch (kindOf(node)) {
      case 'SelectStmt': {
        const select = as(node, 'SelectStmt');
        if (select === undefined) return false;
        if (select.intoClause?.rel) {
          this.writes = true;
          this.table('sql:ddl', select.intoClause.rel, select.intoClause.rel.relpersistence === 't' ? 'CREATE TEMP TABLE' : 'SELECT INTO');
        }
        this.#query(select, ctes);
        return true;
      }
      case 'RangeVar': {
        const range = as(node, 'RangeVar');
        if (range && !(range.schemaname === undefined && ctes.has(range.relname ?? ''))) this.table('sql:select', range, 'SELECT');
        return true;
      }
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        this.#write(node, ctes);
        return true;
      case 'FuncCall':
        this.#call(as(node, 'FuncCall'));
        return false;
      // Its relations are already in the FROM clause.
      case 'LockingClause':
        this.sideEffects = true;
        return true;
      default:
        return false;
    }
  }

  #write(node: Node, ctes: CteNames): void {
    this.writes = true;
    const insert = as(node, 'InsertStmt');
    if (insert) this.table('sql:insert', insert.relation, 'INSERT');
    if (insert?.onConflictClause?.action === 'ONCONFLICT_UPDATE') this.#upsert(insert, insert.onConflictClause.whereClause);
    const update = as(node, 'UpdateStmt');
    if (update) this.table('sql:update', update.relation, 'UPDATE');
    const remove = as(node, 'DeleteStmt');
    if (remove) this.table('sql:delete', remove.relation, 'DELETE');
    const change = update ?? remove;
    if (change) this.#where(change.whereClause, change.relation, update?.fromClause ?? remove?.usingClause ?? [], change.withClause);
    const merge = as(node, 'MergeStmt');
    if (merge) this.#merge(merge);
    const body = insert ?? update ?? remove ?? merge;
    // A rule on the view turns an UPDATE of it into SET.
    if (this.tables.has('pg_catalog.pg_settings')) this.add('sql:set', { kind: 'setting', name: 'all' }, 'UPDATE pg_settings');
    if (body !== undefined) {
      // The target has its own operation; walked as a table it would count as read.
      this.#query(body, ctes, 'relation');
    }
  }

  #where(where: Node | undefined, target: RangeVar | undefined, others: readonly Node[], ctes: WithClause | undefined): void {
    if (where === undefined) this.hasWhere = false;
    else if (reachesAll(where, target, others, this.env, ctes)) this.tautology = true;
  }

  /** A table that is filled with its own rows meets each of them as a conflict. */
  #upsert(insert: NodeOf<'InsertStmt'>, where: Node | undefined): void {
    this.table('sql:update', insert.relation, 'INSERT ON CONFLICT DO UPDATE');
    if (!givesAllBack(insert.selectStmt, insert.relation, this.env, insert.withClause)) return;
    if (where === undefined || reachesAll(where, insert.relation, [], this.env, insert.withClause)) this.tautology = true;
  }

  #merge(merge: NodeOf<'MergeStmt'>): void {
    this.table('sql:merge', merge.relation, 'MERGE');
    for (const when of allOf(merge.mergeWhenClauses, 'MergeWhenClause')) {
      // A MERGE whose join says nothing reaches every row, as an UPDATE without WHERE does.
      if (when.commandType !== 'CMD_UPDATE' && when.commandType !== 'CMD_DELETE') continue;
      const sources = merge.sourceRelation === undefined ? [] : [merge.sourceRelation];
      const all = (condition: Node | undefined): boolean => condition !== undefined && reachesAll(condition, merge.relation, sources, this.env, merge.withClause);
      // What the source does not have is as much as the table, whatever the join says.
      const joined = when.matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' || all(merge.joinCondition);
      if (joined && (when.condition === undefined || all(when.condition))) this.tautology = true;
    }
  }

  #call(call: NodeOf<'FuncCall'> | undefined): void {
    if (call === undefined) return;
    const found = resolveFunction(qualified(call.funcname), this.env);
    this.functions.add(functionLabel(found));
    functionOperations(this, found, call.args ?? []);
  }
}
