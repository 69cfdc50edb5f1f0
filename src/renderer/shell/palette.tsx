/** Command palette: every screen, every connection, every open tab. */
import type { SpotlightActionData, SpotlightActionGroupData } from '@mantine/spotlight';
import { Spotlight } from '@mantine/spotlight';
import { IconDatabase, IconSearch, IconServer, IconSun, IconX } from '@tabler/icons-react';
import { useCallback } from 'react';
import type { Settings } from '../../contract/ipc/settings.ts';
import { isProduction } from '../../ui/pill.tsx';
import { api, ask } from '../api.ts';
import { useLive } from '../live.ts';
import { goTo } from '../navigation.ts';
import { attempt } from '../notify.ts';
import { useStore } from '../../ui/store.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { closeTab, openTab, workbench } from '../workbench/workbench-store.ts';
import { destinations } from './destinations.ts';

function useActions(settings: Settings): SpotlightActionGroupData[] {
  const load = useCallback(() => api.connections.list(), []);
  const { value } = useLive(load, api.connections.onChanged);
  const { tabs, active } = useStore(workbench);
  const go: SpotlightActionData[] = destinations.map(({ screen, label, icon: Icon }) => ({ id: `go-${screen}`, label: `Go to ${label}`, leftSection: <Icon size={18} />, onClick: () => goTo(screen) }));
  const open: SpotlightActionData[] = (value ?? []).map((c) => ({
    id: `open-${c.name}`,
    label: `Open ${c.name}`,
    description: `${c.address} · ${Object.entries(c.labels).map(([k, v]) => `${k}=${v}`).join(' ')}`,
    keywords: [c.database, c.protocol, isProduction(c.labels) ? 'production' : ''],
    leftSection: c.protocol === 'ssh' ? <IconServer size={18} /> : <IconDatabase size={18} />,
    onClick: () => (c.protocol === 'ssh' ? openTerminal(c.name) : openTab(c.name)),
  }));
  const setTheme = (theme: Settings['theme']) => attempt('The theme was not saved', () => ask(api.settings.set({ ...settings, theme })));
  const more: SpotlightActionData[] = [
    ...tabs
      .filter((t) => t.session.tabId === active)
      .map((t) => ({ id: 'close-tab', label: `Close tab ${t.session.connection}`, leftSection: <IconX size={18} />, onClick: () => closeTab(t.session.tabId) })),
    { id: 'light', label: 'Light theme', leftSection: <IconSun size={18} />, onClick: () => setTheme('light') },
    { id: 'dark', label: 'Dark theme', leftSection: <IconSun size={18} />, onClick: () => setTheme('dark') },
    { id: 'system', label: 'Theme of the system', leftSection: <IconSun size={18} />, onClick: () => setTheme('system') },
  ];
  return [
    { group: 'Connections', actions: open },
    { group: 'Go to', actions: go },
    { group: 'More', actions: more },
  ];
}

export function Palette({ settings }: { settings: Settings }) {
  const actions = useActions(settings);
  return (
    <Spotlight
      actions={actions}
      shortcut={['mod + K', 'mod + shift + P']}
      tagsToIgnore={[]}
      triggerOnContentEditable
      nothingFound="Nothing found"
      highlightQuery
      scrollable
      maxHeight={420}
      attributes={{ content: { 'aria-label': 'Command palette' } }}
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: 'Where to? Type a connection, a screen, a command', 'aria-label': 'Search commands' }}
    />
  );
}
