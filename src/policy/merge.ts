/**
 * One analysis that holds whichever of several readings of a statement the server acts on: everything that any of them
 * reads, does and needs.
 */
import type { ColumnRef, OutputColumn, SqlFacts, StatementAnalysis } from './types.ts';

/** Equal for analyses that decide and mask alike: texts and places left out. */
export function meaningOf({ facts, output, reads, predicates, refusal, effects }: StatementAnalysis): string {
  const columns = typeof output === 'string' ? output : output.map((c) => [c.name, c.sources, c.exact]);
  return JSON.stringify([facts, columns, reads, predicates.map((p) => [p.column, p.kind]), refusal?.code, refusal?.message, effects.copyIn, effects.copyOut, effects.settings, effects.catalog]);
}

/** @param readings at least one */
export function mergeAnalyses(readings: readonly [StatementAnalysis, ...StatementAnalysis[]]): StatementAnalysis {
  return readings.reduce(merged);
}

function merged(a: StatementAnalysis, b: StatementAnalysis): StatementAnalysis {
  const output = mergedOutput(a.output, b.output);
  const differ = output === undefined ? { code: 'unresolved' as const, message: 'the tables that it names have other columns than when it was prepared; prepare it again' } : undefined;
  const refusal = a.refusal ?? b.refusal ?? differ;
  return {
    sql: b.sql,
    facts: mergedFacts(a.facts, b.facts),
    output: output ?? 'untracked',
    reads: columnsOf([...a.reads, ...b.reads]),
    predicates: [...a.predicates, ...b.predicates],
    ...(refusal ? { refusal } : {}),
    effects: { ...a.effects, settings: a.effects.settings || b.effects.settings, catalog: a.effects.catalog || b.effects.catalog },
  };
}

/** Undefined when the readings do not even agree on the columns: no mask fits both. */
function mergedOutput(a: StatementAnalysis['output'], b: StatementAnalysis['output']): StatementAnalysis['output'] | undefined {
  if (typeof a === 'string' || typeof b === 'string') return a === b ? a : undefined;
  if (a.length !== b.length) return undefined;
  return a.map((column, i): OutputColumn => {
    const other = b[i];
    if (other === undefined) return column;
    const sources = columnsOf([...column.sources, ...other.sources]);
    return { ...column, sources, exact: column.exact && other.exact && sources.length === column.sources.length };
  });
}

function mergedFacts(a: SqlFacts, b: SqlFacts): SqlFacts {
  return {
    statement: a.statement,
    operations: unique([...a.operations, ...b.operations]),
    tables: unique([...a.tables, ...b.tables]),
    functions: unique([...a.functions, ...b.functions]),
    hasWhere: a.hasWhere && b.hasWhere,
    tautology: a.tautology || b.tautology,
    writes: a.writes || b.writes,
    plainRead: a.plainRead && b.plainRead,
    fileAccess: a.fileAccess || b.fileAccess,
    programAccess: a.programAccess || b.programAccess,
    ...(a.setting === undefined ? {} : { setting: a.setting }),
  };
}

const columnsOf = (columns: readonly ColumnRef[]): ColumnRef[] => unique(columns);

const unique = <T>(items: readonly T[]): T[] => [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
