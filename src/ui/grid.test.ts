import { describe, expect, it } from 'vitest';
import { moveCell } from './grid-keys.ts';
import { columnEdges, reveal, visibleColumns, visibleRows } from './grid-window.ts';

const view = { topPx: 2_800, leftPx: 150, widthPx: 200, heightPx: 280 };

describe('grid window', () => {
  it('shows the rows in view and a few around', () => {
    expect(visibleRows(1_000_000, 28, view, 2)).toEqual({ from: 98, to: 112 });
    expect(visibleRows(3, 28, { ...view, topPx: 0 }, 12)).toEqual({ from: 0, to: 3 });
    expect(visibleRows(0, 28, view, 12)).toEqual({ from: 0, to: 0 });
  });
  it('survives a result that became shorter than the scroll offset', () => {
    expect(visibleRows(10, 28, view, 2)).toEqual({ from: 10, to: 10 });
  });
  it('shows the columns in view', () => {
    const edges = columnEdges([100, 100, 100, 100, 100]);
    expect(edges).toEqual([0, 100, 200, 300, 400, 500]);
    expect(visibleColumns(edges, view, 0)).toEqual({ from: 1, to: 4 });
    expect(visibleColumns(edges, view, 9)).toEqual({ from: 0, to: 5 });
    expect(visibleColumns([0], view, 2)).toEqual({ from: 0, to: 0 });
  });
  it('scrolls as little as needed', () => {
    expect(reveal(100, 200, 120, 148, 40)).toBe(100);
    expect(reveal(100, 200, 50, 78, 40)).toBe(50);
    expect(reveal(100, 200, 290, 318, 40)).toBe(158);
  });
});

describe('moveCell', () => {
  const size = { rows: 100, columns: 5 };
  const at = { row: 10, column: 2 };
  it('moves and stops at the borders', () => {
    expect(moveCell(at, 'ArrowDown', false, size)).toEqual({ row: 11, column: 2 });
    expect(moveCell(at, 'ArrowDown', true, size)).toEqual({ row: 99, column: 2 });
    expect(moveCell({ row: 0, column: 0 }, 'ArrowLeft', false, size)).toEqual({ row: 0, column: 0 });
    expect(moveCell(at, 'End', true, size)).toEqual({ row: 99, column: 4 });
    expect(moveCell(at, 'PageUp', false, size)).toEqual({ row: 0, column: 2 });
  });
  it('leaves other keys and empty grids alone', () => {
    expect(moveCell(at, 'x', false, size)).toBeUndefined();
    expect(moveCell(at, 'ArrowDown', false, { rows: 0, columns: 5 })).toBeUndefined();
  });
});
