/**
 * Objects that sessions of one target change while others use them. A change is seen by others once its transaction has
 * ended in the server, which may be before this program hears of it. So a session says so when such an end is on its
 * way, and whoever is about to show rows of a statement that was analysed before that looks again.
 */
import { mergeAnalyses, meaningOf } from '../../policy/merge.ts';
import type { StatementAnalysis } from '../../policy/types.ts';
import type { AnalysisContext } from './analyser.ts';
import type { SessionContext } from './context.ts';
import { needsOwnCatalog } from './injector.ts';
import { FIRST_USER_OID } from '../../policy/user-oids.ts';
import { movesDataInside, movesObjects } from './statement-order.ts';

/** May change what names mean to other sessions; temporary objects are the session's own. */
function isShared(analysis: StatementAnalysis): boolean {
  if (!movesObjects(analysis)) return false;
  const changed = analysis.facts.operations.filter((o) => o.action === 'sql:ddl' || o.action === 'sql:drop');
  return changed.length === 0 || changed.some((o) => o.object.schema !== 'pg_temp' && !/\bTEMP\b/.test(o.label));
}

const endsTransaction = ({ facts, effects }: StatementAnalysis): boolean =>
  effects.transaction === 'commit' || facts.operations.some((o) => o.action === 'sql:opaque' || o.action === 'sql:call');

/**
 * To be called when statements, or a Sync, are about to be forwarded.
 * @param since `CatalogSource.changes` up to which their meaning is known to hold
 * @returns the same from here on: their own change does not come between a statement and its analysis
 */
export function announceChanges(context: SessionContext, analyses: readonly StatementAnalysis[], since = context.catalog.changes): number {
  const { catalogs } = context;
  const holds = since === catalogs.changes;
  announce(context, analyses);
  return holds ? catalogs.changes : since;
}

function announce({ state, catalogs, engine, sessionId }: SessionContext, analyses: readonly StatementAnalysis[]): void {
  if (engine.classes.length === 0) return;
  if (analyses.some(isShared)) {
    state.changesObjects = true;
    catalogs.changing(sessionId, true);
  }
  if (!state.changesObjects) return;
  // What a transaction has not committed is seen by nobody else.
  if (state.transaction !== 'T' || analyses.some(endsTransaction)) catalogs.touch();
}

/** Its meaning lies in the text of a view or a function, which anybody who may can replace while it keeps its name and columns. */
export function dependsOnCode({ facts }: StatementAnalysis, { catalog, state }: SessionContext): boolean {
  const { view } = catalog;
  if (view === undefined) return false;
  const split = (qualified: string): [string, string] => [qualified.slice(0, Math.max(0, qualified.lastIndexOf('.'))), qualified.slice(qualified.lastIndexOf('.') + 1)];
  const isView = (qualified: string): boolean => {
    const relation = view.relation(...split(qualified));
    return relation !== undefined && relation.oid >= FIRST_USER_OID && ['v', 'm', 'f'].includes(relation.kind);
  };
  const isOwnFunction = (qualified: string): boolean => {
    const [schema, name] = split(qualified);
    return (schema === '' ? state.searchPath : [schema]).some((s) => view.functions(s, name).length > 0);
  };
  return facts.tables.some(isView) || facts.functions.some(isOwnFunction);
}

export const OTHERS_CHANGE = 'another session is changing objects of this database, and what this statement copies may change with them; run it again when that has ended';

/**
 * Rows can be looked at again before they are shown; what a statement moves inside the database cannot. It may wait for
 * a lock of a session that changes what its names mean, and run with what they mean then.
 */
export function mustWaitForOthers({ engine, catalog, catalogs, sessionId }: SessionContext, statements: readonly StatementAnalysis[]): boolean {
  if (engine.classes.length === 0 || !statements.some(movesDataInside)) return false;
  return catalogs.isChangedByOthers(sessionId) || catalog.changes !== catalogs.changes;
}

/** What is about to be shown, and what it was taken for. */
export interface Shown {
  readonly sql: string;
  /** Which statement of the text. */
  readonly index: number;
  readonly planned: StatementAnalysis;
  /** A session of this program has changed objects meanwhile: then the server need not be asked whether anybody has. */
  readonly objectsMoved: boolean;
}

/**
 * Reads the catalog anew and analyses once more.
 * @returns false when the statement may mean something else by now, or when nobody can tell
 */
export async function stillMeansTheSame(context: SessionContext, { sql, index, planned, objectsMoved }: Shown): Promise<boolean> {
  const { catalogs, catalog, state, analyser } = context;
  if (!objectsMoved && (await catalogs.isAsRead())) return true;
  // The session's own objects can be looked up on its own connection only, which is busy with these rows.
  if (needsOwnCatalog(context)) return false;
  const before = catalog.view?.schemas().join('\0');
  const view = await catalogs.readAnew();
  // A new schema may come into the search path by its name alone.
  if (view.schemas().join('\0') !== before) return false;
  const surroundings: AnalysisContext = {
    catalog: view,
    catalogStamp: catalogs.stamp,
    searchPath: state.searchPath,
    standardConformingStrings: state.standardConformingStrings,
    prepared: (name) => {
      const held = state.statements.lookupPrepared(name);
      if (held === undefined) return undefined;
      return 'prepareSql' in held ? read(held.prepareSql)?.effects.prepare?.body : read(held.sql);
    },
    cursor: (name) => {
      const held = state.statements.cursors.get(name);
      return held && read(held.declareSql)?.effects.declare?.body;
    },
  };
  const read = (text: string, at = 0): StatementAnalysis | undefined => analyser.analyse(text, surroundings).statements[at];
  const now = read(sql, index);
  return now !== undefined && meaningOf(mergeAnalyses([planned, now])) === meaningOf(planned);
}
