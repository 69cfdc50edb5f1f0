/** Runs a bundle's own tests against its own engine, with the same analysis and the same `decide` as enforcement. */
import { messageOf } from '../../base/errors.ts';
import { sshActionOf } from '../decide/ssh-action.ts';
import { EXEC, INTERACTIVE, analyseCommand } from '../shell/analyse.ts';
import type { AnalysisEnv, ConnectionInfo, Outcome, PolicyEngine, Principal, Request, SshRequest, StatementAnalysis } from '../types.ts';
import type { BundleTest } from './formats.ts';

/** `analyseSql`, handed in so that the runner needs no parser of its own. */
export type Analyse = (sql: string, env: AnalysisEnv) => readonly StatementAnalysis[];

export interface TestCase {
  readonly file: string;
  readonly line: number;
  readonly test: BundleTest;
}

export interface TestResult {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly passed: boolean;
  /** What was expected and what came, when it failed. */
  readonly failure?: string;
}

/** Noon of a working day, for tests that name no time. */
const DEFAULT_TIME_MS = Date.UTC(2026, 0, 14, 12);

export function runTests(engine: PolicyEngine, cases: readonly TestCase[], analyse: Analyse): readonly TestResult[] {
  return cases.map(({ file, line, test }) => {
    const failures = failuresOf(engine, test, analyse);
    const result = { file, line, name: test.name, passed: failures.length === 0 };
    return failures.length === 0 ? result : { ...result, failure: failures.join('; ') };
  });
}

function principalOf(who: BundleTest['as']): Principal {
  return { kind: who.kind, issuer: 'test', subject: who.subject, name: who.name ?? who.subject, groups: who.groups };
}

/** Names are resolved by spelling: a bundle's tests have no server to ask. */
function environment(engine: PolicyEngine, connection: string): AnalysisEnv {
  return {
    catalog: undefined,
    searchPath: ['pg_catalog', 'public'],
    classify: (column) => engine.classify(connection, column),
    prepared: () => undefined,
    cursor: () => undefined,
    standardConformingStrings: true,
    vouched: engine.vouched,
  };
}

interface Answered {
  readonly request: Request;
  readonly outcome: Outcome;
}

const RANK = { allow: 0, hold: 1, deny: 2 } as const;

function sshRequestOf(test: BundleTest): SshRequest | undefined {
  if (test.exec !== undefined) return { kind: 'exec', command: analyseCommand(test.exec, EXEC) };
  if (test.typed !== undefined) return { kind: 'shell', command: analyseCommand(test.typed, INTERACTIVE) };
  if (test.shell !== undefined) return { kind: 'shell' };
  if (test.agent !== undefined) return { kind: 'agent' };
  if (test.forward !== undefined) return { kind: 'forward', ...test.forward };
  if (test.sftp === undefined) return undefined;
  const { new_path: newPath, home, ...rest } = test.sftp;
  return { kind: 'sftp', ...rest, ...(newPath === undefined ? {} : { newPath }), ...(home === undefined ? {} : { home }) };
}

const protocolOf = (test: BundleTest): ConnectionInfo['protocol'] => test.connection.protocol ?? (test.sql === undefined && test.action === undefined ? 'ssh' : 'postgres');

