/**
 * The one decision function (design.md section 5): enforcement, dry run, bundle tests and simulation all call
 * `decide` here. Whatever goes wrong inside is a deny.
 */
import { DeniedError, messageOf } from '../../base/errors.ts';
import type { BundleDigest } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import type { Classifier } from '../classify/classifier.ts';
import { PathClassifier } from '../classify/paths.ts';
import type { ConnectionInfo, Outcome, PolicyEngine, Principal, Request, SshRequest, StatementAnalysis, TerminalRules, VouchedFunction } from '../types.ts';
import { mayApprove } from './approvals.ts';
import { Asker } from './asker.ts';
import { namesAgent } from './ast.ts';
import { baseFacts, sqlFactsOf } from './context.ts';
import { connectionEntity, dataClassEntity } from './entities.ts';
import { joined, judge } from './judge.ts';
import type { HeldPolicy, Verdict } from './judge.ts';
import { Lru } from './lru.ts';
import { maskPlan, planWithoutStatement } from './mask-plan.ts';
import { operationsOf } from './operations.ts';
import type { Asked } from './operations.ts';
import type { Policy } from './policy.ts';
import { recordLevelFor } from './recording.ts';
import type { RecordingPolicy } from './recording.ts';
import { sshQuestions } from './ssh.ts';
import { STRICT_TERMINAL, terminalFor } from './terminal.ts';
import type { TerminalPolicy } from './terminal.ts';

export interface EngineParts {
  readonly digest: BundleDigest;
  readonly name: string;
  readonly serial: number;
  readonly classifier: Classifier;
  readonly policies: readonly Policy[];
  readonly recording: RecordingPolicy;
  /** Absent: as strict as it goes. */
  readonly terminal?: TerminalPolicy;
  readonly paths?: PathClassifier;
  readonly vouched?: readonly VouchedFunction[];
}

/** Outcomes remembered for one statement text: people times connections, small by nature. */
const OUTCOMES_PER_STATEMENT = 64;

export function createEngine(parts: EngineParts): PolicyEngine {
  const engine = new Engine(parts);
  return {
    digest: parts.digest,
    name: parts.name,
    serial: parts.serial,
    classes: parts.classifier.classes,
    vouched: parts.vouched ?? [],
    asksTime: engine.asksTime,
    asksRows: engine.asksRows,
    decide: (request) => engine.decide(request),
    mayApprove: (approver, request) => engine.mayApprove(approver, request),
    classify: (connection, column) => parts.classifier.classify(connection, column),
  };
}

