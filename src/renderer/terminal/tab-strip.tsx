/** The terminal's tabs: one session each. */
import { SessionTabs } from '../session-tabs.tsx';
import type { TerminalState } from './terminal-store.ts';
import { closeTab, openTerminal, tabButtonId, terminals } from './terminal-store.ts';

export function TabStrip({ state }: { state: TerminalState }) {
  return (
    <SessionTabs
      tabs={state.tabs.map((tab) => ({ id: tab.info.tabId, connection: tab.info.connection, labels: tab.info.labels, number: tab.number, busy: tab.holds.length > 0 }))}
      active={state.active}
      opening={state.opening}
      protocol="ssh"
      words={{ row: 'Open terminals', another: 'New terminal', on: 'Open a terminal on' }}
      buttonId={tabButtonId}
      onSelect={(active) => terminals.set((s) => ({ ...s, active }))}
      onClose={closeTab}
      onOpen={openTerminal}
    />
  );
}
