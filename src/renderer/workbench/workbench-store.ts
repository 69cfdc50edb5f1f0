/** Tabs of the workbench. They live outside React, so that runs go on while another screen is open. */
import type { OpenReply, SchemaReply, WorkbenchEvent } from '../../contract/ipc/workbench.ts';
import type { DryRunState } from '../../ui/dry-run.ts';
import { initialDryRun } from '../../ui/dry-run.ts';
import { api, ask } from '../api.ts';
import { goTo } from '../navigation.ts';
import { attempt } from '../notify.ts';
import { createStore } from '../../ui/store.ts';
import type { RunState } from './run-model.ts';
import { applyRunEvent, startRun } from './run-model.ts';

export interface PlanView {
  readonly sql: string;
  readonly lines: readonly string[];
  readonly elapsedMs: number;
}

export interface Tab {
  readonly session: OpenReply;
  /** Number among the tabs of the same connection: `shop 2`. */
  readonly number: number;
  readonly schema: SchemaReply | undefined;
  readonly dryRun: DryRunState;
  readonly run: RunState | undefined;
  readonly plan: PlanView | undefined;
  /** `messages`, `plan` or the id of a result. */
  readonly pane: string;
  readonly disconnected: string | undefined;
}

export interface WorkbenchState {
  readonly tabs: readonly Tab[];
  readonly active: string | undefined;
  /** Name of a connection that is being opened. */
  readonly opening: string | undefined;
}

export const workbench = createStore<WorkbenchState>({ tabs: [], active: undefined, opening: undefined });

export function updateTab(tabId: string, change: (tab: Tab) => Tab): void {
  workbench.set((s) => ({ ...s, tabs: s.tabs.map((t) => (t.session.tabId === tabId ? change(t) : t)) }));
}

/** The tab after an event; a fresh result comes to the front, an error shows the messages. */
export function applyTabEvent(tab: Tab, event: WorkbenchEvent): Tab {
  if (event.type === 'disconnected') return { ...tab, disconnected: event.message };
  // Main names the run in its reply to `run`; its first event may overtake that reply.
  const base = event.type === 'started' && tab.run?.runId !== event.runId ? startRun(event.runId, event.startedMs) : tab.run;
  if (base === undefined) return tab;
  const run = applyRunEvent(base, event);
  if (event.runId !== run.runId) return tab;
  if (event.type === 'started') return { ...tab, run, disconnected: undefined };
  if (event.type === 'columns') return { ...tab, run, pane: run.results.length === 1 ? event.resultId : tab.pane };
  if (event.type === 'error' || (event.type === 'finished' && run.results.length === 0)) return { ...tab, run, pane: 'messages' };
  return { ...tab, run };
}

/** Events are applied in groups, so that a result of a million rows does not draw the screen a thousand times. */
const queue: WorkbenchEvent[] = [];
const FLUSH_MS = 30;
let timer: ReturnType<typeof setTimeout> | undefined;

function flush(): void {
  timer = undefined;
  const events = queue.splice(0);
  workbench.set((s) => ({ ...s, tabs: s.tabs.map((tab) => events.filter((e) => e.tabId === tab.session.tabId).reduce(applyTabEvent, tab)) }));
}

/** Call once at start. */
export function listenToWorkbench(): () => void {
  return api.workbench.onEvent((event) => {
    queue.push(event);
    timer ??= setTimeout(flush, FLUSH_MS);
  });
}

export function openTab(connection: string): void {
  goTo('workbench');
  workbench.set((s) => ({ ...s, opening: connection }));
  attempt(`Could not open ${connection}`, async () => {
    try {
      const session = await ask(api.workbench.open({ connection }));
      workbench.set((s) => {
        const number = Math.max(0, ...s.tabs.filter((t) => t.session.connection === connection).map((t) => t.number)) + 1;
        const tab: Tab = { session, number, schema: undefined, dryRun: initialDryRun, run: undefined, plan: undefined, pane: 'messages', disconnected: undefined };
        return { ...s, tabs: [...s.tabs, tab], active: session.tabId };
      });
      loadSchema(session.tabId);
    } finally {
      workbench.set((s) => ({ ...s, opening: undefined }));
    }
  });
}

/** Completion is a comfort: the editor works without it, and the message says so. */
export function loadSchema(tabId: string): void {
  attempt('Completion without tables: the schema could not be read', async () => {
    const schema = await ask(api.workbench.schema({ tabId }));
    updateTab(tabId, (t) => ({ ...t, schema }));
  });
}

export function closeTab(tabId: string): void {
  workbench.set((s) => {
    const index = s.tabs.findIndex((t) => t.session.tabId === tabId);
    const tabs = s.tabs.filter((t) => t.session.tabId !== tabId);
    return { ...s, tabs, active: s.active === tabId ? (tabs[index] ?? tabs[index - 1])?.session.tabId : s.active };
  });
  attempt('The session did not close cleanly', async () => {
    await ask(api.workbench.close({ tabId }));
  });
}

export function runSql(tabId: string, sql: string, maxRows: number): void {
  if (sql.trim() === '') return;
  attempt('Could not run', async () => {
    const { runId } = await ask(api.workbench.run({ tabId, sql, maxRows }));
    updateTab(tabId, (t) => (t.run?.runId === runId ? t : { ...t, run: startRun(runId, Date.now()) }));
  });
}

export function cancelRun(tabId: string): void {
  attempt('Could not cancel', async () => {
    await ask(api.workbench.cancel({ tabId }));
  });
}

export function explainSql(tabId: string, sql: string): void {
  if (sql.trim() === '') return;
  attempt('No plan', async () => {
    const reply = await ask(api.workbench.explain({ tabId, sql, analyze: false }));
    if (!reply.ok) throw new Error(reply.error.message);
    updateTab(tabId, (t) => ({ ...t, plan: { sql, lines: reply.lines, elapsedMs: reply.elapsedMs }, pane: 'plan' }));
  });
}
