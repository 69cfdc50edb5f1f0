/**
 * Statement analyses by text, for one target. Parsing and lineage cost tens of microseconds and depend only on the
 * text, the catalog snapshot, the search path and what the session has prepared: all of that is in the key.
 */
import { limits } from '../../base/limits.ts';
import { analyseSql } from '../../policy/analyse.ts';
import { plainLiterals } from '../../policy/plain-literals.ts';
import { templateOf } from './literal-template.ts';
import type { AnalysisEnv, CatalogRelation, CatalogView, PolicyEngine, StatementAnalysis } from '../../policy/types.ts';

export interface AnalysisContext {
  readonly catalog: CatalogView | undefined;
  /** Says which catalog this is; changes whenever it does. */
  readonly catalogStamp: string;
  readonly searchPath: readonly string[];
  readonly standardConformingStrings: boolean;
  readonly prepared: (name: string) => StatementAnalysis | undefined;
  readonly cursor: (name: string) => StatementAnalysis | undefined;
}

export interface Analysed {
  readonly sql: string;
  readonly statements: readonly StatementAnalysis[];
  /** What the analysis holds for. */
  readonly stamp: string;
  /** A table with a classified column is touched: literals and parameters may be values of that class. */
  readonly sensitive: boolean;
  /** Byte offsets of literals that may be shown all the same. */
  readonly plain: ReadonlySet<number>;
  /** The statements were analysed for another text, from which this one differs only in numbers that decide nothing. */
  readonly shared: boolean;
  /** Holds for this text, whatever the session has prepared or declared. */
  readonly lasting: boolean;
}

const NONE: ReadonlySet<number> = new Set();

export class Analyser {
  readonly #engine: PolicyEngine;
  readonly #connection: string;
  readonly #cache = new Map<string, Analysed>();
  /** One function for all analyses: what lineage derives from it is cached by its identity. */
  readonly #classify: AnalysisEnv['classify'];

  constructor(engine: PolicyEngine, connection: string) {
    this.#engine = engine;
    this.#connection = connection;
    this.#classify = (column) => engine.classify(connection, column);
  }

  /** Names everything outside the text that an analysis depends on. Not cheap: callers keep it until one of its parts changes. */
  static stamp(context: Pick<AnalysisContext, 'catalogStamp' | 'standardConformingStrings' | 'searchPath'>): string {
    return `${context.catalogStamp}\0${context.standardConformingStrings ? 1 : 0}\0${context.searchPath.join('\0')}`;
  }

  /**
   * The analysis of a text, for which one of a text that differs only in compared numbers may stand in. What is shown
   * to a person (a denial, an approval) must come from `analyse`.
   */
  analyseAlike(sql: string, context: AnalysisContext, stamp: string): Analysed {
    const template = templateOf(sql);
    if (template === undefined) return this.analyse(sql, context, stamp);
    const key = `${stamp}\0\0${template.text}`;
    const hit = this.#recall(key);
    if (hit === undefined) {
      const analysed = this.analyse(sql, context, stamp);
      if (analysed.lasting) this.#remember(key, analysed);
      return analysed;
    }
    const plain = hit.sensitive && !template.short ? this.#plain(sql, hit.statements, context.catalog) : NONE;
    return { ...hit, sql, plain, shared: true };
  }

  #recall(key: string): Analysed | undefined {
    const hit = this.#cache.get(key);
    if (hit) {
      this.#cache.delete(key);
      this.#cache.set(key, hit);
    }
    return hit;
  }

  /** Never throws: what cannot be analysed comes back as a statement with a refusal. @param stamp `Analyser.stamp(context)` */
  analyse(sql: string, context: AnalysisContext, stamp = Analyser.stamp(context)): Analysed {
    const key = `${stamp}\0\0${sql}`;
    const hit = this.#recall(key);
    if (hit) return hit;
    const env: AnalysisEnv = {
      catalog: context.catalog,
      searchPath: context.searchPath,
      classify: this.#classify,
      prepared: context.prepared,
      cursor: context.cursor,
      standardConformingStrings: context.standardConformingStrings,
      vouched: this.#engine.vouched,
    };
    const statements = analyseSql(sql, env);
    const sensitive = statements.some((s) => this.#touchesClassified(s, context.catalog));
    // EXECUTE and FETCH mean what the session prepared under the name: never shared.
    const lasting = statements.every((s) => s.effects.execute === undefined && s.effects.fetch === undefined);
    const plain = sensitive ? this.#plain(sql, statements, context.catalog) : NONE;
    const analysed: Analysed = { sql, statements, stamp, sensitive, plain, shared: false, lasting };
    if (sql.length <= 16_384 && lasting) this.#remember(key, analysed);
    return analysed;
  }

  #remember(key: string, value: Analysed): void {
    if (this.#cache.size >= limits.planCacheEntries) {
      const oldest = this.#cache.keys().next().value;
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    this.#cache.set(key, value);
  }

  #plain(sql: string, statements: readonly StatementAnalysis[], catalog: CatalogView | undefined): ReadonlySet<number> {
    const relations = statements.flatMap((s) => s.facts.tables).map((qualified) => relationOf(catalog, qualified));
    // Without knowing every table, no column is known to be harmless.
    if (relations.length === 0 || relations.includes(undefined)) return new Set();
    const known = relations.filter((r) => r !== undefined);
    const isClassified = (name: string): boolean => known.some((r) => this.#classify({ schema: r.schema, table: r.name, column: name }) !== undefined);
    return plainLiterals(sql, (name) => known.some((r) => r.columns.some((c) => c.name === name)) && !isClassified(name));
  }

  #touchesClassified(statement: StatementAnalysis, catalog: CatalogView | undefined): boolean {
    if (this.#engine.classes.length === 0) return false;
    if (statement.reads.length > 0 || statement.refusal !== undefined) return true;
    return statement.facts.tables.some((qualified) => {
      const relation = relationOf(catalog, qualified);
      if (!relation) return true;
      return relation.columns.some((c) => this.#engine.classify(this.#connection, { schema: relation.schema, table: relation.name, column: c.name }) !== undefined);
    });
  }
}

function relationOf(catalog: CatalogView | undefined, qualified: string): CatalogRelation | undefined {
  const dot = qualified.lastIndexOf('.');
  return catalog?.relation(qualified.slice(0, Math.max(0, dot)), qualified.slice(dot + 1));
}
