/**
 * How many rows the server's planner expects a statement to touch, for policies that read `context.estimatedRows`.
 * Asked by EXPLAIN on the session's own connection, in its transaction and with its search path: nowhere else do names
 * mean the same. EXPLAIN plans and does not run.
 */
import { z } from 'zod';
import { EnvironmentError } from '../../base/errors.ts';
import type { StatementAnalysis } from '../../policy/types.ts';
import type { BindMessage } from '../../wire/postgres/index.ts';
import type { Analysed } from './analyser.ts';
import type { SessionContext } from './context.ts';
import { runOwn, type OwnQuery } from './injector.ts';
import type { PreparedStatement } from './statements.ts';

/** Adds what the planner said to an analysis of the text that it was asked about. */
export type Estimate = (analysed: Analysed) => Analysed;

/** Where nobody asks. */
export const noEstimate: Estimate = (analysed) => analysed;

/** What a Bind gives to the statement's parameters. */
export interface Bound {
  readonly statement: PreparedStatement;
  readonly message: BindMessage;
}

/** What EXPLAIN takes, by the name of the statement in `SqlFacts`. */
const PLANNED: ReadonlySet<string> = new Set([
  'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'EXECUTE', 'DECLARE CURSOR', 'SELECT INTO', 'CREATE TABLE AS', 'CREATE MATERIALIZED VIEW',
]);

/** CREATE TEMP TABLE is called that with a query and without; only with one it reads, and reading is an operation of its own. */
const isFilledTemporary = ({ facts }: StatementAnalysis): boolean => facts.statement === 'CREATE TEMP TABLE' && facts.operations.some((o) => o.action === 'sql:select');

const isPlanned = (s: StatementAnalysis): boolean => s.refusal === undefined && (PLANNED.has(s.facts.statement) || isFilledTemporary(s));

/** The planner has something to say about a statement of the text. */
export const canEstimate = (analysed: Analysed): boolean => analysed.statements.some(isPlanned);

const withStatements = (analysed: Analysed, change: (s: StatementAnalysis, i: number) => StatementAnalysis): Analysed => ({
  ...analysed,
  statements: analysed.statements.map((s, i) => (isPlanned(s) ? change(s, i) : s)),
});

/** The text as if it touched nothing: what is denied even then need not be asked about. */
export const touchingNothing: Estimate = (analysed) => withStatements(analysed, (s) => ({ ...s, facts: { ...s.facts, estimatedRows: 0 } }));

/**
 * Asks the planner about each statement of the text. The caller takes no client message meanwhile and owes the server nothing.
 * A planner that does not answer makes the statements refused: policy cannot be asked without the number.
 */
export async function askPlanner(context: SessionContext, analysed: Analysed, bound: Bound | undefined): Promise<{ readonly estimate: Estimate; readonly failed?: string }> {
  const asked = analysed.statements.map((s, i) => ({ s, i })).filter(({ s }) => isPlanned(s));
  try {
    const answers = await runOwn(context, asked.map(({ s }) => explain(s.sql, bound)));
    const rows = new Map(asked.map(({ i }, at) => [i, rowsOf(answers[at]?.map((row) => row[0] ?? '').join('\n') ?? '')]));
    return { estimate: (now) => withStatements(now, (s, i) => ({ ...s, facts: { ...s.facts, estimatedRows: rows.get(i) ?? 0 } })) };
  } catch (error) {
    if (!(error instanceof EnvironmentError) && !(error instanceof z.ZodError) && !(error instanceof SyntaxError)) throw error;
    const failed = `policy asks how many rows this touches, and the target's planner did not say: ${error instanceof EnvironmentError ? error.message : 'its answer cannot be read'}`;
    return { failed, estimate: (now) => withStatements(now, (s) => ({ ...s, refusal: { code: 'unresolved', message: failed } })) };
  }
}

function explain(sql: string, bound: Bound | undefined): OwnQuery {
  const text = `EXPLAIN (FORMAT JSON) ${sql}`;
  if (bound === undefined) return { sql: text };
  const { paramFormats, params } = bound.message;
  return { sql: text, paramTypes: bound.statement.paramTypes, bind: { paramFormats, params } };
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Plan Rows': number;
  readonly 'Parent Relationship'?: string | undefined;
  readonly Plans?: readonly PlanNode[] | undefined;
}
const planNode: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({ 'Node Type': z.string(), 'Plan Rows': z.number().min(0), 'Parent Relationship': z.string().optional(), Plans: z.array(planNode).optional() }),
);
/** Rules may make several plans of one statement; a rule that does nothing leaves text in place of a plan. */
const explained = z.array(z.union([z.object({ Plan: planNode }), z.string()]));

/**
 * The larger of what the statement returns and what it writes. A node that writes returns nothing without RETURNING:
 * what it is fed is what it writes. Subqueries beside it (InitPlan, SubPlan) feed it nothing.
 * @throws SyntaxError, ZodError for text that is no answer of EXPLAIN (FORMAT JSON)
 */
export function rowsOf(json: string): number {
  const plans = explained.parse(JSON.parse(json)).flatMap((p) => (typeof p === 'string' ? [] : [p.Plan]));
  return Math.round(Math.max(0, ...plans.map((p) => Math.max(p['Plan Rows'], mostWritten(p)))));
}

function mostWritten(node: PlanNode): number {
  const below = node.Plans ?? [];
  const own = node['Node Type'] === 'ModifyTable' ? below.filter((p) => p['Parent Relationship'] === 'Outer' || p['Parent Relationship'] === 'Member').reduce((sum, p) => sum + p['Plan Rows'], 0) : 0;
  return Math.max(own, ...below.map(mostWritten));
}
