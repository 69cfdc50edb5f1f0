/** The way to terminals from other screens. What draws them is loaded with the first one. */
import { goTo } from '../navigation.ts';
import { nextTab } from '../next-tab.ts';
import { attempt } from '../notify.ts';

const store = () => import('./terminal-store.ts');

export function openTerminal(connection: string): void {
  goTo('terminal');
  attempt(`Could not open ${connection}`, async () => (await store()).openTerminal(connection));
}

/** Ctrl+Tab on the terminal's screen. */
export function otherTerminal(step: 1 | -1): void {
  attempt('This did not work', async () => {
    const { terminals } = await store();
    terminals.set((s) => ({ ...s, active: nextTab(s.tabs.map((t) => t.info.tabId), s.active, step) ?? s.active }));
  });
}

/** A key of the menu, while the terminal's screen is shown. */
export function tabCommand(command: 'new_tab' | 'close_tab'): void {
  attempt('This did not work', async () => {
    const { activeTab, closePane, openTerminal: open } = await store();
    const tab = activeTab();
    if (tab === undefined) goTo('connections');
    else if (command === 'new_tab') open(tab.info.connection);
    else closePane(tab.info.tabId, tab.focused);
  });
}