class Engine {
  readonly #parts: EngineParts;
  readonly #asker: Asker;
  readonly #policies: ReadonlyMap<string, Policy>;
  /** Then nothing that depends on the time is remembered. */
  readonly asksTime: boolean;
  readonly asksRows: boolean;
  /** By identity: analyses are cached by text upstream and never change, so a repeated statement costs one lookup. */
  readonly #outcomes = new WeakMap<StatementAnalysis, Map<string, Outcome>>();
  readonly #paths: PathClassifier;
  readonly #connections = new WeakMap<ConnectionInfo, string>();
  /** Unmasked classes by everything they depend on: the request without its statement. */
  readonly #visible = new Lru<ReadonlySet<string>>(limits.decisionCacheEntries);

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#paths = parts.paths ?? new PathClassifier([]);
    this.#asker = new Asker(parts.digest, parts.policies);
    this.#policies = new Map(parts.policies.map((p) => [p.id, p]));
    this.asksTime = this.#asker.reads('time');
    this.asksRows = this.#asker.reads('estimatedRows');
  }

  /** Never throws: an internal failure is a deny. */
  decide(request: Request): Outcome {
    try {
      if (request.statement === undefined || this.asksTime) return this.#decide(request);
      const key = this.#keyOf(request);
      let known = this.#outcomes.get(request.statement);
      const hit = known?.get(key);
      if (hit !== undefined) return hit;
      const outcome = this.#decide(request);
      if (known === undefined || known.size >= OUTCOMES_PER_STATEMENT) {
        known = new Map();
        this.#outcomes.set(request.statement, known);
      }
      known.set(key, outcome);
      return outcome;
    } catch (error) {
      if (error instanceof DeniedError) return { effect: 'deny', reason: error.message, policyIds: [...error.policyIds] };
      return { effect: 'deny', reason: `denied because the decision failed: ${messageOf(error)}`, policyIds: [] };
    }
  }

  mayApprove(approver: Principal, request: Request): { allowed: boolean; reason: string } {
    try {
      return mayApprove({ asker: this.#asker, policies: this.#policies, decide: (r) => this.decide(r) }, approver, request);
    } catch (error) {
      return { allowed: false, reason: `refused because the decision failed: ${messageOf(error)}` };
    }
  }

  /** Everything of a request but its statement and the time. Parts are JSON, so NUL separates them without doubt. */
  #keyOf(r: Request): string {
    const who = this.#asker.principalKey(r.principal);
    return `${r.action}\0${r.approved}\0${r.client}\0${this.#connectionKey(r.connection)}\0${who}\0${r.deviceId}`;
  }

  #connectionKey(connection: ConnectionInfo): string {
    let key = this.#connections.get(connection);
    if (key === undefined) {
      key = JSON.stringify(connection);
      this.#connections.set(connection, key);
    }
    return key;
  }

  #decide(request: Request): Outcome {
    if (request.ssh !== undefined) return this.#decideSsh(request, request.ssh);
    if (request.statement !== undefined) return this.#decideStatement(request, request.statement);
    switch (request.action) {
      case 'connect':
      case 'replay':
      case 'export':
        return this.#decideConnection(request, request.action);
      default:
        return { effect: 'deny', reason: `${request.action} needs a statement to be decided on`, policyIds: [] };
    }
  }

  #decideConnection(request: Request, action: 'connect' | 'replay' | 'export'): Outcome {
    const { principal, connection } = request;
    const op = { principal, action, resource: connectionEntity(connection), what: `${action} to ${connection.name}` };
    const verdict = judge(this.#asker, this.#policies, op, baseFacts(request));
    const unmasked = this.#unmasked(request);
    const plan = planWithoutStatement({ classifier: this.#parts.classifier, connection: connection.name, unmasked });
    return combine([verdict], () => ({ maskPlan: plan, recordLevel: recordLevelFor(this.#parts.recording, connection, []), ...this.#terminal(connection) }));
  }

  #decideSsh(request: Request, ssh: SshRequest): Outcome {
    const { connection, principal } = request;
    if (request.statement !== undefined) return { effect: 'deny', reason: 'a request is either a statement or of SSH', policyIds: [] };
    const asked = sshQuestions(request, ssh, this.#paths);
    const verdicts = asked.map((a) => judge(this.#asker, this.#policies, { principal, ...a }, a.facts));
    return combine(verdicts, () => ({
      maskPlan: planWithoutStatement({ classifier: this.#parts.classifier, connection: connection.name, unmasked: this.#unmasked(request) }),
      recordLevel: recordLevelFor(this.#parts.recording, connection, asked.map((a) => a.action)),
      ...this.#terminal(connection),
    }));
  }

  #terminal(connection: ConnectionInfo): { terminal?: TerminalRules } {
    return connection.protocol === 'ssh' ? { terminal: terminalFor(this.#parts.terminal ?? STRICT_TERMINAL, connection) } : {};
  }

  #decideStatement(request: Request, analysis: StatementAnalysis): Outcome {
    if (analysis.refusal !== undefined) return { effect: 'deny', reason: analysis.refusal.message, policyIds: [] };
    const { classifier } = this.#parts;
    const { connection } = request;
    const unmasked = this.#unmasked(request);
    const asked = operationsOf(analysis, connection, classifier, unmasked);
    const judged = this.#judgeAll(request, analysis, asked);
    // Nothing runs at PREPARE: what its body does is decided again, and held if need be, at EXECUTE.
    const own = analysis.effects.prepare === undefined ? judged : judged.filter((v) => v.kind !== 'hold');
    const verdicts = [...own, ...this.#judgeBodies(request, analysis)];
    return combine(verdicts, () => ({
      maskPlan: maskPlan(analysis, { classifier, connection: connection.name, unmasked }),
      recordLevel: recordLevelFor(this.#parts.recording, connection, asked.map((a) => a.action)),
    }));
  }

  #judgeAll(request: Request, analysis: StatementAnalysis, asked: readonly Asked[]): Verdict[] {
    const { classifier } = this.#parts;
    const classes = new Set(analysis.reads.flatMap((c) => classifier.classify(request.connection.name, c)?.id ?? []));
    const ids = [...classes].sort();
    const base = baseFacts(request);
    return asked.map((a) => {
      const op = { principal: request.principal, action: a.action, resource: a.resource, what: a.what };
      return judge(this.#asker, this.#policies, op, sqlFactsOf(base, analysis.facts, ids, a));
    });
  }

  /**
   * The statement inside PREPARE or DECLARE CURSOR. A cursor runs with its declaration, so it is judged in full;
   * a prepared statement runs at EXECUTE, which is decided on its own, so here only a deny counts.
   */
  #judgeBodies(request: Request, analysis: StatementAnalysis): Verdict[] {
    const { declare, prepare } = analysis.effects;
    const verdicts: Verdict[] = [];
    for (const body of [declare?.body, prepare?.body]) {
      if (body === undefined) continue;
      if (body.refusal !== undefined) {
        verdicts.push({ kind: 'deny', reason: body.refusal.message, policyIds: [] });
        continue;
      }
      const asked = operationsOf(body, request.connection, this.#parts.classifier, this.#unmasked(request));
      const found = this.#judgeAll(request, body, asked);
      verdicts.push(...(body === declare?.body ? found : found.filter((v) => v.kind === 'deny')));
    }
    return verdicts;
  }

  /** Classes that the principal may see in clear on this connection. */
  #unmasked(request: Request): ReadonlySet<string> {
    if (this.asksTime || this.#parts.classifier.classes.length === 0) return this.#askUnmasked(request);
    const key = this.#keyOf(request);
    const known = this.#visible.get(key);
    if (known !== undefined) return known;
    const open = this.#askUnmasked(request);
    this.#visible.set(key, open);
    return open;
  }

  #askUnmasked(request: Request): ReadonlySet<string> {
    const facts = baseFacts(request);
    const open = new Set<string>();
    for (const { id } of this.#parts.classifier.classes) {
      const answer = this.#asker.ask(request.principal, 'unmask', dataClassEntity(request.connection, id), facts);
      // A failure shows nothing; it is remembered like a no until the bundle is loaded again.
      if (answer.kind !== 'allow') continue;
      if (request.principal.kind === 'Agent' && !answer.policyIds.some((p) => this.#namesAgent(p))) continue;
      open.add(id);
    }
    return open;
  }

  #namesAgent(policyId: string): boolean {
    const policy = this.#policies.get(policyId);
    return policy !== undefined && namesAgent(policy.json);
  }
}

type Allowed = Pick<Extract<Outcome, { effect: 'allow' }>, 'maskPlan' | 'recordLevel' | 'terminal'>;

/** Any deny wins; else any hold, strictest of all; else allow. */
function combine(verdicts: readonly Verdict[], allowed: () => Allowed): Outcome {
  const denies = verdicts.filter((v) => v.kind === 'deny');
  if (denies.length > 0) {
    return { effect: 'deny', reason: joined(denies.map((d) => d.reason)), policyIds: unique(denies.flatMap((d) => d.policyIds)) };
  }
  const held = verdicts.flatMap((v) => (v.kind === 'hold' ? v.held : []));
  if (held.length > 0) return holdOf(held);
  return { effect: 'allow', policyIds: unique(verdicts.flatMap((v) => (v.kind === 'allow' ? v.policyIds : []))), ...allowed() };
}

function holdOf(held: readonly HeldPolicy[]): Outcome {
  return {
    effect: 'hold',
    reason: joined(held.map((h) => h.reason)),
    policyIds: unique(held.map((h) => h.id)),
    approvers: unique(held.flatMap((h) => h.lift.groups)),
    quorum: Math.max(...held.map((h) => h.lift.quorum)),
    expiresMs: Math.min(...held.map((h) => h.lift.expiresMs)),
  };
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];
