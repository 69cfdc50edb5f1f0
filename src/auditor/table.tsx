/** A table that stays quick with tens of thousands of rows: head and rows share one grid, rows of one height. */
import { useVirtualizer } from '@tanstack/react-virtual';
import type { CSSProperties, ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import classes from './table.module.css';

export interface TableColumn<R> {
  readonly key: string;
  readonly title: string;
  /** A track of the grid: `140px`, `minmax(120px, 1fr)`. */
  readonly track: string;
  readonly end?: boolean;
  readonly cell: (row: R) => ReactNode;
  /** What the tooltip says where the cell is cut. */
  readonly full?: (row: R) => string;
}

const ROW_PX = 36;

/** Rows below the screen at which the next page is asked for. */
const AHEAD = 40;

interface Props<R> {
  readonly label: string;
  readonly columns: readonly TableColumn<R>[];
  readonly rows: readonly R[];
  readonly keyOf: (row: R, index: number) => string | number;
  /** Called when the last rows come near. Undefined while nothing more can be had. */
  readonly onEnd?: (() => void) | undefined;
  /** Below the last row. */
  readonly foot?: ReactNode;
}

export function VirtualTable<R>({ label, columns, rows, keyOf, onEnd, foot }: Props<R>) {
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroll.current, estimateSize: () => ROW_PX, overscan: 10 });
  const last = virtual.getVirtualItems().at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - AHEAD) onEnd?.();
  }, [last, rows.length, onEnd]);
  const tracks: CSSProperties = { gridTemplateColumns: columns.map((c) => c.track).join(' ') };
  return (
    <div ref={scroll} className={classes.scroll} tabIndex={0} role="region" aria-label={label}>
      <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className={classes.table}>
        <div role="row" aria-rowindex={1} className={classes.head} style={tracks}>
          {columns.map((c) => (
            <span key={c.key} role="columnheader" data-end={c.end === true ? '' : undefined}>
              {c.title}
            </span>
          ))}
        </div>
        <div role="rowgroup" style={{ position: 'relative', height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return row === undefined ? null : (
              <div key={keyOf(row, item.index)} role="row" aria-rowindex={item.index + 2} className={classes.row} style={{ ...tracks, transform: `translateY(${item.start}px)`, height: ROW_PX }}>
                {columns.map((c) => (
                  <span key={c.key} role="cell" data-end={c.end === true ? '' : undefined} title={c.full?.(row)}>
                    {c.cell(row)}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {foot !== undefined && <div className={classes.foot}>{foot}</div>}
    </div>
  );
}
