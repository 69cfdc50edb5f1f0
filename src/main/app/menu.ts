/** The menu: editing, and commands of the window. No shortcut that a shell uses inside a terminal. */
import { app, Menu, type MenuItemConstructorOptions } from 'electron';
import type { AppCommand } from '../../contract/ipc/app.ts';

const screens = [
  ['Connections', 'connections'],
  ['Workbench', 'workbench'],
  ['Terminal', 'terminal'],
  ['Approvals', 'approvals'],
  ['My Sessions', 'sessions'],
  ['Policy', 'policy'],
  ['Settings', 'settings'],
] as const;

export function installMenu(send: (command: AppCommand['command']) => void): void {
  const item = (label: string, command: AppCommand['command'], accelerator: string): MenuItemConstructorOptions => ({ label, accelerator, click: () => send(command) });
  const template: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
    { label: 'File', submenu: [item('New Tab', 'new_tab', 'CmdOrCtrl+Shift+T'), item('Close Tab', 'close_tab', 'CmdOrCtrl+Shift+W'), { type: 'separator' }, { role: 'quit' }] },
    { role: 'editMenu' },
    { label: 'Go', submenu: [item('Command Palette', 'palette', 'CmdOrCtrl+Shift+P'), { type: 'separator' }, ...screens.map(([label, command], i) => item(label, command, `CmdOrCtrl+${i + 1}`))] },
    { label: 'View', submenu: [{ role: 'zoomIn' }, { role: 'zoomOut' }, { role: 'resetZoom' }, { type: 'separator' }, { role: 'togglefullscreen' }] },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
  app.setName('Sallyport');
}
