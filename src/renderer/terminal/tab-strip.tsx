/** The terminal's tabs: one session each. */
import { ActionIcon, Loader, Menu, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useCallback } from 'react';
import { isProduction } from '../../ui/pill.tsx';
import { api } from '../api.ts';
import { useLive } from '../live.ts';
import { TabRow } from '../tab-row.tsx';
import classes from '../workbench/workbench.module.css';
import type { TerminalState } from './terminal-store.ts';
import { closeTab, openTerminal, tabButtonId, terminals } from './terminal-store.ts';

function NewTab() {
  const load = useCallback(() => api.connections.list(), []);
  const { value } = useLive(load, api.connections.onChanged);
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Tooltip label="New terminal">
          <ActionIcon variant="subtle" color="gray" my="auto" aria-label="New terminal">
            <IconPlus size={16} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Open a terminal on</Menu.Label>
        {(value ?? [])
          .filter((c) => c.protocol === 'ssh')
          .map((c) => (
            <Menu.Item key={c.name} leftSection={<span className={classes.dot} data-prod={isProduction(c.labels) ? '' : undefined} style={{ display: 'block' }} />} onClick={() => openTerminal(c.name)}>
              {c.name}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function TabStrip({ state }: { state: TerminalState }) {
  return (
    <div className={classes.tabs}>
      <TabRow active={state.active} count={state.tabs.length}>
        {state.tabs.map((tab) => {
          const { tabId, connection, labels } = tab.info;
          const prod = isProduction(labels) ? '' : undefined;
          const name = tab.number > 1 ? `${connection} ${tab.number}` : connection;
          return (
            <div key={tabId} className={classes.tab} data-active={tabId === state.active ? '' : undefined} data-prod={prod}>
              <button type="button" id={tabButtonId(tabId)} className={classes.tabName} aria-pressed={tabId === state.active} onClick={() => terminals.set((s) => ({ ...s, active: tabId }))}>
                <span className={classes.dot} data-prod={prod} data-busy={tab.holds.length > 0 ? '' : undefined} aria-hidden />
                {name}
              </button>
              <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Close ${name}`} onClick={() => closeTab(tabId)}>
                <IconX size={13} />
              </ActionIcon>
            </div>
          );
        })}
        {state.opening !== undefined && (
          <div className={classes.tab}>
            <Loader size={12} /> Opening {state.opening}…
          </div>
        )}
      </TabRow>
      <NewTab />
    </div>
  );
}
