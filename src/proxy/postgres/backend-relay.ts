/**
 * From the server to the client. Every answer is matched with what it answers; rows are masked by their statement's
 * plan; what does not fit ends the session. Runs of rows that nobody touches are forwarded without an object per row.
 */
import type { Socket } from 'node:net';
import { BugError, MalformedError } from '../../base/errors.ts';
import { maskText } from '../../policy/mask/index.ts';
import type { CatalogView, MaskPlan, RecordLevel, StatementAnalysis } from '../../policy/types.ts';
import {
  backendType as t, decodeBackend, decodeCommandComplete, decodeCopyResponse, decodeEmpty, decodeNotificationResponse, decodeParameterDescription, decodeParameterStatus, decodeReadyForQuery, decodeRowDescription,
  encodeNotificationResponse, encodeParameterStatus, forEachCell, HEADER_BYTES, typeLabel,
  type MessageFramer,
} from '../../wire/postgres/index.ts';
import { reference, type SessionContext } from './context.ts';
import { CopyOut } from './copy-out.ts';
import { denialBytes, policyDenial } from './denial.ts';
import { assertUtf8 } from './injector.ts';
import { maskMessage } from './messages.ts';
import { dependsOnCode, stillMeansTheSame } from './object-changes.ts';
import type { Pending } from './pending.ts';
import { reconcile } from './reconcile.ts';
import { ResultShape, StatementResult } from './result.ts';
import type { Portal, ResultColumn } from './statements.ts';

const NO_PLAN: MaskPlan = { columns: 'detect_all', unmasked: [], scrubMessages: false };

/** Messages whose type is all they say. */
const HAS_NO_BODY: ReadonlySet<number> = new Set([t.ParseComplete, t.BindComplete, t.CloseComplete, t.NoData, t.PortalSuspended, t.EmptyQueryResponse, t.CopyDone]);

/** What a shape was made of besides the plan. */
interface KnownShape {
  readonly columns: readonly ResultColumn[];
  readonly formats: readonly number[];
  readonly catalog: CatalogView | undefined;
  readonly shape: ResultShape;
}

type QueryEntry = Pending & { kind: 'query' };
type ExecuteEntry = Pending & { kind: 'execute' };

export class BackendRelay {
  readonly #context: SessionContext;
  readonly #socket: Socket;
  readonly #framer: MessageFramer;
  readonly #level: RecordLevel;
  /** A result was refused on the way: nothing more of it reaches the client before ReadyForQuery. */
  #suppressed = false;
  #rechecking = false;
  /** Answers whose rows may be shown. */
  readonly #confirmed = new WeakSet<Pending>();
  #copyOut: CopyOut | undefined;
  /** By plan, which lives as long as its statement does: re-executions and repeated texts skip the making. */
  readonly #shapes = new WeakMap<MaskPlan, KnownShape>();

  constructor(context: SessionContext, socket: Socket, framer: MessageFramer, level: RecordLevel) {
    this.#context = context;
    this.#socket = socket;
    this.#framer = framer;
    this.#level = level;
  }

  onData(chunk: Buffer): void {
    this.#framer.push(chunk);
    this.drain();
  }

