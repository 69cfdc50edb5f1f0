/**
 * Statements of one query string are analysed together, before any has run. One that changes what names mean, or how
 * text is read, would make the analysis of those behind it a guess: such a string is refused, and its statements pass
 * one by one. Objects that a statement makes are unknown to those behind it, which are refused as it is where it matters.
 */
import type { StatementAnalysis } from '../../policy/types.ts';

/** Statements of schema that change no name's meaning. */
const HARMLESS = /^(?:CREATE INDEX|REINDEX|COMMENT|ANALYZE|VACUUM|REFRESH MATERIALIZED VIEW|GRANT|REVOKE|CLUSTER)\b/;

/** Settings by which names are found or text is read. */
const NAMING = new Set(['all', 'search_path', 'role', 'session_authorization', 'standard_conforming_strings', 'backslash_quote', 'row_security']);

const TAKES_AWAY = /\b(?:RENAME|SET SCHEMA|DISCARD|ROLLBACK)\b/;

/** True when a statement changes objects in a way that names may mean something else afterwards. */
export const movesObjects = ({ facts, effects }: StatementAnalysis): boolean => effects.catalog && !HARMLESS.test(facts.statement);

/** @param unsettled the session has changed objects or settings in a transaction that is still open */
export function orderProblem(statements: readonly StatementAnalysis[], unsettled: boolean): string | undefined {
  let open = unsettled;
  for (const [i, mover] of statements.entries()) {
    const later = statements.slice(i + 1).find((s) => conflict(mover, s, open));
    if (later !== undefined) return `${mover.facts.statement} changes how later names are read; send it as a query of its own`;
    open ||= mover.effects.catalog || mover.facts.operations.some((o) => o.action === 'sql:set' || o.action === 'sql:role');
  }
  return undefined;
}

function conflict(mover: StatementAnalysis, later: StatementAnalysis, open: boolean): boolean {
  const { facts } = later;
  const names = facts.tables.length > 0 || facts.functions.length > 0 || later.effects.execute !== undefined;
  if (movesNaming(mover, open)) return names;
  if (!movesObjects(mover) || !(open || endsNothing(mover))) return false;
  return movesData(later) || (takesAway(mover) && namesOneOf(later, touched(mover)));
}

const endsNothing = ({ effects }: StatementAnalysis): boolean => effects.transaction === undefined;

function movesNaming({ facts, effects }: StatementAnalysis, open: boolean): boolean {
  if (!effects.settings) return false;
  if (effects.transaction !== undefined) return open;
  return facts.operations.some((o) => {
    if (o.action !== 'sql:set') return o.action === 'sql:role' || o.action === 'sql:call' || o.action === 'sql:opaque';
    return o.object.name === undefined || NAMING.has(o.object.name.toLowerCase());
  });
}

/** Data goes from one place in the database to another: no rows are seen on the way. */
export const movesDataInside = ({ facts, output }: StatementAnalysis): boolean =>
  output === 'none' && facts.writes && facts.operations.some((o) => o.action === 'sql:select' || o.action === 'sql:merge');

/** Rows come out of it, or go from one place to another: not so a change of schema, or an insert of constants. */
function movesData({ facts, output, effects }: StatementAnalysis): boolean {
  if (effects.execute !== undefined || effects.declare !== undefined) return true;
  if (output !== 'none') return facts.tables.length > 0 || facts.functions.length > 0;
  return facts.operations.some((o) => READS.has(o.action));
}

const READS: ReadonlySet<string> = new Set(['sql:select', 'sql:update', 'sql:merge', 'sql:call', 'sql:opaque', 'sql:predicate']);

/** A name that it drops or renames may mean another object afterwards. */
const takesAway = ({ facts }: StatementAnalysis): boolean =>
  TAKES_AWAY.test(facts.statement) || facts.operations.some((o) => o.action === 'sql:drop' || o.action === 'sql:opaque' || o.action === 'sql:call' || TAKES_AWAY.test(o.label)) || /^ALTER\b/.test(facts.statement);

/** Undefined when it may touch any name. */
function touched({ facts, effects, sql }: StatementAnalysis): ReadonlySet<string> | undefined {
  // What depends on it goes with it, under names that the statement does not give.
  if (effects.transaction !== undefined || /\bCASCADE\b|\bOWNED\b/i.test(sql)) return undefined;
  const objects = facts.operations.filter((o) => o.action === 'sql:ddl' || o.action === 'sql:drop').map((o) => o.object);
  if (objects.length === 0 || objects.some((o) => o.name === undefined || o.kind === 'schema')) return undefined;
  return new Set(objects.flatMap((o) => o.name ?? []));
}

function namesOneOf({ facts }: StatementAnalysis, names: ReadonlySet<string> | undefined): boolean {
  if (names === undefined) return facts.tables.length > 0 || facts.functions.length > 0;
  return [...facts.tables, ...facts.functions].some((qualified) => names.has(qualified.slice(qualified.lastIndexOf('.') + 1)));
}
