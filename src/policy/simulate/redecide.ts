/**
 * Decides past requests again, for the shadow evaluation of a candidate and for simulation over recordings. There is no
 * second decision path: the text is analysed as bundle tests analyse it (without a database, names by their spelling)
 * and goes to the engine's own `decide`.
 */
import { analyseSql } from '../analyse.ts';
import { sshActionOf } from '../decide/ssh-action.ts';
import { type PastSsh, sshQuestionsOf, sshWords } from './ssh-past.ts';
import type { AnalysisEnv, ConnectionInfo, Outcome, PolicyEngine, Principal, Request, StatementAnalysis } from '../types.ts';

/** A request as it is remembered: whoever has one can ask again. */
export interface PastRequest {
  readonly principal: Principal;
  readonly connection: ConnectionInfo;
  readonly client: 'app' | 'native' | 'agent';
  readonly deviceId: string;
  readonly timeMs: number;
  readonly approved: boolean;
  /** Absent, without `ssh` too: opening the session. */
  readonly sql?: string;
  readonly ssh?: PastSsh;
  /** What the planner said then, where policy asked. */
  readonly estimatedRows?: number;
}

export interface Answer {
  readonly effect: Outcome['effect'];
  readonly reason: string;
  readonly policyIds: readonly string[];
  /** `column:class` of what would be masked; `*` for whatever detectors find. Sorted. */
  readonly masked: readonly string[];
  /** The analysis refused the statement; no policy was asked. Without a database that may be for want of it. */
  readonly isRefused: boolean;
}

/** What was asked, for people; undefined for opening the session. */
export const askedText = (past: PastRequest): string | undefined => (past.ssh === undefined ? past.sql : sshWords(past.ssh));

const RANK = { allow: 0, hold: 1, deny: 2 } as const;
/** What the engine says when it failed inside: no policy said it. */
const FAILED = 'denied because the decision failed';

export const isFailure = (answer: Answer): boolean => answer.effect === 'deny' && answer.reason.startsWith(FAILED);

/** Analyses and answers are remembered: history repeats itself. */
export class Redecider {
  readonly #engine: PolicyEngine;
  readonly #envs = new Map<string, AnalysisEnv>();
  readonly #analyses = new Map<string, readonly StatementAnalysis[]>();

  /** `initParser` has been awaited. */
  constructor(engine: PolicyEngine) {
    this.#engine = engine;
  }

  decide(past: PastRequest): Answer {
    const { sql, estimatedRows, ssh, ...rest } = past;
    if (ssh !== undefined) return unite(sshQuestionsOf(ssh).map((asked) => answerOf(this.#engine.decide({ ...rest, action: sshActionOf(asked), ssh: asked }), undefined)));
    if (sql === undefined) return answerOf(this.#engine.decide({ ...rest, action: 'connect' }), undefined);
    const answers = this.#analyse(past.connection.name, sql, estimatedRows).map((statement) => {
      const request: Request = { ...rest, action: statement.facts.operations[0]?.action ?? 'sql:session', statement };
      return answerOf(this.#engine.decide(request), statement);
    });
    return unite(answers);
  }

  #analyse(connection: string, sql: string, estimatedRows: number | undefined): readonly StatementAnalysis[] {
    const key = `${connection}\0${estimatedRows ?? ''}\0${sql}`;
    const known = this.#analyses.get(key);
    if (known !== undefined) return known;
    const read = analyseSql(sql, this.#env(connection));
    const made = estimatedRows === undefined ? read : read.map((s) => ({ ...s, facts: { ...s.facts, estimatedRows } }));
    if (this.#analyses.size >= MAX_ANALYSES) this.#analyses.clear();
    this.#analyses.set(key, made);
    return made;
  }

  #env(connection: string): AnalysisEnv {
    const known = this.#envs.get(connection);
    if (known !== undefined) return known;
    const engine = this.#engine;
    const nothing = (): undefined => undefined;
    const made: AnalysisEnv = { catalog: undefined, searchPath: ['pg_catalog', 'public'], classify: (column) => engine.classify(connection, column), prepared: nothing, cursor: nothing, standardConformingStrings: true, vouched: engine.vouched };
    this.#envs.set(connection, made);
    return made;
  }
}

const MAX_ANALYSES = 20_000;

function answerOf(outcome: Outcome, statement: StatementAnalysis | undefined): Answer {
  if (outcome.effect !== 'allow') return { effect: outcome.effect, reason: outcome.reason, policyIds: outcome.policyIds, masked: [], isRefused: statement?.refusal !== undefined };
  const { columns } = outcome.maskPlan;
  const output = statement?.output;
  if (columns === 'detect_all' || output === undefined || typeof output === 'string') return { effect: 'allow', reason: '', policyIds: outcome.policyIds, masked: [], isRefused: false };
  const masked = columns.flatMap((c, i) => (c === 'detect' ? [] : [`${output[i]?.name ?? i}:${c.classId}`]));
  return { effect: 'allow', reason: '', policyIds: outcome.policyIds, masked: [...new Set(masked)].sort(), isRefused: false };
}

/** A message is taken whole: the strictest answer is the message's. */
function unite(answers: readonly Answer[]): Answer {
  const worst = answers.reduce<Answer | undefined>((w, a) => (w === undefined || RANK[a.effect] > RANK[w.effect] ? a : w), undefined);
  if (worst === undefined) return { effect: 'allow', reason: '', policyIds: [], masked: [], isRefused: false };
  if (worst.effect !== 'allow') return worst;
  return { ...worst, policyIds: [...new Set(answers.flatMap((a) => a.policyIds))], masked: [...new Set(answers.flatMap((a) => a.masked))].sort() };
}
