/** Tabs of the terminal. They live outside React, so that shells go on while another screen is open. */
import type { Settings } from '../../contract/ipc/settings.ts';
import type { TerminalEvent, TerminalTab } from '../../contract/ipc/terminal.ts';
import { createStore } from '../../ui/store.ts';
import { api, ask } from '../api.ts';
import { goTo } from '../navigation.ts';
import { attempt, copyText } from '../notify.ts';
import { forgetFiles } from './files-store.ts';
import { InputQueue } from './input-queue.ts';
import type { TerminalCommand } from './keys.ts';
import type { Direction, Layout, Path } from './layout.ts';
import { neighbour, onlyPane, paneIds, splitPane, withoutPane, withRatio } from './layout.ts';
import type { Found, Scheme, Size } from './pane-view.ts';
import { PaneView } from './pane-view.ts';
import type { Pasted } from './paste.ts';
import { applyTransfer } from './transfers-store.ts';

export interface PaneState {
  readonly paneId: string;
  readonly phase: 'starting' | 'running' | 'ended';
  /** Its shell has written something: the host is signed on to. */
  readonly spoken: boolean;
  /** What became of the shell; empty while it runs. */
  readonly end: string;
  readonly title: string;
  /** Counts the bells, so that each is seen. */
  readonly bells: number;
}

export type Hold = Extract<TerminalEvent, { type: 'held' }> & { readonly approvals: number };
export type Refusal = Extract<TerminalEvent, { type: 'denied' }>;

export interface Tab {
  readonly info: TerminalTab;
  /** Number among the tabs of the same connection: `web1 2`. */
  readonly number: number;
  readonly layout: Layout;
  readonly panes: readonly PaneState[];
  readonly focused: string;
  readonly holds: readonly Hold[];
  /** The last one, until the person has seen it. */
  readonly refusal: Refusal | undefined;
  /** Why there is no session. */
  readonly disconnected: Pick<Extract<TerminalEvent, { type: 'disconnected' }>, 'message' | 'neverBegan'> | undefined;
  readonly reconnecting: boolean;
  readonly files: boolean;
  /** The panel was opened by a key, and takes the focus once it is there. */
  readonly filesByKey: boolean;
  /** What is looked for; undefined: the bar is closed. */
  readonly find: { readonly text: string; readonly found: Found } | undefined;
}

export interface TerminalState {
  readonly tabs: readonly Tab[];
  readonly active: string | undefined;
  /** Name of a connection that is being opened. */
  readonly opening: string | undefined;
  /** A paste that waits for a look. */
  readonly paste: { readonly paste: Pasted; readonly bracketed: boolean; readonly connection: string; readonly go: () => void } | undefined;
}

export const terminals = createStore<TerminalState>({ tabs: [], active: undefined, opening: undefined, paste: undefined });

interface Live {
  readonly view: PaneView;
  readonly queue: InputQueue;
  tabId: string;
  drawn: number;
  /** Its first shell has been asked for. */
  begun: boolean;
  started: boolean;
  /** Of its shell now. */
  spoken: boolean;
}

/** Bytes that are acknowledged at once; less than the quarter of what main sends ahead. */
const ACKNOWLEDGE_BYTES = 64 * 1024;
const live = new Map<string, Live>();
let appearance: { settings: Settings; scheme: Scheme } | undefined;

export const viewOf = (paneId: string): PaneView | undefined => live.get(paneId)?.view;

export function updateTab(tabId: string, change: (tab: Tab) => Tab): void {
  terminals.set((s) => ({ ...s, tabs: s.tabs.map((t) => (t.info.tabId === tabId ? change(t) : t)) }));
}

const updatePane = (tabId: string, paneId: string, change: Partial<PaneState>): void => updateTab(tabId, (t) => ({ ...t, panes: t.panes.map((p) => (p.paneId === paneId ? { ...p, ...change } : p)) }));

export const activeTab = (): Tab | undefined => {
  const { tabs, active } = terminals.get();
  return tabs.find((t) => t.info.tabId === active);
};

// --- what main tells --------------------------------------------------------------------------------------------

