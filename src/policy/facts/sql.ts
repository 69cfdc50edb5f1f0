/** SqlFacts of one statement. design.md section 5: what policies see of SQL. */
import { parseSql } from '../parse.ts';
import type { AnalysisEnv, SqlAction, SqlFacts, StatementAnalysis } from '../types.ts';
import { Collector } from './collect.ts';
import { statementFacts } from './statements.ts';
import { as, isObject } from './tree.ts';
import type { Node, NodeOf } from './tree.ts';

/** Facts, and whether the statement's kind is known at all; one that is not must be refused. */
export interface FactsOutcome {
  readonly facts: SqlFacts;
  readonly known: boolean;
}

/** Actions under which a statement only reads, or only looks after the session's own state. */
const READ_ONLY: ReadonlySet<SqlAction> = new Set<SqlAction>(['sql:select', 'sql:session', 'sql:predicate']);

/** Computes the facts of `node`. Never throws on any tree that the parser can give. */
export function sqlFacts(node: Node, env: AnalysisEnv): FactsOutcome {
  const out = new Collector(env);
  const statement = statementFacts(node, out);
  if (statement === undefined) out.add('sql:opaque', { kind: 'none' }, 'unknown statement');
  executedFacts(node, out, env);
  const plain = out.operations.every((o) => READ_ONLY.has(o.action)) && !out.writes && !out.sideEffects && statement !== undefined;
  return {
    known: statement !== undefined,
    facts: {
      statement: statement ?? 'UNKNOWN',
      operations: out.operations,
      tables: [...out.tables],
      functions: [...out.functions],
      hasWhere: out.hasWhere,
      tautology: out.tautology,
      writes: out.writes,
      plainRead: plain,
      fileAccess: out.fileAccess,
      programAccess: out.programAccess,
      ...(out.setting === undefined ? {} : { setting: out.setting }),
    },
  };
}

/** EXECUTE does what the prepared statement does, FETCH what its cursor does. */
function executedFacts(node: Node, out: Collector, env: AnalysisEnv): void {
  const execute = executeIn(node);
  const fetch = as(node, 'FetchStmt');
  const body = execute === undefined ? (fetch === undefined ? undefined : env.cursor(fetch.portalname ?? '')) : env.prepared(execute);
  if (body === undefined) return;
  for (const o of body.facts.operations) out.add(o.action, o.object, o.label);
  for (const t of body.facts.tables) out.tables.add(t);
  for (const f of body.facts.functions) out.functions.add(f);
  out.hasWhere &&= body.facts.hasWhere;
  out.tautology ||= body.facts.tautology || (body.facts.writes && reachesAllWith(node, body, env));
  out.writes ||= body.facts.writes;
  out.sideEffects ||= !body.facts.plainRead;
  out.fileAccess ||= body.facts.fileAccess;
  out.programAccess ||= body.facts.programAccess;
  out.setting ??= body.facts.setting;
}

/** With the values that EXECUTE gives in the places of its parameters, a condition may leave out no row: `id > $1` and 0. */
function reachesAllWith(node: Node, body: StatementAnalysis, env: AnalysisEnv): boolean {
  const values = executed(node)?.params ?? [];
  const parsed = values.length === 0 ? undefined : parseSql(body.sql);
  const [only, ...more] = parsed?.ok === true ? parsed.statements : [];
  if (only === undefined || more.length > 0) return false;
  const bound = new Collector(env);
  statementFacts(withValues(as(only.node, 'PrepareStmt')?.query ?? only.node, values) as Node, bound);
  return bound.tautology;
}

function withValues(tree: unknown, values: readonly Node[]): unknown {
  if (Array.isArray(tree)) return tree.map((t) => withValues(t, values));
  if (!isObject(tree)) return tree;
  const number = as(tree as unknown as Node, 'ParamRef')?.number;
  if (number !== undefined) return values[number - 1] ?? tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, withValues(value, values)]));
}

/** Name of the prepared statement that the statement runs: by itself, under EXPLAIN, or to fill a new table. */
export const executeIn = (node: Node): string | undefined => executed(node)?.name;

function executed(node: Node): NodeOf<'ExecuteStmt'> | undefined {
  const inner = as(node, 'ExecuteStmt') ?? as(as(node, 'ExplainStmt')?.query, 'ExecuteStmt') ?? as(as(node, 'CreateTableAsStmt')?.query, 'ExecuteStmt');
  const nested = as(as(as(node, 'ExplainStmt')?.query, 'CreateTableAsStmt')?.query, 'ExecuteStmt');
  return inner ?? nested;
}
