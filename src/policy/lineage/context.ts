/** State of one analysis: what was read, what was filtered on, and what could not be resolved. */
import type { Node } from '../facts/tree.ts';
import type { StatementText } from '../facts/place.ts';
import type { AnalysisEnv, CatalogRelation, CatalogView, ColumnRef, DataClass, StatementAnalysis, TextPlace } from '../types.ts';
import { internalValues } from './internals.ts';
import type { Scope, ScopeColumn, ScopeItem } from './scope.ts';
import type { NamedValue, Test, Value } from './value.ts';

/** Expressions, queries, views and function bodies within one another. */
const MAX_DEPTH = 500;

type Refusal = NonNullable<StatementAnalysis['refusal']>;

/** Ends an analysis: the statement must be refused. */
export class LineageRefusal extends Error {
  override readonly name = 'LineageRefusal';
  readonly code: Refusal['code'];
  readonly at: TextPlace | undefined;
  constructor(code: Refusal['code'], message: string, at?: TextPlace) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

/** Common table expressions in sight, innermost first. */
export interface CteScope {
  readonly name: string;
  columns(): readonly NamedValue[];
  readonly outer: CteScope | undefined;
}

/** Where a query stands: the scopes around it and the CTEs it may name. */
export interface Place {
  readonly scope: Scope | undefined;
  readonly ctes: CteScope | undefined;
}

/** The mutually recursive parts of the analysis, tied together in statement.ts. */
export interface Engine {
  query(node: Node, place: Place): readonly NamedValue[];
  expression(node: Node | undefined, place: Place): Value;
  predicate(node: Node | undefined, place: Place): void;
  from(nodes: readonly Node[] | undefined, place: Place): Scope;
  targets(nodes: readonly Node[] | undefined, place: Place): readonly NamedValue[];
  /** Notes what runs when rows of the table are read. */
  reads(relation: CatalogRelation): void;
}

const classifiedCatalogs = new WeakMap<CatalogView, WeakMap<AnalysisEnv['classify'], readonly ColumnRef[]>>();

/** Every classified column of the catalog. Kept per catalog and classifier: keep the classifier's identity stable. */
export function classifiedColumns(env: AnalysisEnv): readonly ColumnRef[] {
  if (env.catalog === undefined) return [];
  let byClassifier = classifiedCatalogs.get(env.catalog);
  if (byClassifier === undefined) classifiedCatalogs.set(env.catalog, (byClassifier = new WeakMap()));
  const known = byClassifier.get(env.classify);
  if (known !== undefined) return known;
  const found: ColumnRef[] = [];
  for (const relation of env.catalog.relations()) {
    if (relation.schema === 'pg_catalog' || relation.schema === 'information_schema') continue;
    for (const c of relation.columns) {
      const ref = { schema: relation.schema, table: relation.name, column: c.name };
      if (env.classify(ref) !== undefined) found.push(ref);
    }
  }
  byClassifier.set(env.classify, found);
  return found;
}

/** No name of the server's holds a NUL. */
const keyOf = (ref: ColumnRef): string => `${ref.schema}\0${ref.table}\0${ref.column}`;

/** What every analysis over one catalog and classifier finds alike: references to its columns, their classes, its tables' columns. */
interface Shared {
  readonly refs: Map<string, ColumnRef>;
  readonly classes: Map<ColumnRef, DataClass | undefined>;
  readonly columns: Map<CatalogRelation, readonly ScopeColumn[]>;
}

const shared = new WeakMap<CatalogView, WeakMap<AnalysisEnv['classify'], Shared>>();

function sharedOf(env: AnalysisEnv): Shared {
  const fresh = (): Shared => ({ refs: new Map(), classes: new Map(), columns: new Map() });
  if (env.catalog === undefined) return fresh();
  let byClassifier = shared.get(env.catalog);
  if (byClassifier === undefined) shared.set(env.catalog, (byClassifier = new WeakMap()));
  let found = byClassifier.get(env.classify);
  if (found === undefined) byClassifier.set(env.classify, (found = fresh()));
  return found;
}

export class LineageContext {
  env: AnalysisEnv;
  readonly engine: Engine;
  readonly reads = new Map<string, ColumnRef>();
  readonly predicates = new Map<string, Test>();
  /** Views and function bodies that are being expanded, outermost first. */
  readonly expanding: string[] = [];
  /** Arguments of the functions whose bodies are being followed. */
  readonly parameters: Value[] = [];
  /** What could not be resolved so far, in a statement that may still turn out to be harmless. */
  unresolvedMessage: string | undefined;
  #unresolvedAt: TextPlace | undefined;
  touchesClassified = false;
  /** Code whose body cannot be followed runs though the statement does not name it. */
  hiddenCode = false;
  /** A star could not be expanded: columns after it stand at unknown places. */
  positionsUnknown = false;
  #depth = 0;
  /** The innermost part of the statement's own text that is being looked at. */
  #here: unknown;
  /** Above 0 while a definition is read that is not the statement's text. */
  #foreign = 0;
  readonly #source: StatementText;
  quiet = false;
  /** The server will say how much memory the statement took (EXPLAIN ANALYZE): sizes of computed values show. */
  measured = false;
  /** The server will show the plan: constants that it computes beforehand stand in it. */
  explained = false;
  #mayPutOff = true;
  #collecting: { readonly tests: Map<string, Test>; needed: boolean } | undefined;
  readonly #shared: Shared;
  readonly #interned = new Map<string, ColumnRef>();
  readonly #classes = new Map<ColumnRef, DataClass | undefined>();