function applyEvent(event: TerminalEvent): void {
  switch (event.type) {
    case 'output':
      return output(event);
    case 'pane_ended': {
      const pane = live.get(event.paneId);
      if (pane === undefined) return;
      pane.started = false;
      updatePane(pane.tabId, event.paneId, { phase: 'ended', end: endOf(event) });
      return;
    }
    case 'disconnected':
      return updateTab(event.tabId, (t) => ({ ...t, disconnected: event, holds: [] }));
    case 'held':
      return updateTab(event.tabId, (t) => ({ ...t, refusal: undefined, holds: [...t.holds, { ...event, approvals: 0 }] }));
    case 'hold_changed':
      return updateTab(event.tabId, (t) => ({
        ...t,
        holds: event.state === 'pending' ? t.holds.map((h) => (h.approvalId === event.approvalId ? { ...h, approvals: event.approvals } : h)) : t.holds.filter((h) => h.approvalId !== event.approvalId),
      }));
    case 'denied':
      // Who took a request back need not be told that it is refused; the terminal says what became of it.
      if (/^withdrawn\b/.test(event.reason)) return;
      return updateTab(event.tabId, (t) => ({ ...t, refusal: event }));
    case 'transfer':
      return applyTransfer(event);
  }
}

function output({ paneId, data }: Extract<TerminalEvent, { type: 'output' }>): void {
  const pane = live.get(paneId);
  if (pane === undefined) return;
  pane.view.write(data);
  if (pane.spoken) return;
  pane.spoken = true;
  updatePane(pane.tabId, paneId, { spoken: true });
}

function endOf({ status, signal }: { status?: number | undefined; signal?: string | undefined }): string {
  if (signal !== undefined) return `The shell was ended by the signal ${signal}.`;
  if (status === undefined) return 'The connection ended before the shell did.';
  // What ssh itself gives for a connection that is gone.
  if (status === 255) return 'How the shell ended is not known.';
  return status === 0 ? 'The shell has ended.' : `The shell has ended with exit status ${status}.`;
}

// Once, when the first terminal is opened: this module is loaded then.
api.terminal.onEvent(applyEvent);

/** Settings and colours for terminals that are open, and for those to come. */
export function dress(settings: Settings, scheme: Scheme): void {
  appearance = { settings, scheme };
  for (const { view } of live.values()) view.use(settings, scheme);
}

// --- panes ------------------------------------------------------------------------------------------------------

/** The first terminal may be opened before the screen is there that keeps telling. */
async function known(): Promise<{ settings: Settings; scheme: Scheme }> {
  appearance ??= { settings: await ask(api.settings.get()), scheme: document.documentElement.getAttribute('data-mantine-color-scheme') === 'dark' ? 'dark' : 'light' };
  return appearance;
}

function createPane(tabId: string, paneId: string, { settings, scheme }: { settings: Settings; scheme: Scheme }): void {
  const report = (error: unknown): void => viewOf(paneId)?.note(`not sent: ${error instanceof Error ? error.message : 'the terminal is closed'}`);
  const queue = new InputQueue(async (data, binary) => {
    await ask(api.terminal.input({ paneId, data, binary })).catch(report);
  });
  const view = new PaneView(settings, scheme, {
    input: (data, binary) => queue.push(data, binary),
    resized: (size) => resized(paneId, size),
    drawn: (bytes) => drawn(paneId, bytes),
    bell: () => updateTab(tabId, (t) => ({ ...t, panes: t.panes.map((p) => (p.paneId === paneId ? { ...p, bells: p.bells + 1 } : p)) })),
    link: (url) => attempt('The link was not opened', () => ask(api.terminal.openLink({ url }))),
    command: (command) => runTerminalCommand(command),
    copy: (text) => copyText(text),
    look: (paste, bracketed, go) => terminals.set((s) => ({ ...s, paste: { paste, bracketed, go, connection: s.tabs.find((t) => t.info.tabId === tabId)?.info.connection ?? '' } })),
    found: (found) => updateTab(tabId, (t) => (t.find === undefined || t.focused !== paneId ? t : { ...t, find: { ...t.find, found } })),
    title: (title) => updatePane(tabId, paneId, { title: title.slice(0, 200) }),
    focused: () => updateTab(tabId, (t) => (t.focused === paneId ? t : { ...t, focused: paneId })),
  });
  live.set(paneId, { view, queue, tabId, drawn: 0, begun: false, started: false, spoken: false });
}