  drain(): void {
    const { toClient, state } = this.#context;
    try {
      if (this.#rechecking) return;
      this.#framer.scan((type, source, start, end) => {
        const suspect = this.#suspect(type);
        if (suspect) {
          this.#recheck(suspect, () => this.#dispatch(type, source, start, end));
          return false;
        }
        this.#dispatch(type, source, start, end);
        return true;
      });
      if (!toClient.flush()) this.#socket.pause();
      state.progressed();
    } catch (error) {
      this.#context.fail(error);
    }
  }

  #dispatch(type: number, source: Buffer, start: number, end: number): void {
    if (type === t.DataRow) this.#row(source, start, end);
    else this.#message(type, source, start, end);
  }

  /** Rows begin here of a statement that was analysed before objects may have changed. */
  #suspect(type: number): QueryEntry | ExecuteEntry | undefined {
    if (type !== t.DataRow && type !== t.RowDescription && type !== t.CopyOutResponse) return undefined;
    const { state, catalogs, engine } = this.#context;
    const head = state.pending.peek();
    if ((head?.kind !== 'query' && head?.kind !== 'execute') || head.result || head.injection || this.#suppressed || engine.classes.length === 0) return undefined;
    const changes = head.kind === 'query' ? head.changes : head.portal?.changes;
    if (changes !== catalogs.changes) return head;
    const planned = plannedOf(head);
    return planned && !this.#confirmed.has(head) && dependsOnCode(planned, this.#context) ? head : undefined;
  }

  /** Takes no further message before the statement is known to mean what it was taken for; else refuses its rows. */
  #recheck(head: QueryEntry | ExecuteEntry, go: () => void): void {
    const { catalogs } = this.#context;
    const { changes } = catalogs;
    const planned = plannedOf(head);
    const objectsMoved = changes !== (head.kind === 'query' ? head.changes : head.portal?.changes);
    const sql = head.kind === 'query' ? head.sql : (head.portal?.statement.sql ?? '');
    this.#rechecking = true;
    this.#socket.pause();
    const checked = planned ? stillMeansTheSame(this.#context, { sql, index: head.kind === 'query' ? head.index : 0, planned, objectsMoved }) : Promise.resolve(false);
    checked
      .then((same) => {
        this.#confirmed.add(head);
        if (!same) this.#refuseResult('an object that the statement may use was changed while it ran; run it again', head.record);
        else if (head.kind === 'query') head.changes = changes;
        else if (head.portal) head.portal.changes = changes;
        this.#rechecking = false;
        go();
        this.#socket.resume();
        this.drain();
      })
      .catch((error: unknown) => this.#context.fail(error));
  }

  /** The client has read on. */
  clientDrained(): void {
    if (!this.#rechecking) this.#socket.resume();
  }

  #message(type: number, source: Buffer, start: number, end: number): void {
    const body = source.subarray(start + HEADER_BYTES, end);
    switch (type) {
      case t.NoticeResponse:
        return this.#notice(body);
      case t.NotificationResponse:
        return this.#notification(body);
      case t.ParameterStatus:
        return this.#parameter(body);
      case t.ErrorResponse:
        return this.#error(body);
      default:
        return this.#answer(type, source, start, end, body);
    }
  }

  #answer(type: number, source: Buffer, start: number, end: number, body: Buffer): void {
    const head = this.#context.state.pending.peek();
    if (type === t.ReadyForQuery) return this.#ready(head, source, start, end, body);
    if (HAS_NO_BODY.has(type)) decodeEmpty(body);
    if (!head) throw new MalformedError('malformed.phase', `the server sent ${typeLabel(type)} without being asked`);
    if (head.denial && !(head.kind === 'query' && head.failed)) throw new MalformedError('malformed.phase', 'the server accepted a message that had to fail');
    if (head.injection) return this.#injected(head, type, body);
    const forward = (): void => {
      if (!this.#suppressed) this.#context.toClient.view(source, start, end);
    };
    switch (type) {
      case t.ParseComplete:
        this.#expect(head, 'parse', type);
        if (head.kind === 'parse' && head.statement) this.#context.state.statements.parsed(head.statement.name);
        forward();
        return this.#take();
      case t.BindComplete:
        this.#expect(head, 'bind', type);
        forward();
        return this.#take();
      case t.CloseComplete:
        this.#expect(head, 'close', type);
        forward();
        return this.#take();
      case t.ParameterDescription:
      case t.NoData:
        return this.#described(head, type, body, forward);
      case t.RowDescription:
        return this.#rowDescription(head, body, forward);
      case t.CommandComplete:
      case t.EmptyQueryResponse:
      case t.PortalSuspended:
        return this.#complete(head, type, body, forward);
      case t.CopyInResponse:
      case t.CopyOutResponse:
      case t.CopyData:
      case t.CopyDone:
        return this.#copy(head, type, source, start, end, body);
      default:
        // Authentication, BackendKeyData, CopyBothResponse, FunctionCallResponse, NegotiateProtocolVersion
        throw new MalformedError('malformed.phase', `the server sent ${typeLabel(type)} in the middle of a session`);
    }
  }

  #expect(head: Pending, kind: Pending['kind'], type: number): void {
    if (head.kind !== kind) throw new MalformedError('malformed.phase', `the server sent ${typeLabel(type)} where an answer to ${head.kind} was due`);
  }

  #take(): void {
    this.#context.state.pending.take();
  }

  // --- rows -----------------------------------------------------------------------------------------------------

  #row(source: Buffer, start: number, end: number): void {
    const head = this.#context.state.pending.peek();
    if (head?.kind !== 'query' && head?.kind !== 'execute') throw new MalformedError('malformed.phase', 'the server sent a row that nobody asked for');
    if (head.injection) {
      const cells: (string | null)[] = [];
      const body = source.subarray(start + HEADER_BYTES, end);
      forEachCell(body, (_, at, length) => cells.push(length < 0 ? null : body.toString('utf8', at, at + length)));
      head.injection.rows.push(cells);
      return;
    }
    if (this.#suppressed) return;
    if (head.kind === 'execute' && !head.result) {
      const result = this.#portalResult(head);
      // Refused: an error has taken the place of the rows.
      if (!result) return;
      head.result = result;
    }
    if (!head.result) throw new MalformedError('malformed.phase', 'the server sent a row before its description');
    head.result.row(source, start, end, this.#context.toClient);
  }

  #portalResult(head: ExecuteEntry): StatementResult | undefined {
    const { portal } = head;
    if (!portal) throw new BugError('a row without a portal');
    const columns = portal.statement.columns;
    if (columns === undefined || columns === 'none') throw new MalformedError('malformed.phase', 'the server sent rows of a statement that it described as having none');
    return this.#result(portal.plan, columns, formatsOf(portal, columns.length), head.record);
  }

  #result(plan: MaskPlan, columns: readonly ResultColumn[], formats: readonly number[], record: number): StatementResult | undefined {
    const { engine, target, catalog, masks } = this.#context;
    const known = this.#shapes.get(plan);
    if (known && known.catalog === catalog.view && sameFormats(known.formats, formats) && sameColumns(known.columns, columns)) return new StatementResult(known.shape);
    const reconciled = reconcile(plan, columns, engine, target.info.name, catalog.view);
    if ('refusal' in reconciled) {
      this.#refuseResult(reconciled.refusal, record);
      return undefined;
    }
    const described = columns.map((c, i) => ({ name: c.name, typeOid: c.typeOid, format: formats[i] === 1 ? (1 as const) : (0 as const) }));
    const shape = new ResultShape(described, reconciled.plan, masks, this.#level);
    this.#shapes.set(plan, { columns, formats, catalog: catalog.view, shape });
    return new StatementResult(shape);
  }

  /** The statement has run, but its rows may not be shown: an error takes their place, and the rest is swallowed. */
  #refuseResult(reason: string, record: number): void {
    const { toClient, journal, events, sessionId, target, catalogs, state } = this.#context;
    const denial = policyDenial(reason, [], reference(this.#context, record));
    journal.denied(record, denial);
    events.emit({ event: 'request.denied', session_id: sessionId, connection: target.info.name, reason, policy_ids: [], reference: denial.reference });
    toClient.push(denialBytes(denial));
    catalogs.invalidate();
    state.epoch++;
    this.#suppressed = true;
  }

  #rowDescription(head: Pending, body: Buffer, forward: () => void): void {
    const columns = decodeRowDescription(body);
    if (head.kind === 'describe') {
      if (head.statement) head.statement.columns = columns;
      if (!head.swallow) forward();
      return this.#take();
    }
    if (head.kind !== 'query') throw new MalformedError('malformed.phase', `the server described rows where an answer to ${head.kind} was due`);
    const planned = head.statements[head.index];
    if (!planned) throw new MalformedError('malformed.phase', 'the server sent more results than the query has statements');
    head.result = this.#result(planned.plan, columns, columns.map((c) => c.format), head.record);
    forward();
  }

  #described(head: Pending, type: number, body: Buffer, forward: () => void): void {
    if (head.kind !== 'describe') throw new MalformedError('malformed.phase', `the server sent ${typeLabel(type)} where an answer to ${head.kind} was due`);
    if (type === t.ParameterDescription) {
      const paramTypes = decodeParameterDescription(body);
      if (head.statement) head.statement.paramTypes = paramTypes;
      if (!head.swallow) forward();
      return;
    }
    if (!head.swallow) forward();
    if (head.statement) head.statement.columns = 'none';
    this.#take();
  }

  // --- ends of statements ---------------------------------------------------------------------------------------

  #complete(head: Pending, type: number, body: Buffer, forward: () => void): void {
    const tag = type === t.CommandComplete ? decodeCommandComplete(body).tag : type === t.EmptyQueryResponse ? '' : 'suspended';
    if (head.kind === 'query' && type !== t.PortalSuspended) {
      const planned = head.statements[head.index];
      if (!planned && type !== t.EmptyQueryResponse) throw new MalformedError('malformed.phase', 'the server completed more statements than the query has');
      this.#finish(head, planned?.analysis, head.index, tag);
      head.index++;
      delete head.result;
    } else if (head.kind === 'execute') {
      this.#finish(head, type === t.PortalSuspended ? undefined : head.portal?.analysis, 0, tag);
      this.#take();
    } else throw new MalformedError('malformed.phase', `the server sent ${typeLabel(type)} where an answer to ${head.kind} was due`);
    forward();
  }

  #finish(head: QueryEntry | ExecuteEntry, analysis: StatementAnalysis | undefined, index: number, tag: string): void {
    const { journal, events, sessionId, state } = this.#context;
    const us = Number((this.#context.clock.monotonicNs() - head.startedNs) / 1000n);
    journal.result(head.record, index, tag, us, head.result);
    if (head.result) {
      events.emit({ event: 'statement.result', session_id: sessionId, n: head.record, masked: head.result.shape.masked, detected: head.result.counts });
    }
    if (planOf(head).scrubMessages) state.scrubTransaction = true;
    if (!analysis) return;
    state.statements.applyEffects(analysis);
    if (analysis.effects.settings) {
      state.settingsDirty = true;
      state.settingsInTransaction = true;
    }
    // A rollback undoes only what this session has done.
    const undoesNothing = analysis.effects.transaction === 'rollback' && !state.catalogInTransaction;
    if (analysis.effects.catalog && !undoesNothing) {
      state.catalogInTransaction = true;
      state.settingsDirty = true;
      state.epoch++;
      this.#context.catalog = { ...this.#context.catalog, stamp: 'stale' };
    }
  }

  #ready(head: Pending | undefined, source: Buffer, start: number, end: number, body: Buffer): void {
    const { state, toClient, catalogs } = this.#context;
    state.transaction = decodeReadyForQuery(body);
    if (state.transaction === 'I') state.scrubTransaction = false;
    if (head?.kind !== 'query' && head?.kind !== 'sync') throw new MalformedError('malformed.phase', 'the server is ready although answers are due');
    this.#take();
    this.#suppressed = false;
    if (state.transaction === 'I') {
      state.statements.portals.clear();
      if (state.catalogInTransaction || state.changesObjects) {
        if (state.changesObjects) catalogs.invalidate();
        state.catalogInTransaction = false;
        state.changesObjects &&= state.pending.touchesNames;
        catalogs.changing(this.#context.sessionId, state.changesObjects);
        state.settingsDirty = true;
      }
      if (state.settingsInTransaction) {
        state.settingsInTransaction = false;
        state.settingsDirty = true;
      }
    }
    if (head.injection) head.injection.done();
    else toClient.view(source, start, end);
  }

  // --- errors, notices and the like -----------------------------------------------------------------------------

  #error(body: Buffer): void {
    const { state, toClient, journal, masks } = this.#context;
    const head = state.pending.peek();
    const plan = planOf(head);
    const masked = maskMessage('error', body, plan.scrubMessages || state.scrubTransaction, plan.unmasked, masks);
    if (head?.injection) {
      head.injection.failed = masked.message;
      this.#failed(head);
      head.injection.failedSignal?.();
      return;
    }
    const record = head && 'record' in head ? head.record : 0;
    if (head?.denial) toClient.push(denialBytes(head.denial));
    else {
      journal.error(record, masked.code, masked.message);
      if (!this.#suppressed) toClient.push(masked.bytes);
    }
    // FATAL and PANIC: the server hangs up; there may be no entry for it.
    if (head) this.#failed(head);
    else if (masked.severity === 'ERROR') throw new MalformedError('malformed.phase', 'the server sent an error that answers nothing');
  }

  /** Leaves the queue as the server leaves its input: a simple query waits for ReadyForQuery, the rest skips to Sync. */
  #failed(head: Pending): void {
    const { state } = this.#context;
    this.#copyOut = undefined;
    if (head.kind === 'query') {
      head.failed = true;
      delete head.result;
      return;
    }
    if (head.kind === 'sync') return;
    for (const dropped of state.pending.dropUntilSync().reverse()) dropped.undo?.();
    state.serverSkips = state.pending.length === 0;
  }

  #notice(body: Buffer): void {
    const { state, toClient, masks } = this.#context;
    const head = state.pending.peek();
    if (head?.injection) return;
    const plan = planOf(head);
    const masked = maskMessage('notice', body, plan.scrubMessages || state.scrubTransaction, plan.unmasked, masks);
    this.#context.journal.notice('notice', masked.message);
    toClient.push(masked.bytes);
  }

  #notification(body: Buffer): void {
    const { processId, channel, payload } = decodeNotificationResponse(body);
    const masked = maskText(payload, NO_PLAN, this.#context.masks).text;
    this.#context.journal.notice('notification', `${channel}: ${masked}`);
    this.#context.toClient.push(encodeNotificationResponse(processId, channel, masked));
  }

  #parameter(body: Buffer): void {
    const { state, masks, toClient } = this.#context;
    const { name, value } = decodeParameterStatus(body);
    if (name === 'client_encoding') assertUtf8(value, state.serverEncoding);
    if (name === 'standard_conforming_strings' || name === 'search_path') state.settingsDirty = true;
    toClient.push(encodeParameterStatus(name, maskText(value, NO_PLAN, masks).text));
  }

  #injected(head: Pending, type: number, body: Buffer): void {
    if (type === t.RowDescription) return;
    if (type !== t.ParseComplete && type !== t.BindComplete && type !== t.CommandComplete && type !== t.CloseComplete) {
      throw new MalformedError('malformed.phase', `the server answered the proxy's own query with ${typeLabel(type)}`);
    }
    decodeBackend({ type, raw: body, body });
    this.#take();
    // The last message of an injection in an open pipeline is its second Close.
    if (head.kind === 'close' && this.#context.state.pending.peek()?.injection !== head.injection) head.injection?.done();
  }

  // --- COPY -----------------------------------------------------------------------------------------------------

  #copy(head: Pending, type: number, source: Buffer, start: number, end: number, body: Buffer): void {
    if (head.kind !== 'query' && head.kind !== 'execute') throw new MalformedError('malformed.phase', 'the server sent COPY data that nobody asked for');
    const { toClient } = this.#context;
    const planned = head.kind === 'query' ? head.statements[head.index] : head.portal?.analysis && { analysis: head.portal.analysis, plan: head.portal.plan };
    if (!planned) throw new MalformedError('malformed.phase', 'the server started a COPY without a statement');
    if (this.#suppressed && type !== t.CopyInResponse) return;
    switch (type) {
      case t.CopyInResponse:
        if (!planned.analysis.effects.copyIn) throw new MalformedError('malformed.phase', 'the server asks for data of a statement that is no COPY FROM STDIN');
        decodeCopyResponse(body);
        head.copyBegun = (head.copyBegun ?? 0) + 1;
        toClient.view(source, start, end);
        return;
      case t.CopyOutResponse:
        if (!planned.analysis.effects.copyOut) throw new MalformedError('malformed.phase', 'the server sends data of a statement that is no COPY TO STDOUT');
        decodeCopyResponse(body);
        this.#copyOut = new CopyOut(planned.analysis, planned.plan, this.#context, head.record, this.#level);
        toClient.view(source, start, end);
        return;
      case t.CopyData:
        if (!this.#copyOut) throw new MalformedError('malformed.phase', 'COPY data outside a COPY');
        this.#copyOut.data(source, start, end, body, toClient);
        return;
      default:
        this.#copyOut?.end(toClient);
        this.#copyOut = undefined;
        toClient.view(source, start, end);
    }
  }
}

