/** One tab for each open session, in a row that scrolls when there are more than fit, and a menu that opens another. */
import { ActionIcon, Loader, Menu, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { KeyboardEvent, MouseEvent, ReactNode, WheelEvent } from 'react';
import { useCallback, useEffect, useRef } from 'react';
import type { Connection } from '../contract/ipc/connections.ts';
import { isProduction, Pill } from '../ui/pill.tsx';
import { api } from './api.ts';
import { useLive } from './live.ts';
import classes from './workbench/workbench.module.css';

export interface SessionTab {
  readonly id: string;
  readonly connection: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Counts the tabs of one connection from 1. */
  readonly number: number;
  /** Something runs, or waits for an approval. */
  readonly busy: boolean;
}

export interface SessionTabsProps {
  readonly tabs: readonly SessionTab[];
  /** Id of the tab in front. */
  readonly active: string | undefined;
  /** The connection of a session that is being opened. */
  readonly opening: string | undefined;
  readonly protocol: Connection['protocol'];
  /** What the row is called, the button for another, and what stands above the connections. */
  readonly words: { readonly row: string; readonly another: string; readonly on: string };
  /** Of the button that brings a tab to the front. */
  readonly buttonId?: (id: string) => string;
  readonly onSelect: (id: string) => void;
  readonly onClose: (id: string) => void;
  readonly onOpen: (connection: string) => void;
}

/** Arrow keys go from name to name, without bringing the tab to the front: a terminal in front takes the focus. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const names = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('[data-tab]')];
  const at = names.findIndex((name) => name === event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  names[to]?.focus();
}

interface RowProps {
  readonly label: string;
  /** Id of the tab in front, which its element shows as `data-active`. */
  readonly active: string | undefined;
  readonly opening: string | undefined;
  /** Of the tabs. */
  readonly count: number;
  readonly children: ReactNode;
}

/** Scrolled by wheel, and by itself to the tab that is being opened, else to the one in front. */
function TabRow({ label, active, opening, count, children }: RowProps) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = row.current;
    if (element === null) return undefined;
    const show = (): void => (element.querySelector('[data-opening]') ?? element.querySelector('[data-active]'))?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    show();
    // A window that becomes narrower leaves the tab in front outside.
    const observer = new ResizeObserver(show);
    observer.observe(element);
    return () => observer.disconnect();
  }, [active, opening, count]);
  const before = useRef(count);
  useEffect(() => {
    // A closed tab takes the focus with it.
    if (count < before.current && document.activeElement === document.body) row.current?.querySelector<HTMLElement>('[data-active] [data-tab]')?.focus();
    before.current = count;
  }, [count]);
  const onWheel = (event: WheelEvent<HTMLDivElement>) => {
    if (event.deltaX === 0) event.currentTarget.scrollLeft += event.deltaY;
  };
  return (
    <div ref={row} className={classes.tabRow} role="group" aria-label={label} onWheel={onWheel} onKeyDown={moveFocus}>
      {children}
    </div>
  );
}

function Tab({ tab, active, buttonId, onSelect, onClose }: { tab: SessionTab } & Pick<SessionTabsProps, 'active' | 'buttonId' | 'onSelect' | 'onClose'>) {
  const { id, connection, number, busy } = tab;
  const prod = isProduction(tab.labels) ? '' : undefined;
  const name = number > 1 ? `${connection} ${number}` : connection;
  const middleClick = (event: MouseEvent) => {
    if (event.button === 1) onClose(id);
  };
  return (
    <div className={classes.tab} data-active={id === active ? '' : undefined} data-prod={prod} onAuxClick={middleClick}>
      <button type="button" data-tab id={buttonId?.(id)} className={classes.tabName} title={name} aria-label={busy ? `${name}, busy` : name} aria-pressed={id === active} onClick={() => onSelect(id)}>
        <span className={classes.dot} data-prod={prod} data-busy={busy ? '' : undefined} aria-hidden />
        <span className={classes.tabText}>{connection}</span>
        {number > 1 && <span>{number}</span>}
      </button>
      <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Close ${name}`} onClick={() => onClose(id)}>
        <IconX size={13} />
      </ActionIcon>
    </div>
  );
}

function AnotherTab({ protocol, words, onOpen }: SessionTabsProps) {
  const load = useCallback(() => api.connections.list(), []);
  const { value } = useLive(load, api.connections.onChanged);
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Tooltip label={words.another}>
          <ActionIcon variant="subtle" color="gray" my="auto" aria-label={words.another}>
            <IconPlus size={16} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{words.on}</Menu.Label>
        {(value ?? [])
          .filter((c) => c.protocol === protocol)
          .map((c) => (
            <Menu.Item key={c.name} leftSection={<span className={classes.dot} data-prod={isProduction(c.labels) ? '' : undefined} style={{ display: 'block' }} aria-hidden />} rightSection={isProduction(c.labels) ? <Pill size="xs" tone="deny">prod</Pill> : undefined} onClick={() => onOpen(c.name)}>
              {c.name}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function SessionTabs(props: SessionTabsProps) {
  const { tabs, active, opening, words } = props;
  return (
    <div className={classes.tabs}>
      <TabRow label={words.row} active={active} opening={opening} count={tabs.length}>
        {tabs.map((tab) => (
          <Tab key={tab.id} {...props} tab={tab} />
        ))}
        {opening !== undefined && (
          <div className={classes.tab} data-opening role="status">
            <Loader size={12} /> <span className={classes.tabText}>Opening {opening}…</span>
          </div>
        )}
      </TabRow>
      <AnotherTab {...props} />
    </div>
  );
}
