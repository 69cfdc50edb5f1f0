/** One run in a tab: turns what the session answers into events for the window, in batches, up to the row limit. */
import type { ResultColumn, Row } from '../../contract/ipc/common.ts';
import type { Explanation, WorkbenchEvent } from '../../contract/ipc/workbench.ts';
import type { ProxyEvent } from '../../proxy/core/events.ts';
import type { DataClass } from '../../policy/types.ts';
import { noticeField, type FieldDescription, type NoticeField, type TransactionStatus } from '../../wire/postgres/index.ts';
import { findCellMarks } from './cell-marks.ts';
import type { QuerySink } from './connection.ts';
import { typeName } from './pg-types.ts';
import type { KeptResult, ResultStore } from './result-store.ts';
import { toSqlError } from './sql-error.ts';

export interface RunOptions {
  readonly tabId: string;
  readonly runId: string;
  readonly sql: string;
  readonly maxRows: number;
  readonly classes: readonly DataClass[];
  readonly results: ResultStore;
  emit(event: WorkbenchEvent): void;
}

type Statement = Extract<ProxyEvent, { event: 'statement.result' }>;
type HeldEvent = Extract<ProxyEvent, { event: 'request.held' }>;
type ReleasedEvent = Extract<ProxyEvent, { event: 'request.released' }>;

export interface RunSummary {
  readonly outcome: 'ok' | 'error' | 'denied' | 'held' | 'cancelled';
  readonly rowCount: number | undefined;
  readonly message: string | undefined;
}

const BATCH_ROWS = 2_000;
/** Text that main keeps of one run; beyond it rows are counted only. */
const KEEP_CHARS = 256 * 1024 * 1024;
const QUERY_CANCELED = '57014';

interface Current {
  readonly id: string;
  readonly kept: KeptResult;
  readonly fresh: Row[];
  total: number;
}

export class Run implements QuerySink {
  readonly #o: RunOptions;
  readonly #startedMs = Date.now();
  readonly #began = performance.now();
  #statementBegan = performance.now();
  #statement = 0;
  #current: Current | undefined;
  #keptChars = 0;
  #masks: Statement[] = [];
  #copyRest = '';
  #outcome: 'ok' | 'error' | 'cancelled' = 'ok';
  #summary: { denied: boolean; held: boolean; rows: number | undefined; message: string | undefined } = { denied: false, held: false, rows: undefined, message: undefined };
  #approvals = 0;
  #hold: HeldEvent | undefined;

  constructor(options: RunOptions) {
    this.#o = options;
  }

  get startedMs(): number {
    return this.#startedMs;
  }

  get elapsedMs(): number {
    return performance.now() - this.#began;
  }

  started(sessionId: string): void {
    const { tabId, runId } = this.#o;
    this.#o.emit({ type: 'started', tabId, runId, startedMs: this.#startedMs, sessionId });
  }

  // --- what the proxy tells beside the protocol -------------------------------------------------------------------

  /** Comes before the bytes that end the statement: both run in this process, and the proxy tells first. */
  statementResult(event: Statement): void {
    this.#masks.push(event);
  }

