/** Matches, newest first: quick with hundreds of thousands, and walked by the arrow keys. */
import { Button } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import type { KeyboardEvent, RefObject } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { SearchHit } from '../../contract/store/search.ts';
import { formatTime } from '../../ui/format.ts';
import { HIT_PX, HitRow } from './hit-row.tsx';
import classes from './search.module.css';
import type { Found, SearchState } from './use-search.ts';

/** The next page is asked for when so many rows are left below the screen. */
const AHEAD = 30;

function Foot({ found, state }: { found: Found; state: SearchState }) {
  if (state.more === 'failed') {
    return (
      <div className={classes.foot} role="alert">
        The next page did not come.{' '}
        <Button size="compact-xs" variant="subtle" onClick={state.loadMore}>
          Try again
        </Button>
      </div>
    );
  }
  if (found.nextCursor === undefined) return <div className={classes.foot}>That is all.</div>;
  if (found.searchedBackToMs !== undefined) {
    return (
      <div className={classes.foot} role="status">
        Searched back to {formatTime(found.searchedBackToMs)}
        {state.paused ? '. ' : '… '}
        <Button size="compact-xs" variant="subtle" onClick={() => state.pause(!state.paused)}>
          {state.paused ? 'Search further back' : 'Stop'}
        </Button>
      </div>
    );
  }
  return <div className={classes.foot}>{state.more === 'loading' ? 'Loading older ones…' : ''}</div>;
}

function nextRow(key: string, at: number, count: number, page: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return Math.min(count - 1, at + 1);
    case 'ArrowUp':
      return Math.max(0, at - 1);
    case 'PageDown':
      return Math.min(count - 1, at + page);
    case 'PageUp':
      return Math.max(0, at - page);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

export function HitList({ found, state, scroll }: { found: Found; state: SearchState; scroll: RefObject<HTMLDivElement | null> }) {
  const hits: readonly SearchHit[] = found.hits;
  const [current, setCurrent] = useState(0);
  const moved = useRef(false);
  const virtual = useVirtualizer({ count: hits.length, getScrollElement: () => scroll.current, estimateSize: () => HIT_PX, overscan: 6, paddingEnd: 44 });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  const { loadMore } = state;
  // The store answers in short turns: what it has not reached yet is asked for as long as the screen is not full.
  const waits = state.paused && found.searchedBackToMs !== undefined;
  useEffect(() => {
    if (last >= hits.length - AHEAD && state.more === 'idle' && !waits) loadMore();
  }, [last, hits.length, state.more, waits, loadMore]);
  useEffect(() => {
    if (!moved.current) return;
    const row = scroll.current?.querySelector<HTMLElement>(`[data-at="${current}"]`);
    if (row === null || row === undefined) return;
    moved.current = false;
    row.focus({ preventScroll: true });
  });
  const onKeyDown = (e: KeyboardEvent): void => {
    const at = nextRow(e.key, current, hits.length, Math.max(1, Math.floor((scroll.current?.clientHeight ?? 0) / HIT_PX) - 1));
    if (at === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    moved.current = true;
    setCurrent(at);
    virtual.scrollToIndex(at, { align: 'auto' });
  };
  return (
    <div ref={scroll} className={classes.list} data-busy={state.busy ? '' : undefined} onKeyDown={onKeyDown} role="region" aria-label="Matches">
      <div className={classes.canvas} style={{ height: virtual.getTotalSize() }}>
        {rows.map((row) => {
          const hit = hits[row.index];
          return hit === undefined ? null : <HitRow key={hit.id} hit={hit} topPx={row.start} at={row.index} current={row.index === Math.min(current, hits.length - 1)} onFocus={() => setCurrent(row.index)} />;
        })}
        <div className={classes.footAt} style={{ transform: `translateY(${hits.length * HIT_PX}px)` }}>
          <Foot found={found} state={state} />
        </div>
      </div>
    </div>
  );
}
