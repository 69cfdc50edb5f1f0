/** The screens in the order of the navigation. Ctrl or Cmd with the number goes there. */
import { IconInbox, IconPlugConnected, IconSettings, IconShieldLock, IconSql, IconTerminal2, IconVideo } from '@tabler/icons-react';
import type { Screen } from '../navigation.ts';

export const destinations: readonly { readonly screen: Screen; readonly label: string; readonly icon: typeof IconSql }[] = [
  { screen: 'connections', label: 'Connections', icon: IconPlugConnected },
  { screen: 'workbench', label: 'Workbench', icon: IconSql },
  { screen: 'terminal', label: 'Terminal', icon: IconTerminal2 },
  { screen: 'approvals', label: 'Approvals', icon: IconInbox },
  { screen: 'sessions', label: 'My sessions', icon: IconVideo },
  { screen: 'policy', label: 'Policy', icon: IconShieldLock },
  { screen: 'settings', label: 'Settings', icon: IconSettings },
];
