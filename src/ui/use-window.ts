/** Follows a scrolling element and says what of the grid is on screen. Draws again only when that changes. */
import type { RefObject } from 'react';
import { useEffect, useState } from 'react';
import type { Span, Viewport } from './grid-window.ts';
import { columnEdges, reveal, visibleColumns, visibleRows } from './grid-window.ts';

export const ROW_PX = 28;
export const HEAD_PX = 40;
const ROW_OVERSCAN = 12;
const COLUMN_OVERSCAN = 2;

const viewportOf = (element: HTMLElement): Viewport => ({ topPx: element.scrollTop, leftPx: element.scrollLeft, widthPx: element.clientWidth, heightPx: element.clientHeight });
const key = (rows: Span, columns: Span): string => `${rows.from},${rows.to},${columns.from},${columns.to}`;

export function useGridWindow(scroll: RefObject<HTMLDivElement | null>, rowCount: number, widths: readonly number[]) {
  const [view, setView] = useState<Viewport>({ topPx: 0, leftPx: 0, widthPx: 1_600, heightPx: 600 });
  const edges = columnEdges(widths);
  const rows = visibleRows(rowCount, ROW_PX, view, ROW_OVERSCAN);
  const columns = visibleColumns(edges, view, COLUMN_OVERSCAN);
  const shown = key(rows, columns);

  useEffect(() => {
    const element = scroll.current;
    if (element === null) return undefined;
    const update = () => {
      const next = viewportOf(element);
      const changed = key(visibleRows(rowCount, ROW_PX, next, ROW_OVERSCAN), visibleColumns(edges, next, COLUMN_OVERSCAN)) !== shown;
      if (changed) setView(next);
    };
    const observer = new ResizeObserver(update);
    observer.observe(element);
    element.addEventListener('scroll', update, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', update);
    };
  }, [scroll, rowCount, edges, shown]);

  return {
    rows: Array.from({ length: rows.to - rows.from }, (_, i) => ({ index: rows.from + i, start: (rows.from + i) * ROW_PX })),
    columns: Array.from({ length: columns.to - columns.from }, (_, i) => ({ index: columns.from + i, start: edges[columns.from + i] ?? 0, size: widths[columns.from + i] ?? 0 })),
    heightPx: rowCount * ROW_PX,
    widthPx: edges.at(-1) ?? 0,
    /** Scrolls as little as needed; `indexPx` is the width of the sticky row numbers. */
    reveal: (row: number, column: number, indexPx: number) => {
      const element = scroll.current;
      if (element === null) return;
      element.scrollTo({
        top: reveal(element.scrollTop, element.clientHeight, row * ROW_PX, (row + 1) * ROW_PX, HEAD_PX),
        left: reveal(element.scrollLeft, element.clientWidth, edges[column] ?? 0, edges[column + 1] ?? 0, indexPx),
      });
    },
  };
}
