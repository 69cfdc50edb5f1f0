/**
 * From the client to the server. Each message is decoded, decided and recorded, then forwarded as the bytes that were
 * received; one that is refused is replaced by a message of the same kind that the server must refuse, so that
 * transactions and pipelines behave exactly as after any other error.
 */
import type { Socket } from 'node:net';
import { MalformedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { MaskPlan } from '../../policy/types.ts';
import {
  decodeFrontend, encodeDescribe, encodeFlush, frontendType, sqlState, sqlText,
  type BindMessage, type MessageFramer, type ParseMessage, type RawMessage,
} from '../../wire/postgres/index.ts';
import type { Analysed } from './analyser.ts';
import { reference, type SessionContext } from './context.ts';
import { CopyIn } from './copy-in.ts';
import { policyDenial, statementDenial, type Denial } from './denial.ts';
import { askPlanner, canEstimate, noEstimate, touchingNothing, type Bound, type Estimate } from './estimate.ts';
import type { Verdict } from './gatekeeper.ts';
import { askAndAct, type Action } from './held-action.ts';
import { Holds } from './holds.ts';
import { catalogIsCurrent, refreshCatalog, refreshSettings } from './injector.ts';
import type { BoundParameter } from './journal.ts';
import { readsCopy } from './pending.ts';
import { meaningsOf } from './meanings.ts';
import { announceChanges, dependsOnCode, mustWaitForOthers, OTHERS_CHANGE } from './object-changes.ts';
import { boundParameters, longName, namesOf, needsNoNames, unknownPortal, unknownStatement } from './message-facts.ts';
import { Reader } from './reader.ts';
import { Refusals } from './refusals.ts';
import { standingRefusal } from './standing-refusals.ts';
import type { Portal, PreparedStatement } from './statements.ts';

const NOTHING: MaskPlan = { columns: [], unmasked: [], scrubMessages: true };
const NO_PARAMS: readonly BoundParameter[] = [];
const EMPTY: Verdict = { effect: 'allow', policyIds: [], plans: [], level: 'masked' };

export class FrontendRelay {
  readonly #context: SessionContext;
  readonly #socket: Socket;
  readonly #framer: MessageFramer;
  readonly #copyIn: CopyIn;
  readonly #reader: Reader;
  readonly #refusals: Refusals;
  readonly holds: Holds;
  #busy = false;
  #working: Promise<void> = Promise.resolve();
  /** Something in the batch must be on disk before the batch leaves. */
  #syncFirst = false;
  /** The client has said goodbye. */
  terminated = false;

  constructor(context: SessionContext, socket: Socket, framer: MessageFramer) {
    this.#context = context;
    this.#socket = socket;
    this.#framer = framer;
    this.#copyIn = new CopyIn(context);
    this.#reader = new Reader(context);
    this.#refusals = new Refusals(context);
    this.holds = new Holds(context);
  }

  onData(chunk: Buffer): void {
    this.#framer.push(chunk);
    if (!this.#busy) this.drain();
    else if (this.#framer.buffered > limits.socketHighWaterBytes) this.#socket.pause();
  }

  /** Takes what is buffered, message by message, until something has to be waited for. */
  drain(): void {
    try {
      for (let raw = this.#framer.next(); raw; raw = this.#framer.next()) {
        const wait = this.#handle(raw);
        if (!wait) continue;
        this.#wait(wait);
        return;
      }
      const wait = this.#flush();
      if (wait) this.#wait(wait);
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** Resolves when no message is half handled. */
  settled(): Promise<void> {
    return this.#working;
  }

  #wait(work: Promise<void>): void {
    this.#busy = true;
    this.#working = work.catch(() => undefined);
    work.then(
      () => {
        this.#busy = false;
        this.#socket.resume();
        this.drain();
      },
      (error: unknown) => this.#context.fail(error),
    );
  }

  /** Records first, then the bytes: promise 1. A promise when something has to be waited for. */
  #flush(): Promise<void> | undefined {
    const { journal, toServer, state } = this.#context;
    if (this.#syncFirst) {
      this.#syncFirst = false;
      return journal.recorder.sync().then(() => this.#send());
    }
    journal.recorder.commit();
    if (!toServer.pending) return undefined;
    if (state.pending.length > limits.pipelineDepth) return this.#send();
    return toServer.flush() ? undefined : this.#drained();
  }

  async #send(): Promise<void> {
    const { toServer, state } = this.#context;
    if (!toServer.flush()) await this.#drained();
    if (state.pending.length > limits.pipelineDepth) await state.until(() => state.pending.length < limits.pipelineDepth / 2);
  }

  /** The server does not read as fast as the client writes. */
  async #drained(): Promise<void> {
    this.#socket.pause();
    await this.#context.state.until(() => this.#context.toServer.flush());
  }

  #handle(raw: RawMessage): Promise<void> | undefined {
    if (this.terminated) throw new MalformedError('malformed.phase', 'a message after Terminate');
    const t = frontendType;
    const skipped = (this.#refusals.skipsToSync || this.#context.state.serverSkips) && raw.type !== t.Sync && raw.type !== t.Terminate;
    if (raw.oversized !== undefined) {
      if (!skipped) this.#tooLong(raw.type, raw.oversized);
      return undefined;
    }
    if (skipped) {
      decodeFrontend(raw);
      return undefined;
    }
    switch (raw.type) {
      case t.Query:
        return this.#afterRefresh(() => this.#query(raw), raw);
      case t.Parse:
        return this.#afterRefresh(() => this.#parse(raw), raw);
      case t.Bind:
        return this.#afterRefresh(() => this.#bind(raw), raw);
      case t.CopyData:
        this.#copyIn.data(raw);
        return undefined;
      case t.Sync:
        return this.#sync(raw);
      case t.Describe:
        return this.#describe(raw);
      case t.Execute:
        return this.#execute(raw);
      default:
        { this.#small(raw); return; }
    }
  }

  /** Describing a statement makes the server look up its names again, so they are looked up here as well. */
  #describe(raw: RawMessage): Promise<void> | undefined {
    const message = decodeFrontend(raw);
    if (message.type !== 'Describe') throw new MalformedError('malformed.phase', 'not a Describe');
    if (this.#refusals.names(message.name)) return undefined;
    const { state } = this.#context;
    const go = (): Promise<void> | undefined => {
      const statement = message.kind === 'statement' ? state.statements.prepared.get(message.name) : undefined;
      if (statement) this.#reader.reread(statement);
      this.#forward(raw);
      state.pending.push({ kind: 'describe', of: message.kind, swallow: false });
      return undefined;
    };
    return message.kind === 'statement' ? this.#afterRefresh(go, raw) : go();
  }

  #small(raw: RawMessage): undefined {
    const { state, toServer } = this.#context;
    const message = decodeFrontend(raw);
    switch (message.type) {
      case 'Close':
        if (this.#refusals.names(message.name)) return undefined;
        this.#forward(raw);
        state.pending.push({ kind: 'close', undo: message.kind === 'statement' ? state.statements.closed(message.name) : state.statements.portals.delete(message.name) });
        return undefined;
      case 'Flush':
        toServer.push(raw.raw);
        return undefined;
      case 'CopyDone':
      case 'CopyFail':
        this.#copyIn.end(raw);
        return undefined;
      case 'FunctionCall':
        this.#refusals.queryFor('the fast-path function call is not supported; call the function in a SELECT', sqlState.featureNotSupported);
        return undefined;
      case 'Terminate':
        this.terminated = true;
        toServer.push(raw.raw);
        return undefined;
      default:
        throw new MalformedError('malformed.phase', `${message.type} is out of place here`);
    }
  }

  /**
   * While it reads COPY data the server ignores Sync; where it stands is known only from its answer, and is waited for.
   * One that it would ignore goes no further: nothing is due for it.
   */
  #sync(raw: RawMessage): Promise<void> | undefined {
    decodeFrontend(raw);
    const { pending } = this.#context.state;
    const copy = pending.copyIn();
    const go = (): void => {
      if (!(copy && readsCopy(copy) && pending.some((p) => p === copy))) this.#forwardSync(raw);
    };
    if (!copy || readsCopy(copy)) {
      go();
      return undefined;
    }
    return (this.#flush() ?? Promise.resolve()).then(() => this.#context.state.until(() => readsCopy(copy) || !pending.some((p) => p === copy))).then(go);
  }

  #forwardSync(raw: RawMessage): void {
    const { state, toServer } = this.#context;
    this.#refusals.skipsToSync = false;
    state.serverSkips = false;
    state.pipelineOpen = false;
    state.pipelineRuns = false;
    announceChanges(this.#context, []);
    toServer.push(raw.raw);
    state.pending.push({ kind: 'sync' });
  }

  /** A message above its limit was read past: it is refused as the server refuses one of its kind. */
  #tooLong(type: number, bytes: number): void {
    const t = frontendType;
    const text = `the message has ${bytes} bytes; at most ${limits.pgFrontendMessageBytes} are taken at once`;
    if (type === t.CopyData) this.#copyIn.refuse(text, `${text}: send the data in smaller pieces`);
    else if (type === t.Parse || type === t.Bind) this.#refusals.extendedFor(text, sqlState.programLimitExceeded, type === t.Parse ? 'parse' : 'bind');
    else this.#refusals.queryFor(text, sqlState.programLimitExceeded);
  }

  #forward(raw: RawMessage): void {
    const { toServer, state } = this.#context;
    toServer.push(raw.raw);
    state.pipelineOpen = true;
    if (raw.type === frontendType.Bind || raw.type === frontendType.Execute) state.pipelineRuns = true;
  }

  // --- what an analysis needs to know first -------------------------------------------------------------------

  /** Runs `work` at once when settings and catalog are known, or not needed for the statement of `raw`; otherwise after asking. */
  #afterRefresh(work: () => Promise<void> | undefined, raw?: RawMessage): Promise<void> | undefined {
    if (!this.#stale()) return work();
    const ask = !(raw && needsNoNames(raw, this.#context.state.statements, this.#reader));
    if (!ask && !this.#context.state.pending.touchesNames) return work();
    return (ask ? this.#refresh() : this.#settle()).then(() => (this.#context.state.serverSkips ? undefined : work()));
  }

  #stale(): boolean {
    const { state } = this.#context;
    if (state.transaction === 'E') return false;
    if (state.settingsDirty || state.pending.touchesNames) return true;
    return !catalogIsCurrent(this.#context);
  }

  /** Sends what waits, and waits until the server owes nothing. */
  async #settle(): Promise<void> {
    const { state, toServer } = this.#context;
    if (state.pipelineOpen) toServer.push(encodeFlush());
    await (this.#flush() ?? Promise.resolve());
    await state.until(() => state.pending.length === 0);
  }

  /** Waits for what is under way, and asks the server what its names mean now. */
  async #refresh(): Promise<void> {
    await this.#settle();
    const { state } = this.#context;
    // In a failed transaction the server runs nothing but its end: nothing to know, and nothing to ask.
    if (state.transaction === 'E' || state.serverSkips) return;
    const { catalogs } = this.#context;
    // Reading takes time, and may wait for a lock of the very session whose change it then does not see.
    for (let tries = 0; tries < 5; tries++) {
      const { changes } = catalogs;
      // "$user" and schemas that did not exist: the path follows what others create.
      if (state.settingsDirty || !catalogIsCurrent(this.#context)) await refreshSettings(this.#context);
      await refreshCatalog(this.#context, changes);
      if (catalogs.changes === changes) return;
    }
  }

  // --- simple query ---------------------------------------------------------------------------------------------

  #query(raw: RawMessage): Promise<void> | undefined {
    const sql = sqlText(raw.body.subarray(0, -1));
    const message = decodeFrontend(raw);
    if (message.type !== 'Query') throw new MalformedError('malformed.phase', 'not a Query');
    return this.#estimated(() => this.#reader.analyse(sql), NO_PARAMS, undefined, (estimate) => this.#decideQuery(raw, sql, estimate));
  }

  #decideQuery(raw: RawMessage, sql: string, estimate: Estimate): Promise<void> | undefined {
    let analysed = estimate(this.#reader.analyseAlike(sql));
    let verdict = this.#judge(analysed, []);
    if (analysed.shared && verdict.effect !== 'allow') {
      // People will read this one: it has to speak of its own text.
      analysed = estimate(this.#reader.analyse(sql));
      verdict = this.#judge(analysed, []);
    }
    const { journal } = this.#context;
    const { n, leaf } = journal.request('sql.query', analysed, verdict, raw.raw.length);
    const go = (plans: readonly MaskPlan[], now: Analysed): void => {
      this.#context.toServer.push(raw.raw);
      const statements = now.statements.map((analysis, i) => ({ analysis, plan: plans[i] ?? NOTHING }));
      for (const { analysis } of statements) this.#context.state.statements.departing(analysis);
      const changes = announceChanges(this.#context, now.statements);
      this.#context.state.pending.push({ kind: 'query', record: n, sql, statements, index: 0, failed: false, changes, startedNs: this.#context.clock.monotonicNs() });
      if (!now.statements.every((s) => s.facts.plainRead)) this.#syncFirst = true;
    };
    const refuse = (denial: Denial): void => this.#refusals.query(n, denial);
    return this.#act(verdict, { n, leaf, analysed, statementBytes: () => raw.raw, reread: () => estimate(this.#reader.analyse(sql)), params: NO_PARAMS, go, refuse });
  }

  // --- extended query -------------------------------------------------------------------------------------------

  #parse(raw: RawMessage): Promise<void> | undefined {
    const message = decodeFrontend(raw) as ParseMessage;
    if (this.#refusals.names(message.name)) return undefined;
    const { journal, state, toServer } = this.#context;
    const analysed = this.#reader.analyse(sqlText(message.sql));
    // What it touches is known at Bind, and decided there.
    let verdict = this.#judge(this.#context.engine.asksRows ? touchingNothing(analysed) : analysed, []);
    if (analysed.statements.length > 1) verdict = { effect: 'deny', reason: 'a prepared statement holds one statement only', policyIds: [] };
    const { n } = journal.request('sql.parse', analysed, verdict, raw.raw.length, message.name);
    if (verdict.effect === 'deny') {
      this.#refusals.extended(n, statementDenial(verdict, analysed.statements, reference(this.#context, n)), 'parse');
      return undefined;
    }
    const statement: PreparedStatement = { name: message.name, sql: analysed.sql, analysed, meanings: meaningsOf(analysed.statements[0]), record: n, columns: undefined, paramTypes: message.paramTypes };
    const undo = state.statements.prepared.set(message.name, statement);
    this.#forward(raw);
    state.pending.push({ kind: 'parse', statement, undo });
    toServer.push(encodeDescribe('statement', message.name));
    state.pending.push({ kind: 'describe', of: 'statement', statement, swallow: true });
    return undefined;
  }

  #bind(raw: RawMessage): Promise<void> | undefined {
    const message = decodeFrontend(raw) as BindMessage;
    if (this.#refusals.names(message.portal, message.statement)) return undefined;
    const { journal, state } = this.#context;
    const statement = state.statements.prepared.get(message.statement);
    if (!statement) {
      const { n } = journal.recorder.append({ kind: 'sql.bind', clear: { dec: 'deny' } });
      const text = unknownStatement(message.statement, state.statements);
      this.#refusals.extended(n, { code: sqlState.undefinedPreparedStatement, message: text, reason: text, policyIds: [], reference: reference(this.#context, n) }, 'bind');
      return undefined;
    }
    const params = boundParameters(message, statement.paramTypes);
    return this.#estimated(() => this.#reader.reread(statement), params, { statement, message }, (estimate) => this.#decideBind(raw, { statement, message }, params, estimate));
  }

  #decideBind(raw: RawMessage, { statement, message }: Bound, params: readonly BoundParameter[], estimate: Estimate): Promise<void> | undefined {
    const { journal, state } = this.#context;
    const analysed = estimate(this.#reader.reread(statement));
    const verdict = analysed.statements.length > 0 ? this.#judge(analysed, params) : EMPTY;
    const { n, leaf } = journal.bind(statement.record, analysed, verdict, journal.shownParameters(analysed, params), raw.raw.length);
    const go = (plans: readonly MaskPlan[], now: Analysed): void => {
      const analysis = now.statements[0];
      const portal = { name: message.portal, statement, analysis, estimate, plan: plans[0] ?? NOTHING, resultFormats: message.resultFormats, record: n, executions: 0, changes: this.#context.catalog.changes, epoch: state.epoch };
      const undo = state.statements.portals.set(message.portal, portal);
      state.statements.bound(message.portal);
      this.#forward(raw);
      state.pending.push({ kind: 'bind', undo, plan: portal.plan });
      if (!(analysis?.facts.plainRead ?? true)) this.#syncFirst = true;
    };
    const refuse = (denial: Denial): void => this.#refusals.extended(n, denial, 'bind');
    return this.#act(verdict, { n, leaf, analysed, statementBytes: () => Buffer.from(statement.sql, 'utf8'), reread: () => estimate(this.#reader.reread(statement)), params, go, refuse });
  }

  /** What a portal runs was planned at Bind; functions that it calls are looked up when it runs, and again when it goes on. */
  #execute(raw: RawMessage): Promise<void> | undefined {
    const message = decodeFrontend(raw);
    if (message.type !== 'Execute') throw new MalformedError('malformed.phase', 'not an Execute');
    const { state, catalogs, engine } = this.#context;
    const portal = state.statements.portals.get(message.portal);
    const unchanged = portal?.changes === catalogs.changes && portal.epoch === state.epoch && !state.pending.touchesNames;
    const holds = !portal?.analysis || engine.classes.length === 0 || unchanged || !dependsOnCode(portal.analysis, this.#context);
    const go = (): void => this.#executeNow(raw, message.portal, message.maxRows);
    if (holds) {
      go();
      return undefined;
    }
    return this.#refresh().then(() => {
      if (state.serverSkips) return;
      // The end of an earlier batch, answered meanwhile, took all portals away; this one was bound after it.
      if (!state.statements.portals.get(portal.name)) state.statements.portals.set(portal.name, portal);
      const reason = this.#replan(portal);
      if (reason === undefined) {
        go();
        return;
      }
      const { n } = this.#context.journal.recorder.append({ kind: 'sql.execute', clear: { q: portal.record, dec: 'deny' }, fields: [{ name: 'reason', value: reason }] });
      this.#refusals.extended(n, policyDenial(reason, [], reference(this.#context, n)), 'execute');
    });
  }

  /** Judges a portal by everything that it may mean by now. Returns why it must not run. */
  #replan(portal: Portal): string | undefined {
    const { state, catalog } = this.#context;
    const read = this.#reader.reread(portal.statement);
    const analysed = portal.estimate(read);
    const analysis = analysed.statements[0];
    portal.changes = catalog.changes;
    portal.epoch = state.epoch;
    if (analysis === portal.analysis) return undefined;
    const verdict = this.#judge(analysed, NO_PARAMS);
    if (verdict.effect !== 'allow') return `what it runs has changed since it was bound (${verdict.reason}); bind it again`;
    portal.analysis = analysis;
    portal.plan = verdict.plans[0] ?? NOTHING;
    return undefined;
  }

  #executeNow(raw: RawMessage, name: string, maxRows: number): void {
    const { state, journal, clock } = this.#context;
    const portal = state.statements.portals.get(name);
    if (!portal) {
      const { n } = journal.recorder.append({ kind: 'sql.execute', clear: { dec: 'deny' } });
      const text = unknownPortal(name, state.statements);
      this.#refusals.extended(n, { code: sqlState.undefinedCursor, message: text, reason: text, policyIds: [], reference: reference(this.#context, n) }, 'execute');
      return;
    }
    // A Bind record stands for the bind and its first execute.
    const record = portal.executions++ === 0 ? portal.record : journal.execute(portal.record, maxRows);
    if (portal.analysis) {
      state.statements.departing(portal.analysis);
      portal.changes = announceChanges(this.#context, [portal.analysis], portal.changes);
    }
    this.#forward(raw);
    state.pending.push({ kind: 'execute', portal, record, startedNs: clock.monotonicNs() });
  }

  // --- deciding -------------------------------------------------------------------------------------------------

  /**
   * Decides at once, or after the planner has been asked where policy wants to know how many rows are touched. What is
   * denied even if it touches none is not asked about: planning may run functions that call themselves immutable.
   */
  #estimated(read: () => Analysed, params: readonly BoundParameter[], bound: Bound | undefined, decide: (estimate: Estimate) => Promise<void> | undefined): Promise<void> | undefined {
    const { engine, state } = this.#context;
    // A failed transaction runs nothing that is planned.
    if (!engine.asksRows || state.transaction === 'E') return decide(noEstimate);
    const analysed = read();
    if (!canEstimate(analysed)) return decide(noEstimate);
    if (this.#judge(touchingNothing(analysed), params).effect === 'deny') return decide(touchingNothing);
    return this.#settle().then(async () => {
      if (state.serverSkips) return;
      if (state.transaction === 'E') return decide(noEstimate);
      const { estimate, failed } = await askPlanner(this.#context, analysed, bound);
      if (failed !== undefined && this.#context.state.serverSkips) {
        this.#refusals.skipped(failed);
        return;
      }
      if (this.#stale()) await this.#refresh();
      await decide(estimate);
    });
  }

  #judge(analysed: Analysed, params: readonly BoundParameter[]): Verdict {
    const { engine, gatekeeper } = this.#context;
    const { sql, statements } = analysed;
    const reason = longName(statements.flatMap(namesOf)) ?? standingRefusal({ sql, statements, values: params.map((p) => p.value) }, engine.classes.length > 0);
    if (reason !== undefined) return { effect: 'deny', reason, policyIds: [] };
    if (mustWaitForOthers(this.#context, statements)) return { effect: 'deny', reason: OTHERS_CHANGE, policyIds: [] };
    return gatekeeper.judge(statements, false, this.#context.state.unsettled);
  }

  #act(verdict: Verdict, a: Action): Promise<void> | undefined {
    switch (verdict.effect) {
      case 'allow':
        a.go(verdict.plans, a.analysed);
        return undefined;
      case 'deny':
        a.refuse(statementDenial(verdict, a.analysed.statements, reference(this.#context, a.n)));
        return undefined;
      case 'hold':
        return this.#hold(verdict, a);
    }
  }

  async #hold(verdict: Verdict & { effect: 'hold' }, a: Action): Promise<void> {
    await this.#settle();
    // Something before it has failed: the server would skip it, so nobody is asked.
    if (this.#context.state.serverSkips) return;
    await askAndAct(this.#context, this.holds, verdict, a, async () => {
      if (this.#stale()) await this.#refresh();
    });
    await (this.#flush() ?? Promise.resolve());
  }
}
