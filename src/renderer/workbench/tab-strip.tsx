/** The workbench's tabs: one session each. */
import { SessionTabs } from '../session-tabs.tsx';
import { forgetEditor } from './editor.tsx';
import { isActive } from './run-model.ts';
import type { WorkbenchState } from './workbench-store.ts';
import { closeTab, openTab, workbench } from './workbench-store.ts';

export function TabStrip({ state }: { state: WorkbenchState }) {
  return (
    <SessionTabs
      tabs={state.tabs.map((tab) => ({ id: tab.session.tabId, connection: tab.session.connection, labels: tab.session.labels, number: tab.number, busy: isActive(tab.run) }))}
      active={state.active}
      opening={state.opening}
      protocol="postgres"
      words={{ row: 'Open sessions', another: 'New tab', on: 'Open a session on' }}
      onSelect={(active) => workbench.set((s) => ({ ...s, active }))}
      onClose={(id) => {
        forgetEditor(id);
        closeTab(id);
      }}
      onOpen={openTab}
    />
  );
}