const plannedOf = (head: QueryEntry | ExecuteEntry): StatementAnalysis | undefined => (head.kind === 'query' ? head.statements[head.index]?.analysis : head.portal?.analysis);

function planOf(head: Pending | undefined): MaskPlan {
  if (head?.kind === 'query') return head.statements[Math.min(head.index, head.statements.length - 1)]?.plan ?? NO_PLAN;
  if (head?.kind === 'execute') return head.portal?.plan ?? NO_PLAN;
  return head?.kind === 'bind' ? (head.plan ?? NO_PLAN) : NO_PLAN;
}

function formatsOf(portal: Portal, columns: number): readonly number[] {
  const { resultFormats } = portal;
  if (resultFormats.length === columns) return resultFormats;
  return Array.from({ length: columns }, () => (resultFormats.length === 1 ? (resultFormats[0] ?? 0) : 0));
}

const sameFormats = (a: readonly number[], b: readonly number[]): boolean => a === b || (a.length === b.length && a.every((f, i) => f === b[i]));

function sameColumns(a: readonly ResultColumn[], b: readonly ResultColumn[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((c, i) => {
    const d = b[i];
    return d !== undefined && c.name === d.name && c.typeOid === d.typeOid && c.tableOid === d.tableOid && c.attnum === d.attnum;
  });
}
