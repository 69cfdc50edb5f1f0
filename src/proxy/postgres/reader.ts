/** How this session's texts read now: against its catalog, its search path, and what it has prepared and declared. */
import type { StatementAnalysis } from '../../policy/types.ts';
import { Analyser, type Analysed, type AnalysisContext } from './analyser.ts';
import type { SessionContext } from './context.ts';
import type { PreparedStatement } from './statements.ts';

interface Surroundings {
  readonly context: AnalysisContext;
  readonly stamp: string;
}

export class Reader {
  readonly #context: SessionContext;
  #known: Surroundings | undefined;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  analyse(sql: string): Analysed {
    const { context, stamp } = this.#surroundings();
    return this.#context.analyser.analyse(sql, context, stamp);
  }

  /** See `Analyser.analyseAlike`. */
  analyseAlike(sql: string): Analysed {
    const { context, stamp } = this.#surroundings();
    return this.#context.analyser.analyseAlike(sql, context, stamp);
  }

  /** The statement as the server may read it now: at a Bind, and at a Describe, it may plan anew. */
  reread(statement: PreparedStatement): Analysed {
    const known = statement.analysed;
    if (known.lasting && known.stamp === this.#surroundings().stamp) return known;
    const now = this.analyse(statement.sql);
    const reading = now.statements[0];
    const union = reading && statement.meanings.add(reading);
    statement.analysed = union === undefined || union === reading ? now : { ...now, statements: [union] };
    return statement.analysed;
  }

  /** The same object until something of it changes. */
  #surroundings(): Surroundings {
    const { catalog, state } = this.#context;
    const known = this.#known;
    const c = known?.context;
    if (known && c && c.catalog === catalog.view && c.catalogStamp === catalog.stamp && c.searchPath === state.searchPath && c.standardConformingStrings === state.standardConformingStrings) return known;
    const context: AnalysisContext = {
      catalog: catalog.view,
      catalogStamp: catalog.stamp,
      searchPath: state.searchPath,
      standardConformingStrings: state.standardConformingStrings,
      prepared: (name) => this.#preparedNow(name),
      cursor: (name) => this.#cursorNow(name),
    };
    this.#known = { context, stamp: Analyser.stamp(context) };
    return this.#known;
  }

  /** What EXECUTE of that name may run, as names mean now and as they meant whenever the server may have looked. */
  #preparedNow(name: string): StatementAnalysis | undefined {
    const held = this.#context.state.statements.lookupPrepared(name);
    if (held === undefined) return undefined;
    const now = 'prepareSql' in held ? this.analyse(held.prepareSql).statements[0]?.effects.prepare?.body : this.analyse(held.sql).statements[0];
    return now && held.meanings.add(now);
  }

  #cursorNow(name: string): StatementAnalysis | undefined {
    const held = this.#context.state.statements.cursors.get(name);
    const now = held && this.analyse(held.declareSql).statements[0]?.effects.declare?.body;
    return now && held.meanings.add(now);
  }
}
