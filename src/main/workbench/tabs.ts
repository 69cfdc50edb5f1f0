/** The workbench's tabs: one session of the local proxy each, opened again by the next run when it has ended. */
import { randomBytes } from 'node:crypto';
import { ConfigError, EnvironmentError, messageOf } from '../../base/errors.ts';
import type { HistoryEntry, WorkbenchEvent } from '../../contract/ipc/workbench.ts';
import type { ProxyEvent } from '../../proxy/core/events.ts';
import type { Work } from '../work/work.ts';
import { WorkbenchConnection, type QuerySink } from './connection.ts';
import { explainText } from './dry-run.ts';
import { ResultStore } from './result-store.ts';
import { Run } from './run.ts';

export interface TabsOptions {
  readonly work: Work;
  emit(event: WorkbenchEvent): void;
  /** Called once for each run that has ended. */
  remember(entry: HistoryEntry, tab: Tab): void;
  /** A denial could not be explained beyond its message. */
  unexplained(error: unknown): void;
  /** 0: idle sessions are not ended. */
  idleMinutes(): number;
}

export interface Tab {
  readonly id: string;
  readonly connection: string;
  readonly results: ResultStore;
  session: WorkbenchConnection | undefined;
  run: Run | undefined;
  idle: NodeJS.Timeout | undefined;
  /** The newest dry run. */
  forecast: AbortController | undefined;
  closed: boolean;
}

const newId = (prefix: string): string => `${prefix}_${randomBytes(9).toString('hex')}`;

export class Tabs {
  readonly #o: TabsOptions;
  readonly #tabs = new Map<string, Tab>();

  constructor(options: TabsOptions) {
    this.#o = options;
    const off = options.work.runtime.events.on((event) => this.#proxyEvent(event));
    options.work.signal.addEventListener('abort', () => {
      off();
      for (const tab of this.#tabs.values()) this.close(tab.id);
    });
  }

  /** @throws ConfigError for a tab that was closed */
  get(id: string): Tab {
    const tab = this.#tabs.get(id);
    if (tab === undefined) throw new ConfigError('this tab is closed', { fix: 'open the connection again' });
    return tab;
  }

  async open(connection: string): Promise<{ tab: Tab; session: WorkbenchConnection }> {
    const tab: Tab = { id: newId('tab'), connection, results: new ResultStore(), session: undefined, run: undefined, idle: undefined, forecast: undefined, closed: false };
    const session = await this.#connect(tab);
    this.#tabs.set(tab.id, tab);
    this.#waitIdle(tab);
    return { tab, session };
  }

  async #connect(tab: Tab): Promise<WorkbenchConnection> {
    if (tab.session?.isOpen === true) return tab.session;
    const local = await this.#o.work.runtime.openForApp(tab.connection);
    const session: WorkbenchConnection = await WorkbenchConnection.open(local, tab.connection, (error) => {
      if (tab.session !== session) return;
      tab.session = undefined;
      if (!tab.closed) this.#o.emit({ type: 'disconnected', tabId: tab.id, message: messageOf(error) });
    });
    tab.session = session;
    return session;
  }

  close(id: string): void {
    const tab = this.#tabs.get(id);
    if (tab === undefined) return;
    this.#tabs.delete(id);
    tab.closed = true;
    clearTimeout(tab.idle);
    tab.results.clear();
    if (tab.run !== undefined) tab.session?.cancel();
    tab.session?.close();
  }

  /** Starts a run; everything else comes as events. @throws EnvironmentError when one is running already */
  start(tab: Tab, sql: string, maxRows: number): string {
    if (tab.run !== undefined) throw new EnvironmentError('env.cancelled', 'a statement is still running in this tab: stop it first');
    tab.results.clear();
    clearTimeout(tab.idle);
    const runId = newId('run');
    const run = new Run({ tabId: tab.id, runId, sql, maxRows, classes: this.#o.work.bundle.engine.classes, results: tab.results, emit: (event) => this.#o.emit(event) });
    tab.run = run;
    // The reply with the run's id goes out before its first event.
    setImmediate(() => void this.#perform(tab, run, runId, sql));
    return runId;
  }

  async #perform(tab: Tab, run: Run, runId: string, sql: string): Promise<void> {
    try {
      const session = await this.#connect(tab);
      run.started(session.sessionId);
      const status = await session.query(sql, run);
      if (run.wasRefused) await this.#explain(tab, run, sql);
      run.finished(status);
    } catch (error) {
      run.lost(messageOf(error));
    } finally {
      tab.run = undefined;
      const { outcome, rowCount, message } = run.summary();
      this.#o.remember({ id: runId, connection: tab.connection, sql, startedMs: run.startedMs, elapsedMs: run.elapsedMs, outcome, ...(rowCount === undefined ? {} : { rowCount }), ...(message === undefined ? {} : { message }) }, tab);
      if (!tab.closed) this.#waitIdle(tab);
    }
  }

  /** A comfort: without it the error still says what it says. */
  async #explain(tab: Tab, run: Run, sql: string): Promise<void> {
    try {
      run.explained(explainText(sql, await (await this.#o.work.runtime.listenerOf(tab.connection)).bench('app')));
    } catch (error) {
      this.#o.unexplained(error);
    }
  }

  /** A query of main's own in the tab's session, such as EXPLAIN: decided and recorded like any other. */
  async ask(tab: Tab, sql: string, sink: QuerySink): Promise<void> {
    if (tab.run !== undefined) throw new EnvironmentError('env.cancelled', 'a statement is still running in this tab: stop it first');
    await (await this.#connect(tab)).query(sql, sink);
  }

  #waitIdle(tab: Tab): void {
    clearTimeout(tab.idle);
    const minutes = this.#o.idleMinutes();
    if (minutes === 0) return;
    tab.idle = setTimeout(() => {
      const session = tab.session;
      tab.session = undefined;
      session?.close();
      this.#o.emit({ type: 'disconnected', tabId: tab.id, message: `The session was idle for ${minutes} minutes and has ended. The next run opens a new one.` });
    }, minutes * 60_000);
    tab.idle.unref();
  }

  #proxyEvent(event: ProxyEvent): void {
    if (event.event !== 'statement.result' && event.event !== 'request.held' && event.event !== 'request.released') return;
    for (const { session, run } of this.#tabs.values()) {
      if (session?.sessionId !== event.session_id || run === undefined) continue;
      if (event.event === 'statement.result') run.statementResult(event);
      else if (event.event === 'request.held') run.held(event);
      else run.released(event);
    }
  }

  /** The store has seen a decision; the proxy decides whether it counts. */
  approvalsSeen(id: string, approvals: number): void {
    for (const { run } of this.#tabs.values()) run?.approvalsSeen(id, approvals);
  }
}