function drawn(paneId: string, bytes: number): void {
  const pane = live.get(paneId);
  if (pane === undefined) return;
  pane.drawn += bytes;
  if (pane.drawn < ACKNOWLEDGE_BYTES) return;
  const acknowledged = pane.drawn;
  pane.drawn = 0;
  // A pane that was closed meanwhile has nothing to acknowledge.
  api.terminal.acknowledge({ paneId, bytes: acknowledged }).catch(() => undefined);
}

function resized(paneId: string, size: Size): void {
  if (live.get(paneId)?.started === true) api.terminal.resize({ paneId, ...size }).catch(() => undefined);
}

/** When the pane is shown for the first time. */
export function beginShell(paneId: string): void {
  const pane = live.get(paneId);
  if (pane === undefined || pane.begun) return;
  pane.begun = true;
  startShell(paneId);
}

/** Starts the shell of a pane that is on the screen: its size is known. */
export function startShell(paneId: string): void {
  const pane = live.get(paneId);
  if (pane === undefined || pane.started) return;
  pane.started = true;
  pane.spoken = false;
  const { tabId, view } = pane;
  updatePane(tabId, paneId, { phase: 'starting', end: '', spoken: false });
  const { size } = view;
  ask(api.terminal.startShell({ paneId, ...size })).then(
    () => {
      updatePane(tabId, paneId, { phase: 'running', end: '' });
      // It may have changed meanwhile.
      const now = view.size;
      if (now.cols !== size.cols || now.rows !== size.rows) resized(paneId, now);
    },
    (error: unknown) => {
      pane.started = false;
      updatePane(tabId, paneId, { phase: 'ended', end: `The shell could not be started: ${error instanceof Error ? error.message : String(error)}.` });
    },
  );
}

const newPane = (paneId: string): PaneState => ({ paneId, phase: 'starting', spoken: false, end: '', title: '', bells: 0 });

export function focusPane(tabId: string, paneId: string): void {
  updateTab(tabId, (t) => ({ ...t, focused: paneId }));
  viewOf(paneId)?.focus();
}

export function split(tabId: string, direction: Direction): void {
  attempt('The terminal could not be split', async () => {
    const { paneId } = await ask(api.terminal.newPane({ tabId }));
    createPane(tabId, paneId, await known());
    updateTab(tabId, (t) => ({ ...t, panes: [...t.panes, newPane(paneId)], layout: splitPane(t.layout, t.focused, direction, paneId), focused: paneId }));
  });
}

export function resizeSplit(tabId: string, path: Path, ratio: number): void {
  updateTab(tabId, (t) => ({ ...t, layout: withRatio(t.layout, path, ratio) }));
}

export function closePane(tabId: string, paneId: string): void {
  const tab = terminals.get().tabs.find((t) => t.info.tabId === tabId);
  const layout = tab === undefined ? undefined : withoutPane(tab.layout, paneId);
  if (layout === undefined) {
    closeTab(tabId);
    return;
  }
  forgetPane(paneId);
  const focused = paneIds(layout)[0] ?? '';
  updateTab(tabId, (t) => ({ ...t, layout, panes: t.panes.filter((p) => p.paneId !== paneId), focused }));
  viewOf(focused)?.focus();
  attempt('The shell did not close cleanly', () => ask(api.terminal.closePane({ paneId })));
}

function forgetPane(paneId: string): void {
  live.get(paneId)?.view.dispose();
  live.delete(paneId);
}

// --- tabs -------------------------------------------------------------------------------------------------------