/** Decides every statement of the text; the worst outcome is the text's, as the proxy stops at it. */
function answer(engine: PolicyEngine, test: BundleTest, analyse: Analyse): Answered {
  const base = {
    principal: principalOf(test.as),
    connection: { ...test.connection, protocol: protocolOf(test) },
    client: test.client,
    deviceId: 'dev_test',
    timeMs: test.time === undefined ? DEFAULT_TIME_MS : Date.parse(test.time),
    approved: test.approved,
  };
  if (test.action !== undefined) {
    const request: Request = { ...base, action: test.action };
    return { request, outcome: engine.decide(request) };
  }
  const ssh = sshRequestOf(test);
  if (ssh !== undefined) {
    const request: Request = { ...base, action: sshActionOf(ssh), ssh };
    return { request, outcome: engine.decide(request) };
  }
  let worst: Answered | undefined;
  for (const analysed of analyse(test.sql ?? '', environment(engine, test.connection.name))) {
    const statement = test.estimated_rows === undefined ? analysed : { ...analysed, facts: { ...analysed.facts, estimatedRows: test.estimated_rows } };
    const [first] = statement.facts.operations;
    const request: Request = { ...base, action: first?.action ?? 'sql:session', statement };
    const outcome = engine.decide(request);
    if (worst === undefined || RANK[outcome.effect] >= RANK[worst.outcome.effect]) worst = { request, outcome };
  }
  if (worst === undefined) throw new Error('the sql has no statement in it');
  return worst;
}

function failuresOf(engine: PolicyEngine, test: BundleTest, analyse: Analyse): string[] {
  let got: Answered;
  try {
    got = answer(engine, test, analyse);
  } catch (error) {
    return [`the test could not run: ${messageOf(error)}`];
  }
  const { outcome } = got;
  const failures: string[] = [];
  if (outcome.effect !== test.expect) failures.push(`expected ${test.expect}, got ${describe(outcome)}`);
  if (test.policy !== undefined && !outcome.policyIds.includes(test.policy)) {
    failures.push(`expected policy ${test.policy} to decide, got ${outcome.policyIds.join(', ') || 'none'}`);
  }
  if (test.reason_contains !== undefined && !('reason' in outcome && outcome.reason.includes(test.reason_contains))) {
    failures.push(`expected a reason with ${JSON.stringify(test.reason_contains)}, got ${describe(outcome)}`);
  }
  if (test.quorum !== undefined && !(outcome.effect === 'hold' && outcome.quorum === test.quorum)) {
    failures.push(`expected quorum ${test.quorum}, got ${outcome.effect === 'hold' ? outcome.quorum : describe(outcome)}`);
  }
  const mode = outcome.effect === 'allow' ? outcome.terminal?.mode : undefined;
  if (test.terminal !== undefined && mode !== test.terminal) failures.push(`expected terminal mode ${test.terminal}, got ${mode ?? describe(outcome)}`);
  if (test.masked !== undefined) failures.push(...maskFailures(test.masked, got));
  for (const [list, wanted] of [[test.may_approve, true], [test.may_not_approve, false]] as const) {
    for (const who of list ?? []) {
      const { allowed, reason } = engine.mayApprove(principalOf(who), got.request);
      if (allowed !== wanted) failures.push(`expected that ${who.subject} ${wanted ? 'may' : 'may not'} approve: ${reason}`);
    }
  }
  return failures;
}

function describe(outcome: Outcome): string {
  if (outcome.effect === 'allow') return 'allow';
  const ids = outcome.policyIds.length > 0 ? ` by ${outcome.policyIds.join(', ')}` : '';
  return `${outcome.effect}${ids} (${outcome.reason})`;
}

function maskFailures(wanted: readonly string[], got: Answered): string[] {
  const { outcome, request } = got;
  const output = request.statement?.output;
  if (outcome.effect !== 'allow') return [`expected masked columns, got ${describe(outcome)}`];
  if (output === undefined || output === 'none' || output === 'untracked' || outcome.maskPlan.columns === 'detect_all') {
    return [`expected masked columns, but the output of the statement is ${typeof output === 'string' ? output : 'not tracked'}`];
  }
  const plan = outcome.maskPlan.columns;
  const masked = output.flatMap((c, i) => (plan[i] !== undefined && plan[i] !== 'detect' ? [c.name] : []));
  const same = masked.length === wanted.length && masked.every((name) => wanted.includes(name));
  return same ? [] : [`expected masked columns [${wanted.join(', ')}], got [${masked.join(', ')}]`];
}
