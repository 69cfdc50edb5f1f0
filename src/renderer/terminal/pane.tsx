/** One terminal in its place, with what became of its shell. */
import { Button, Loader } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { Rect } from './layout.ts';
import classes from './terminal.module.css';
import type { PaneState } from './terminal-store.ts';
import { beginShell, closePane, startShell, viewOf } from './terminal-store.ts';

/** Id of what tells how to get out of a terminal without a mouse. */
export const wayOut = 'terminal-way-out';

const BELL_MS = 180;
const percent = (share: number): string => `${share * 100}%`;

/** True for a moment after each ring. */
function useRing(bells: number): boolean {
  const [seen, setSeen] = useState(bells);
  useEffect(() => {
    if (seen === bells) return undefined;
    const timer = setTimeout(() => setSeen(bells), BELL_MS);
    return () => clearTimeout(timer);
  }, [seen, bells]);
  return seen !== bells;
}

const SAY_AFTER_MS = 600;

/** What a slow host is waited for with; a quick one has answered before that is read. */
function Signing({ address }: { address: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SAY_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={classes.signing} role="status">
      {late && (
        <>
          <Loader size={14} /> Signing on to {address}…
        </>
      )}
    </div>
  );
}

interface PaneProps {
  readonly tabId: string;
  readonly pane: PaneState;
  readonly rect: Rect;
  readonly focused: boolean;
  /** It is the tab's only one. */
  readonly alone: boolean;
  /** Flash when it rings. */
  readonly bell: boolean;
  readonly connected: boolean;
  /** Of the host. */
  readonly address: string;
}

export function Pane({ tabId, pane, rect, focused, alone, bell, connected, address }: PaneProps) {
  const { paneId } = pane;
  const host = useRef<HTMLDivElement>(null);
  const ringing = useRing(pane.bells);
  useEffect(() => {
    const view = viewOf(paneId);
    if (host.current === null || view === undefined) return undefined;
    view.mount(host.current);
    beginShell(paneId);
    const observer = new ResizeObserver(() => view.fit());
    observer.observe(host.current);
    return () => observer.disconnect();
  }, [paneId]);
  useEffect(() => {
    if (focused) viewOf(paneId)?.focus();
  }, [focused, paneId]);
  return (
    <section
      className={classes.pane}
      data-focused={focused && !alone ? '' : undefined}
      data-bell={bell && ringing ? '' : undefined}
      style={{ left: percent(rect.x), top: percent(rect.y), width: percent(rect.w), height: percent(rect.h) }}
      aria-label={pane.title === '' ? 'Shell' : `Shell: ${pane.title}`}
      aria-describedby={wayOut}
    >
      <div ref={host} className={classes.host} />
      {!pane.spoken && pane.phase !== 'ended' && connected && <Signing address={address} />}
      {pane.phase === 'ended' && connected && (
        <div className={classes.ended} role="status">
          <span>{pane.end}</span>
          <Button size="compact-xs" variant="default" onClick={() => startShell(paneId)}>
            Start again
          </Button>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => closePane(tabId, paneId)}>
            Close
          </Button>
        </div>
      )}
    </section>
  );
}