export function openTerminal(connection: string): void {
  goTo('terminal');
  terminals.set((s) => ({ ...s, opening: connection }));
  attempt(`Could not open ${connection}`, async () => {
    try {
      const info = await ask(api.terminal.open({ connection }));
      const { paneId } = await ask(api.terminal.newPane({ tabId: info.tabId }));
      createPane(info.tabId, paneId, await known());
      terminals.set((s) => {
        const number = Math.max(0, ...s.tabs.filter((t) => t.info.connection === connection).map((t) => t.number)) + 1;
        const tab: Tab = { info, number, layout: onlyPane(paneId), panes: [newPane(paneId)], focused: paneId, holds: [], refusal: undefined, disconnected: undefined, reconnecting: false, files: false, filesByKey: false, find: undefined };
        return { ...s, tabs: [...s.tabs, tab], active: info.tabId };
      });
    } finally {
      terminals.set((s) => ({ ...s, opening: undefined }));
    }
  });
}

/** A new session for the tab; what its panes show stays above. */
export function reconnect(tabId: string): void {
  updateTab(tabId, (t) => ({ ...t, reconnecting: true }));
  attempt('Could not reconnect', async () => {
    try {
      const info = await ask(api.terminal.reconnect({ tabId }));
      updateTab(tabId, (t) => ({ ...t, info, disconnected: undefined, refusal: undefined, panes: t.panes.map((p) => ({ ...p, phase: 'starting' as const, end: '' })) }));
      for (const [paneId, pane] of live) {
        if (pane.tabId !== tabId) continue;
        pane.view.resetModes();
        pane.view.note(`── a new session, ${new Date().toLocaleTimeString()} ──`);
        startShell(paneId);
      }
    } finally {
      updateTab(tabId, (t) => ({ ...t, reconnecting: false }));
    }
  });
}

export function closeTab(tabId: string): void {
  terminals.set((s) => {
    const index = s.tabs.findIndex((t) => t.info.tabId === tabId);
    const tabs = s.tabs.filter((t) => t.info.tabId !== tabId);
    return { ...s, tabs, active: s.active === tabId ? (tabs[index] ?? tabs[index - 1])?.info.tabId : s.active };
  });
  for (const [paneId, pane] of live) if (pane.tabId === tabId) forgetPane(paneId);
  forgetFiles(tabId);
  attempt('The session did not close cleanly', () => ask(api.terminal.close({ tabId })));
}

export function withdraw(tabId: string, approvalId: string): void {
  attempt('Could not withdraw', () => ask(api.terminal.withdraw({ tabId, approvalId })));
}

// --- find -------------------------------------------------------------------------------------------------------

export function openFind(tabId: string): void {
  updateTab(tabId, (t) => ({ ...t, find: t.find ?? { text: '', found: { index: -1, count: 0 } } }));
}

export function find(tabId: string, text: string, forward: boolean, incremental: boolean): void {
  updateTab(tabId, (t) => ({ ...t, find: { found: t.find?.found ?? { index: -1, count: 0 }, text } }));
  const tab = terminals.get().tabs.find((t) => t.info.tabId === tabId);
  if (tab !== undefined) viewOf(tab.focused)?.find(text, forward, incremental);
}

export function closeFind(tabId: string): void {
  const tab = terminals.get().tabs.find((t) => t.info.tabId === tabId);
  updateTab(tabId, (t) => ({ ...t, find: undefined }));
  if (tab === undefined) return;
  for (const { paneId } of tab.panes) viewOf(paneId)?.endFind();
  viewOf(tab.focused)?.focus();
}

/** Of the element that a tab is chosen with. */
export const tabButtonId = (tabId: string): string => `terminal-tab-${tabId}`;

/** A key of the app's, or a button, for the tab that is shown. */
export function runTerminalCommand(command: TerminalCommand): void {
  const tab = activeTab();
  if (tab === undefined) return;
  const { tabId } = tab.info;
  switch (command.kind) {
    case 'find':
      return openFind(tabId);
    case 'split_right':
      return split(tabId, 'row');
    case 'split_down':
      return split(tabId, 'column');
    case 'files':
      return updateTab(tabId, (t) => ({ ...t, files: !t.files, filesByKey: !t.files }));
    case 'leave':
      return document.getElementById(tabButtonId(tabId))?.focus();
    case 'focus': {
      const next = neighbour(tab.layout, tab.focused, command.side);
      if (next !== undefined) focusPane(tabId, next);
      return;
    }
    default:
      return;
  }
}