  held(event: HeldEvent): void {
    const { tabId, runId, sql } = this.#o;
    this.#hold = event;
    this.#approvals = 0;
    this.#summary.held = true;
    this.#o.emit({
      ...{ type: 'held', tabId, runId, approvalId: event.approval_id, sql, reason: event.reason },
      ...{ policyIds: [...event.policy_ids], approvers: [...event.approvers], quorum: event.quorum, approvals: 0, expiresMs: event.expires_ms },
    });
  }

  /** @param approvals distinct approvals that the store has seen so far */
  approvalsSeen(id: string, approvals: number): void {
    if (this.#hold?.approval_id !== id || approvals === this.#approvals) return;
    this.#approvals = approvals;
    const { tabId, runId } = this.#o;
    this.#o.emit({ type: 'hold_changed', tabId, runId, approvalId: id, state: 'pending', approvals });
  }

  released(event: ReleasedEvent): void {
    const hold = this.#hold;
    if (hold?.approval_id !== event.approval_id) return;
    this.#hold = undefined;
    const { tabId, runId } = this.#o;
    const state = event.outcome === 'refused' ? 'denied' : event.outcome;
    const by = /^approved by (.+)$/.exec(event.reason)?.[1];
    const approvals = event.outcome === 'approved' ? hold.quorum : this.#approvals;
    this.#o.emit({ type: 'hold_changed', tabId, runId, approvalId: event.approval_id, state, approvals, ...(by === undefined ? { reason: event.reason } : { by }) });
  }

  // --- what the protocol says -------------------------------------------------------------------------------------

  columns(fields: readonly FieldDescription[]): void {
    this.#begin(fields.map((f) => ({ name: f.name, type: typeName(f.typeOid, f.typeModifier) })));
  }

  #begin(columns: ResultColumn[]): void {
    const { tabId, runId, results } = this.#o;
    const id = `${runId}-${this.#statement}`;
    this.#current = { id, kept: results.begin(id, columns), fresh: [], total: 0 };
    this.#o.emit({ type: 'columns', tabId, runId, resultId: id, statement: this.#statement, columns });
  }

  row(cells: (string | null)[]): void {
    const current = this.#current;
    if (current === undefined) return;
    current.total++;
    if (current.kept.rows.length >= this.#o.maxRows || this.#keptChars > KEEP_CHARS) return;
    for (const cell of cells) this.#keptChars += cell?.length ?? 0;
    current.kept.rows.push(cells);
    current.fresh.push(cells);
    if (current.fresh.length >= BATCH_ROWS) this.pause();
  }

  copyOut(data: Buffer | 'begin' | 'end'): void {
    if (data === 'begin') {
      this.#copyRest = '';
      this.#begin([{ name: 'COPY', type: 'text' }]);
    } else if (data === 'end') {
      if (this.#copyRest !== '') this.row([this.#copyRest]);
      this.#copyRest = '';
    } else {
      const lines = (this.#copyRest + data.toString('utf8')).split('\n');
      this.#copyRest = lines.pop() ?? '';
      for (const line of lines) this.row([line]);
    }
  }

  pause(): void {
    const current = this.#current;
    if (current === undefined || current.fresh.length === 0) return;
    const { tabId, runId } = this.#o;
    this.#o.emit({ type: 'rows', tabId, runId, resultId: current.id, rows: current.fresh.splice(0) });
  }

  complete(tag: string, rows: number | undefined): void {
    this.pause();
    const { tabId, runId } = this.#o;
    const current = this.#current;
    if (current !== undefined) this.#showMasks(current);
    const now = performance.now();
    const rowCount = current?.total ?? rows ?? 0;
    this.#summary.rows = rowCount;
    this.#o.emit({
      ...{ type: 'complete', tabId, runId, statement: this.#statement, tag, rowCount, elapsedMs: now - this.#statementBegan },
      truncated: current !== undefined && current.total > current.kept.rows.length,
      ...(current === undefined ? {} : { resultId: current.id }),
    });
    this.#current = undefined;
    this.#statement++;
    this.#statementBegan = now;
  }

  #showMasks(current: Current): void {
    const event = this.#masks.shift();
    if (event === undefined) return;
    const { tabId, runId, classes } = this.#o;
    const kinds = new Map(classes.map((c) => [c.id, c.mask.kind]));
    const columns = event.masked.map((m) => ({ column: m.column, mask: { classId: m.classId, kind: kinds.get(m.classId) ?? ('full' as const), rule: m.rule } }));
    const cells = findCellMarks({ rows: current.kept.rows, maskedColumns: new Set(columns.map((c) => c.column)), detected: event.detected, classes });
    if (columns.length > 0 || cells.length > 0) this.#o.emit({ type: 'masks', tabId, runId, resultId: current.id, columns, cells });
  }

  notice(fields: readonly NoticeField[]): void {
    const optional = { detail: noticeField(fields, 'detail'), hint: noticeField(fields, 'hint'), sqlstate: noticeField(fields, 'code') };
    const { tabId, runId } = this.#o;
    this.#o.emit({ type: 'notice', tabId, runId, severity: noticeField(fields, 'severityNonLocalized') ?? noticeField(fields, 'severity') ?? 'NOTICE', message: noticeField(fields, 'message') ?? '', ...optional });
  }

  error(fields: readonly NoticeField[]): void {
    this.pause();
    const error = toSqlError(fields);
    this.#outcome = error.sqlstate === QUERY_CANCELED ? 'cancelled' : 'error';
    this.#summary.denied = error.refusal !== undefined;
    this.#summary.message = error.message;
    const { tabId, runId } = this.#o;
    this.#o.emit({ type: 'error', tabId, runId, statement: this.#statement, error });
  }

  /** The proxy or an approver refused it. */
  get wasRefused(): boolean {
    return this.#summary.denied;
  }

  /** Says nothing of a statement that an approver denied: that person's reason is the explanation. */
  explained(explanations: readonly Explanation[]): void {
    if (this.#summary.held || explanations.length === 0) return;
    const { tabId, runId, sql } = this.#o;
    this.#o.emit({ type: 'explained', tabId, runId, sql, explanations: [...explanations] });
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  finished(status: TransactionStatus): void {
    const transaction = status === 'I' ? 'idle' : status === 'T' ? 'open' : 'failed';
    this.#finish(transaction);
  }

  /** The session ended under the run. */
  lost(message: string): void {
    this.pause();
    this.#outcome = 'error';
    this.#summary.message = message;
    const { tabId, runId } = this.#o;
    this.#o.emit({ type: 'error', tabId, runId, error: { sqlstate: '08006', message, policyIds: [] } });
    this.#finish('idle');
  }

  #finish(transaction: 'idle' | 'open' | 'failed'): void {
    const { tabId, runId } = this.#o;
    this.#o.emit({ type: 'finished', tabId, runId, elapsedMs: this.elapsedMs, outcome: this.#outcome, transaction });
  }

  summary(): RunSummary {
    const { denied, held, rows, message } = this.#summary;
    const outcome = denied ? 'denied' : this.#outcome === 'ok' ? (held ? 'held' : 'ok') : this.#outcome;
    return { outcome, rowCount: rows, message };
  }
}
