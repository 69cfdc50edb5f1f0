/** SSH terminal: tabs, panes, and everything that is said about them. Loaded when it is first shown. */
import '@xterm/xterm/css/xterm.css';
import { ActionIcon, Button, Menu, Text, Tooltip, useComputedColorScheme, VisuallyHidden } from '@mantine/core';
import { IconColumns2, IconCommand, IconExternalLink, IconFileText, IconFolder, IconLayoutRows, IconSearch, IconTerminal2 } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import type { NativeKind } from '../../contract/ipc/connections.ts';
import type { Settings } from '../../contract/ipc/settings.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import type { Tone } from '../../ui/pill.tsx';
import { isProduction, Labels, Pill } from '../../ui/pill.tsx';
import { useStore } from '../../ui/store.ts';
import { copyNative } from '../connections/copy-native.ts';
import { goTo } from '../navigation.ts';
import workbench from '../workbench/workbench.module.css';
import { Banners } from './banners.tsx';
import { Divider } from './divider.tsx';
import { FilesPanel } from './files-panel.tsx';
import { FindBar } from './find-bar.tsx';
import { dividersOf, rectsOf } from './layout.ts';
import { Pane, wayOut } from './pane.tsx';
import { PasteDialog } from './paste-dialog.tsx';
import { shellWords } from './shell-words.ts';
import { TabStrip } from './tab-strip.tsx';
import classes from './terminal.module.css';
import type { Tab } from './terminal-store.ts';
import { dress, focusPane, openFind, resizeSplit, split, terminals, updateTab } from './terminal-store.ts';

const tones: Readonly<Record<string, Tone>> = { observe: 'neutral', gate: 'hold', command: 'accent', denied: 'deny', held: 'hold' };

function Tool({ label, keys, icon, pressed, onClick }: { label: string; keys: string; icon: ReactNode; pressed?: boolean; onClick: () => void }) {
  return (
    <Tooltip label={`${label} (${keys})`}>
      <ActionIcon variant="default" className={classes.tool} size={30} aria-label={label} aria-pressed={pressed} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

const ways: readonly { readonly kind: NativeKind; readonly label: string; readonly icon: ReactNode }[] = [
  { kind: 'ssh', label: 'ssh command', icon: <IconCommand size={15} /> },
  { kind: 'sftp', label: 'sftp command', icon: <IconFolder size={15} /> },
  { kind: 'ssh_include', label: 'Include line for ~/.ssh/config', icon: <IconFileText size={15} /> },
];

function OwnTerminal({ connection }: { connection: string }) {
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Button size="xs" variant="default" aria-label="My own terminal" title="My own terminal" leftSection={<IconExternalLink size={15} />} classNames={{ label: classes.wide, section: classes.ownIcon }}>
          My own terminal
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Copy for your own terminal: same policy, same recording</Menu.Label>
        {ways.map(({ kind, label, icon }) => (
          <Menu.Item key={kind} leftSection={icon} onClick={() => copyNative(connection, kind, label)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Head({ tab }: { tab: Tab }) {
  const { tabId, shell, connection, labels, address } = tab.info;
  const words = shellWords(shell);
  const { name, sentence, more } = tab.disconnected === undefined ? words : { ...words, sentence: 'Nothing reaches the host until you reconnect.', more: '' };
  return (
    <div className={classes.head}>
      <span className={classes.recording} data-off={tab.disconnected === undefined ? undefined : ''}>
        <span className={classes.dot} aria-hidden />
        {tab.disconnected === undefined ? 'Recording' : 'Not recording'}
      </span>
      <Pill tone={tones[name] ?? 'neutral'}>{name}</Pill>
      <p className={classes.mode} title={`${sentence} ${more}`.trim()}>
        {sentence}
      </p>
      <span className={classes.where} title={[...Object.entries(labels).map(([key, value]) => `${key}=${value}`), address].join('\n')}>
        <Labels labels={labels} />
        <Pill tone="outline" mono>
          {address}
        </Pill>
      </span>
      <Tool label="Find" keys="Ctrl+Shift+F" icon={<IconSearch size={16} />} pressed={tab.find !== undefined} onClick={() => openFind(tabId)} />
      <Tool label="Split right" keys="Ctrl+Shift+E" icon={<IconColumns2 size={16} />} onClick={() => split(tabId, 'row')} />
      <Tool label="Split down" keys="Ctrl+Shift+O" icon={<IconLayoutRows size={16} />} onClick={() => split(tabId, 'column')} />
      <Tool label="Files" keys="Ctrl+Shift+U" icon={<IconFolder size={16} />} pressed={tab.files} onClick={() => updateTab(tabId, (t) => ({ ...t, files: !t.files }))} />
      <OwnTerminal connection={connection} />
    </div>
  );
}

function Panes({ tab, bell }: { tab: Tab; bell: boolean }) {
  const { tabId } = tab.info;
  const rects = rectsOf(tab.layout);
  return (
    <div className={classes.panes}>
      {rects.map(({ paneId, rect }) => {
        const pane = tab.panes.find((p) => p.paneId === paneId);
        return pane === undefined ? null : <Pane key={paneId} tabId={tabId} pane={pane} rect={rect} focused={tab.focused === paneId} alone={rects.length === 1} bell={bell} connected={tab.disconnected === undefined} address={tab.info.address} />;
      })}
      {dividersOf(tab.layout).map((divider) => (
        <Divider key={divider.path.join('.')} divider={divider} onRatio={(ratio) => resizeSplit(tabId, divider.path, ratio)} />
      ))}
    </div>
  );
}

export function TerminalScreen({ settings }: { settings: Settings }) {
  const state = useStore(terminals);
  const scheme = useComputedColorScheme('light');
  useEffect(() => dress(settings, scheme), [settings, scheme]);
  const tab = state.tabs.find((t) => t.info.tabId === state.active);
  return (
    <div className={workbench.root} data-prod={tab !== undefined && isProduction(tab.info.labels) ? '' : undefined}>
      <VisuallyHidden component="h1">Terminal</VisuallyHidden>
      <TabStrip state={state} />
      {tab === undefined ? (
        <EmptyState icon={<IconTerminal2 size={28} />} title="No terminal open" action={<Button onClick={() => goTo('connections')}>Choose a connection</Button>}>
          <Text size="sm">Each tab is one recorded session on a host. Open one from Connections, or with the plus sign above.</Text>
        </EmptyState>
      ) : (
        <>
          <Head tab={tab} />
          <Banners tab={tab} />
          {tab.find !== undefined && <FindBar tabId={tab.info.tabId} state={tab.find} />}
          <VisuallyHidden id={wayOut}>Ctrl+Shift+M leaves the terminal; Tab is the shell’s.</VisuallyHidden>
          <div className={classes.body}>
            <Panes key={tab.info.tabId} tab={tab} bell={settings.terminalBell} />
            {tab.files && <FilesPanel tabId={tab.info.tabId} connected={tab.disconnected === undefined} byKey={tab.filesByKey} onLeave={() => focusPane(tab.info.tabId, tab.focused)} />}
          </div>
        </>
      )}
      <PasteDialog />
    </div>
  );
}