  /** The session's search_path: bodies of SQL functions are read under it, from wherever they are called. */
  readonly sessionPath: readonly string[];

  constructor(env: AnalysisEnv, engine: Engine, source: StatementText) {
    this.env = env;
    this.sessionPath = env.searchPath;
    this.engine = engine;
    this.#source = source;
    this.#shared = sharedOf(env);
  }

  /** Place in the statement of what is being looked at: the whole statement when nothing smaller is known. */
  get place(): TextPlace {
    return this.#source.placeOf(this.#here) ?? this.#source.whole;
  }

  placeOf(node: Node | undefined): TextPlace | undefined {
    return node === undefined ? undefined : this.#source.placeOf(node);
  }

  /** Whatever is found while `run` runs stands at `part` of the tree. */
  within<T>(part: unknown, run: () => T): T {
    if (this.#foreign > 0 || part === undefined) return run();
    const outer = this.#here;
    this.#here = part;
    try {
      return run();
    } finally {
      this.#here = outer;
    }
  }

  /** Places of trees that `run` meets belong to another text: the body of a view or function. */
  elsewhere<T>(run: () => T): T {
    this.#foreign += 1;
    try {
      return run();
    } finally {
      this.#foreign -= 1;
    }
  }

  /** True while a definition is read that is not the statement's text. */
  get isElsewhere(): boolean {
    return this.#foreign > 0;
  }

  /** True when the database has any classified column at all. */
  get anyClassified(): boolean {
    return classifiedColumns(this.env).length > 0;
  }

  /** The path that names in the snapshot's definitions were printed for. */
  get printedPath(): readonly string[] {
    return this.env.catalog?.printedPath ?? ['pg_catalog'];
  }

  column(schema: string, table: string, column: string): ColumnRef {
    const ref = { schema, table, column };
    const key = keyOf(ref);
    const known = this.#shared.refs.get(key) ?? this.#interned.get(key);
    if (known !== undefined) return known;
    // Only what the catalog has is kept for other statements: these invent any number of names.
    const lasting = this.env.catalog?.relation(schema, table)?.columns.some((c) => c.name === column) ?? false;
    (lasting ? this.#shared.refs : this.#interned).set(key, ref);
    return ref;
  }

  classOf(ref: ColumnRef): DataClass | undefined {
    const known = this.#shared.classes;
    if (known.has(ref)) return known.get(ref);
    if (this.#classes.has(ref)) return this.#classes.get(ref);
    const found = this.env.classify(ref);
    (this.#shared.refs.get(keyOf(ref)) === ref ? known : this.#classes).set(ref, found);
    return found;
  }

  classified(value: Value): ColumnRef[] {
    return [...value.sources].filter((ref) => this.classOf(ref) !== undefined);
  }

  /** Columns of a table as `make` finds them, once for all statements over the same catalog. */
  columnsOnce(relation: CatalogRelation, make: () => readonly ScopeColumn[]): readonly ScopeColumn[] {
    let found = this.#shared.columns.get(relation);
    if (found === undefined) this.#shared.columns.set(relation, (found = make()));
    return found;
  }

  /** Notes that a value is used, and gives it back. */
  use(value: Value): Value {
    for (const ref of value.sources) {
      if (this.classOf(ref) !== undefined) this.reads.set(keyOf(ref), ref);
    }
    return value;
  }

  /** True when the value holds something of a classified column. */
  readonly hidden = (value: Value): boolean => {
    for (const ref of value.sources) if (this.classOf(ref) !== undefined) return true;
    return false;
  };

  /** The rows, their order or their number depend on the value. `part` is where, when it is not what is being looked at. */
  filter(value: Value, kind: 'equality' | 'other', part?: Node): void {
    for (const column of this.classified(value)) {
      this.#note({ column, kind }, part);
      this.reads.set(keyOf(column), column);
    }
  }

  /** Grouping by a column tells equal values apart from others and no more; by anything computed it may tell more. */
  #note(test: Test, part: Node | undefined): void {
    const key = `${test.kind}${keyOf(test.column)}`;
    const to = this.#collecting?.tests ?? this.predicates;
    if (!to.has(key)) to.set(key, { ...test, at: test.at ?? (this.isElsewhere ? undefined : this.placeOf(part)) ?? this.place });
  }

  /** Runs `run` for a truth that nothing but a masked result depends on. */
  quietly<T>(run: () => T): T {
    const outer = this.quiet;
    this.quiet = true;
    try {
      return run();
    } finally {
      this.quiet = outer;
    }
  }

  /** What was put off is asked now: the column that it belongs to is used. */
  commit(tests: readonly Test[] | undefined): void {
    for (const test of tests ?? []) this.#note({ column: test.column, kind: test.kind }, undefined);
  }

  /**
   * Runs `run` and gives back what it filters on instead of noting it: a column of a view that nobody uses is not
   * computed. What runs code of which the server may not leave it out is noted at once.
   */
  putOff<T>(run: () => T): { readonly result: T; readonly tests: readonly Test[] } {
    const outer = this.#collecting;
    const own = { tests: new Map<string, Test>(), needed: false };
    this.#collecting = own;
    let result: T;
    try {
      result = run();
    } finally {
      this.#collecting = outer;
    }
    const tests = [...own.tests.values()];
    if (!own.needed) return { result, tests };
    this.commit(tests);
    return { result, tests: [] };
  }

  /** Columns of a WITH query are computed though nobody uses them. */
  computed<T>(run: () => T): T {
    const outer = this.#mayPutOff;
    this.#mayPutOff = false;
    try {
      return run();
    } finally {
      this.#mayPutOff = outer;
    }
  }

  /** Whether a target that is read now may turn out not to be computed. */
  get mayPutOff(): boolean {
    return this.#mayPutOff && this.isElsewhere;
  }

  /** What is being computed is computed whether it is used or not. */
  needed(): void {
    if (this.#collecting !== undefined) this.#collecting.needed = true;
  }

  group(value: Value, part?: Node): void {
    this.filter(value, value.exact ? 'equality' : 'other', part);
  }

  /** Something that names a relation or runs code is not known: it could be or read anything. */
  refuse(code: Refusal['code'], message: string): void {
    if (this.touchesClassified || this.anyClassified) throw new LineageRefusal(code, message, this.place);
    this.unresolved(message);
  }

  /** A name inside known relations is not known. Refused at the end if the statement touches a classified table. */
  unresolved(message: string): void {
    if (this.unresolvedMessage !== undefined) return;
    this.unresolvedMessage = message;
    this.#unresolvedAt = this.place;
  }

  /** @throws LineageRefusal when something was not resolved and a classified table is involved. */
  settle(): void {
    const touches = this.reads.size > 0 || this.touchesClassified;
    if (this.unresolvedMessage !== undefined && touches) throw new LineageRefusal('unresolved', this.unresolvedMessage, this.#unresolvedAt);
  }

  /** The column of a catalog relation that shows values of other tables. */
  guardOf(schema: string, table: string, column: string): string | undefined {
    return internalValues(schema, table, column);
  }

  /** Resolves names under another search_path while `run` runs: definitions that the server has printed. */
  underPath<T>(searchPath: readonly string[], run: () => T): T {
    const session = this.env;
    this.env = { ...session, searchPath };
    try {
      return run();
    } finally {
      this.env = session;
    }
  }

  nested<T>(what: string, run: () => T): T {
    this.#depth += 1;
    try {
      if (this.#depth > MAX_DEPTH) throw new LineageRefusal('limit', `${what} is nested more than ${MAX_DEPTH} levels deep`, this.place);
      return run();
    } finally {
      this.#depth -= 1;
    }
  }
}

/** An item whose columns are all that the place can see. */
export const itemOf = (alias: string, columns: ScopeItem['columns']): ScopeItem => ({ alias, columns, system: false, relVisible: true, colVisible: true });
