/** One tab for each open session, in a row that scrolls when there are more than fit, and a menu that opens another. */
import { ActionIcon, Loader, Menu, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { ReactNode, WheelEvent } from 'react';
import { useCallback, useEffect, useRef } from 'react';
import type { Connection } from '../contract/ipc/connections.ts';
import { isProduction } from '../ui/pill.tsx';
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
  /** What the button for another is called, and what stands above the connections. */
  readonly words: { readonly another: string; readonly on: string };
  /** Of the button that brings a tab to the front. */
  readonly buttonId?: (id: string) => string;
  readonly onSelect: (id: string) => void;
  readonly onClose: (id: string) => void;
  readonly onOpen: (connection: string) => void;
}

/** By wheel, and by itself to the tab in front. @param active id of that, which its element shows as `data-active` @param count of the tabs */
function TabRow({ active, count, children }: { active: string | undefined; count: number; children: ReactNode }) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = row.current;
    if (element === null) return undefined;
    const show = (): void => element.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    show();
    // A window that becomes narrower leaves the tab in front outside.
    const observer = new ResizeObserver(show);
    observer.observe(element);
    return () => observer.disconnect();
  }, [active, count]);
  const onWheel = (event: WheelEvent<HTMLDivElement>) => {
    if (event.deltaX === 0) event.currentTarget.scrollLeft += event.deltaY;
  };
  return (
    <div ref={row} className={classes.tabRow} onWheel={onWheel}>
      {children}
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
            <Menu.Item key={c.name} leftSection={<span className={classes.dot} data-prod={isProduction(c.labels) ? '' : undefined} style={{ display: 'block' }} />} onClick={() => onOpen(c.name)}>
              {c.name}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function SessionTabs(props: SessionTabsProps) {
  const { tabs, active, opening, buttonId, onSelect, onClose } = props;
  return (
    <div className={classes.tabs}>
      <TabRow active={active} count={tabs.length}>
        {tabs.map((tab) => {
          const prod = isProduction(tab.labels) ? '' : undefined;
          const name = tab.number > 1 ? `${tab.connection} ${tab.number}` : tab.connection;
          return (
            <div key={tab.id} className={classes.tab} data-active={tab.id === active ? '' : undefined} data-prod={prod}>
              <button type="button" id={buttonId?.(tab.id)} className={classes.tabName} aria-pressed={tab.id === active} onClick={() => onSelect(tab.id)}>
                <span className={classes.dot} data-prod={prod} data-busy={tab.busy ? '' : undefined} aria-hidden />
                {name}
              </button>
              <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Close ${name}`} onClick={() => onClose(tab.id)}>
                <IconX size={13} />
              </ActionIcon>
            </div>
          );
        })}
        {opening !== undefined && (
          <div className={classes.tab}>
            <Loader size={12} /> Opening {opening}…
          </div>
        )}
      </TabRow>
      <AnotherTab {...props} />
    </div>
  );
}
