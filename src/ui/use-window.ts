/** Virtual rows and columns of the grid, on TanStack Virtual. */
import { useVirtualizer } from '@tanstack/react-virtual';
import type { RefObject } from 'react';
import { useEffect } from 'react';

export const ROW_PX = 28;
export const HEAD_PX = 40;

/** Items that are on screen, with their offsets. `widths` in pixels. */
export function useGridWindow(scroll: RefObject<HTMLDivElement | null>, rowCount: number, widths: readonly number[]) {
  // The virtualizer changes in place; a compiler that caches its answers would freeze the grid.
  'use no memo';
  const getScrollElement = () => scroll.current;
  const rows = useVirtualizer({ count: rowCount, getScrollElement, estimateSize: () => ROW_PX, overscan: 12, scrollPaddingStart: HEAD_PX });
  const columns = useVirtualizer({ count: widths.length, getScrollElement, estimateSize: (i) => widths[i] ?? 120, horizontal: true, overscan: 3 });
  useEffect(() => columns.measure(), [columns, widths]);
  return {
    rows: rows.getVirtualItems(),
    columns: columns.getVirtualItems(),
    heightPx: rows.getTotalSize(),
    widthPx: columns.getTotalSize(),
    reveal: (row: number, column: number) => {
      rows.scrollToIndex(row, { align: 'auto' });
      columns.scrollToIndex(column, { align: 'auto' });
    },
  };
}
