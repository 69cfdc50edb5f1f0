/** The terminal's tabs: one session of the local proxy each, with its shells, its files and what of it waits for approval. */
import { randomBytes } from 'node:crypto';
import { ConfigError, EnvironmentError } from '../../base/errors.ts';
import { isApprovalId } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import type { TerminalEvent, TerminalTab } from '../../contract/ipc/terminal.ts';
import type { ProxyEvent } from '../../proxy/core/events.ts';
import type { Work } from '../work/work.ts';
import { endWords } from './end-advice.ts';
import { Pane } from './pane.ts';
import { TerminalSession, type WindowSize } from './session.ts';
import { shellForecast } from './shell-forecast.ts';

/** What terminals need of a signed-in person's work. */
export type TerminalWork = Pick<Work, 'runtime' | 'identity' | 'device' | 'signal'> & { readonly client: Pick<Work['client'], 'cancelApproval'> };

export interface TerminalsOptions {
  readonly work: TerminalWork;
  emit(event: TerminalEvent): void;
  /** A tab's session has ended. */
  lost(tabId: string): void;
}

export interface Tab {
  readonly id: string;
  readonly connection: string;
  readonly panes: Map<string, Pane>;
  session: TerminalSession | undefined;
  opening: boolean;
  /** Files on their way: they keep a session open whose shells have ended. */
  transfers: number;
  /** Requests of the session that wait. */
  readonly holds: Set<string>;
}

type Held = Extract<ProxyEvent, { event: 'request.held' }>;

/** What a recording says of a client that hung up. */
const CLIENT_CLOSED = 'the client closed the connection';

const newId = (prefix: string): string => `${prefix}_${randomBytes(9).toString('hex')}`;

export class Terminals {
  readonly #o: TerminalsOptions;
  readonly #tabs = new Map<string, Tab>();
  readonly #panes = new Map<string, Tab>();
  /** Sessions whose end is still to be explained. */
  readonly #ended = new Map<string, Tab>();

