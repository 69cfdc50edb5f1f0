/** What the window knows of one run: a fold over the events that main sends. Pure but for the row buffers. */
import type { SqlError } from '../../contract/ipc/common.ts';
import type { Explanation, WorkbenchEvent } from '../../contract/ipc/workbench.ts';
import { ResultBuffer } from '../../ui/result-buffer.ts';

export type RunEvent = Exclude<WorkbenchEvent, { type: 'disconnected' }>;
type Held = Extract<WorkbenchEvent, { type: 'held' }>;

export interface ResultView {
  readonly resultId: string;
  readonly statement: number;
  readonly buffer: ResultBuffer;
  readonly version: number;
  readonly tag: string | undefined;
  readonly elapsedMs: number | undefined;
  /** Rows that the server sent, also where the grid keeps fewer. */
  readonly rowCount: number | undefined;
  readonly truncated: boolean;
}

export interface HoldView {
  readonly held: Held;
  readonly state: 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled';
  readonly approvals: number;
  readonly by: string | undefined;
  readonly reason: string | undefined;
}

export interface RunMessage {
  readonly kind: 'done' | 'notice' | 'hold' | 'error';
  readonly title: string;
  readonly text: string;
}

export interface RunState {
  readonly runId: string;
  readonly startedMs: number;
  readonly phase: 'running' | 'held' | 'ok' | 'error' | 'cancelled';
  readonly elapsedMs: number | undefined;
  readonly results: readonly ResultView[];
  readonly messages: readonly RunMessage[];
  readonly hold: HoldView | undefined;
  readonly error: SqlError | undefined;
  /** Why the run was stopped, with places in the text that was run. */
  readonly explained: { readonly sql: string; readonly explanations: readonly Explanation[] } | undefined;
  readonly transaction: 'idle' | 'open' | 'failed';
}

export const isActive = (run: RunState | undefined): boolean => run?.phase === 'running' || run?.phase === 'held';

export const startRun = (runId: string, startedMs: number): RunState => ({
  runId,
  startedMs,
  phase: 'running',
  elapsedMs: undefined,
  results: [],
  messages: [],
  hold: undefined,
  error: undefined,
  explained: undefined,
  transaction: 'idle',
});

const say = (run: RunState, message: RunMessage): RunState => ({ ...run, messages: [...run.messages, message] });

function updateResult(run: RunState, resultId: string, change: (r: ResultView) => ResultView): RunState {
  return { ...run, results: run.results.map((r) => (r.resultId === resultId ? change(r) : r)) };
}

function onComplete(run: RunState, event: Extract<RunEvent, { type: 'complete' }>): RunState {
  const next = say(run, { kind: 'done', title: event.tag, text: event.truncated ? `Only the first rows are kept here; the session recorded all ${event.rowCount}.` : '' });
  if (event.resultId === undefined) return next;
  return updateResult(next, event.resultId, (r) => ({ ...r, tag: event.tag, elapsedMs: event.elapsedMs, rowCount: event.rowCount, truncated: event.truncated }));
}

function onHoldChanged(run: RunState, event: Extract<RunEvent, { type: 'hold_changed' }>): RunState {
  if (run.hold?.held.approvalId !== event.approvalId) return run;
  const hold: HoldView = { ...run.hold, state: event.state, approvals: event.approvals, by: event.by, reason: event.reason };
  const next: RunState = { ...run, hold, phase: event.state === 'pending' ? 'held' : run.phase === 'held' ? 'running' : run.phase };
  if (event.state === 'pending') return next;
  const who = [event.by, event.reason].filter((x) => x !== undefined).join(': ');
  return say(next, { kind: 'hold', title: `Hold ${event.state}`, text: who });
}

/** The run after an event. Events of another run are ignored: they belong to something already replaced. */
export function applyRunEvent(run: RunState, event: RunEvent): RunState {
  if (event.runId !== run.runId) return run;
  switch (event.type) {
    case 'started':
      return { ...run, startedMs: event.startedMs };
    case 'columns': {
      const fresh: ResultView = { resultId: event.resultId, statement: event.statement, buffer: new ResultBuffer(event.columns), version: 0, tag: undefined, elapsedMs: undefined, rowCount: undefined, truncated: false };
      return { ...run, results: [...run.results, fresh] };
    }
    case 'rows':
      return updateResult(run, event.resultId, (r) => {
        r.buffer.append(event.rows, event.marks);
        return { ...r, version: r.buffer.version };
      });
    case 'masks':
      return updateResult(run, event.resultId, (r) => {
        r.buffer.mark(event.cells, event.columns);
        return { ...r, version: r.buffer.version };
      });
    case 'complete':
      return onComplete(run, event);
    case 'notice':
      return say(run, { kind: 'notice', title: event.severity, text: [event.message, event.detail, event.hint].filter((x) => x !== undefined).join('\n') });
    case 'held':
      return say(
        { ...run, phase: 'held', hold: { held: event, state: 'pending', approvals: event.approvals, by: undefined, reason: undefined } },
        { kind: 'hold', title: 'Held for approval', text: event.reason },
      );
    case 'hold_changed':
      return onHoldChanged(run, event);
    case 'error':
      return say({ ...run, error: event.error }, { kind: 'error', title: `${event.error.refusal === undefined ? 'Error' : 'Denied'} · ${event.error.sqlstate}`, text: event.error.message });
    case 'explained':
      return { ...run, explained: { sql: event.sql, explanations: event.explanations } };
    case 'finished':
      return { ...run, phase: event.outcome, elapsedMs: event.elapsedMs, transaction: event.transaction };
  }
}