  constructor(options: TerminalsOptions) {
    this.#o = options;
    const off = options.work.runtime.events.on((event) => this.#proxyEvent(event));
    options.work.signal.addEventListener('abort', () => {
      off();
      for (const tab of this.#tabs.values()) this.close(tab.id);
    });
  }

  /** @throws ConfigError for a tab that was closed */
  tab(id: string): Tab {
    const tab = this.#tabs.get(id);
    if (tab === undefined) throw new ConfigError('this terminal is closed', { fix: 'open the connection again' });
    return tab;
  }

  /** @throws EnvironmentError when its session has ended */
  session(id: string): TerminalSession {
    const { session } = this.tab(id);
    if (session?.isOpen !== true) throw new EnvironmentError('env.cancelled', 'the session has ended: reconnect first');
    return session;
  }

  async open(connection: string): Promise<TerminalTab> {
    const tab: Tab = { id: newId('tab'), connection, panes: new Map(), session: undefined, opening: false, transfers: 0, holds: new Set() };
    const view = await this.#connect(tab);
    this.#tabs.set(tab.id, tab);
    return view;
  }

  async reconnect(id: string): Promise<TerminalTab> {
    const tab = this.tab(id);
    if (tab.session?.isOpen === true) tab.session.close();
    return this.#connect(tab);
  }

  async #connect(tab: Tab): Promise<TerminalTab> {
    const { work } = this.#o;
    const target = work.runtime.targets.find((t) => t.info.name === tab.connection);
    if (target === undefined) throw new ConfigError(`there is no connection "${tab.connection}" for you`);
    if (tab.opening) throw new EnvironmentError('env.cancelled', 'it is being connected already');
    tab.opening = true;
    try {
      const local = await work.runtime.openSshForApp(tab.connection);
      const session: TerminalSession = await TerminalSession.open({ local, events: work.runtime.events, ended: () => this.#sessionEnded(tab, session) });
      tab.session = session;
      return { tabId: tab.id, connection: tab.connection, labels: { ...target.info.labels }, address: `${target.host}:${target.port}`, sessionId: session.id, shell: shellForecast(work, target) };
    } finally {
      tab.opening = false;
    }
  }

  #sessionEnded(tab: Tab, session: TerminalSession): void {
    if (tab.session !== session) return;
    tab.session = undefined;
    this.#clearHolds(tab);
    this.#o.lost(tab.id);
    if (!this.#tabs.has(tab.id)) return;
    this.#ended.set(session.id, tab);
    this.#o.emit({ type: 'disconnected', tabId: tab.id, message: '', neverBegan: false });
  }

  close(id: string): void {
    const tab = this.#tabs.get(id);
    if (tab === undefined) return;
    this.#tabs.delete(id);
    for (const paneId of tab.panes.keys()) this.#panes.delete(paneId);
    this.#o.lost(id);
    tab.session?.close();
  }

  newPane(id: string): string {
    const tab = this.tab(id);
    if (tab.panes.size >= limits.terminalPanesPerTab) throw new EnvironmentError('env.cancelled', `at most ${limits.terminalPanesPerTab} shells are shown side by side`);
    const paneId = newId('pane');
    const pane = new Pane({
      output: (data) => this.#o.emit({ type: 'output', paneId, data }),
      ended: (end) => this.#shellEnded(tab, paneId, end),
    });
    tab.panes.set(paneId, pane);
    this.#panes.set(paneId, tab);
    return paneId;
  }

  #shellEnded(tab: Tab, paneId: string, end: { readonly status?: number; readonly signal?: string }): void {
    if (this.#panes.has(paneId)) this.#o.emit({ type: 'pane_ended', paneId, ...end });
    this.endIdle(tab);
  }

  /** As with `ssh`: the connection ends with its last shell, and its recording closes. Files on their way come first. */
  endIdle(tab: Tab): void {
    if (tab.transfers > 0 || [...tab.panes.values()].some((p) => p.isOpen)) return;
    tab.session?.close();
  }

  async startShell(paneId: string, size: WindowSize): Promise<void> {
    const { tab, pane } = this.#pane(paneId);
    if (pane.isOpen) throw new EnvironmentError('env.cancelled', 'its shell is still running');
    const channel = await this.session(tab.id).shell(size);
    if (this.#panes.has(paneId)) pane.attach(channel);
    else channel.close();
  }

  closePane(paneId: string): void {
    const { tab, pane } = this.#pane(paneId);
    this.#panes.delete(paneId);
    tab.panes.delete(paneId);
    pane.close();
    this.endIdle(tab);
  }

  pane(paneId: string): Pane {
    return this.#pane(paneId).pane;
  }

  #pane(paneId: string): { tab: Tab; pane: Pane } {
    const tab = this.#panes.get(paneId);
    const pane = tab?.panes.get(paneId);
    if (tab === undefined || pane === undefined) throw new ConfigError('this terminal is closed', { fix: 'open the connection again' });
    return { tab, pane };
  }

  /** @throws ConfigError for a request that does not wait in this tab */
  async withdraw(id: string, approvalId: string): Promise<void> {
    if (!isApprovalId(approvalId) || !this.tab(id).holds.has(approvalId)) throw new ConfigError('this request does not wait any more');
    await this.#o.work.client.cancelApproval(approvalId);
  }

  /** The store has seen a decision; the proxy decides whether it counts. */
  approvalsSeen(approvalId: string, approvals: number): void {
    for (const tab of this.#tabs.values()) {
      if (tab.holds.has(approvalId)) this.#o.emit({ type: 'hold_changed', tabId: tab.id, approvalId, state: 'pending', approvals, reason: '' });
    }
  }

  #proxyEvent(event: ProxyEvent): void {
    if (event.event === 'session.closed') return this.#explainEnd(event.session_id, event.reason);
    if (event.event !== 'request.held' && event.event !== 'request.released' && event.event !== 'request.denied') return;
    const tab = [...this.#tabs.values()].find((t) => t.session?.id === event.session_id);
    if (tab === undefined) return;
    if (event.event === 'request.held') this.#held(tab, event);
    else if (event.event === 'request.denied') this.#o.emit({ type: 'denied', tabId: tab.id, reason: event.reason, policyIds: [...event.policy_ids], reference: event.reference });
    else this.#released(tab, event.approval_id, event.outcome, event.reason);
  }

  #held(tab: Tab, event: Held): void {
    tab.holds.add(event.approval_id);
    this.#o.emit({
      ...{ type: 'held', tabId: tab.id, approvalId: event.approval_id, statement: event.statement, reason: event.reason },
      ...{ policyIds: [...event.policy_ids], approvers: [...event.approvers], quorum: event.quorum, expiresMs: event.expires_ms },
    });
  }

  #released(tab: Tab, approvalId: string, outcome: 'approved' | 'denied' | 'expired' | 'cancelled' | 'refused', reason: string): void {
    if (!tab.holds.delete(approvalId)) return;
    this.#o.emit({ type: 'hold_changed', tabId: tab.id, approvalId, state: outcome === 'refused' ? 'denied' : outcome, approvals: 0, reason });
  }

  #clearHolds(tab: Tab): void {
    for (const approvalId of tab.holds) this.#o.emit({ type: 'hold_changed', tabId: tab.id, approvalId, state: 'cancelled', approvals: 0, reason: 'the session has ended' });
    tab.holds.clear();
  }

  /** The recording is closed after the connection, and knows why it ended. */
  #explainEnd(sessionId: string, reason: string): void {
    // As we know: the last shell had ended.
    if (reason === CLIENT_CLOSED) return void this.#ended.delete(sessionId);
    const tab = this.#ended.get(sessionId);
    this.#ended.delete(sessionId);
    if (tab !== undefined && tab.session === undefined && this.#tabs.has(tab.id)) this.#o.emit({ type: 'disconnected', tabId: tab.id, ...endWords(reason) });
  }
}
