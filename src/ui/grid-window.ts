/** Which rows and columns of a grid are on screen. Pure: rows have one height, columns have their widths. */

export interface Span {
  /** Half-open range of indexes. */
  readonly from: number;
  readonly to: number;
}

export interface Viewport {
  readonly topPx: number;
  readonly leftPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Rows of `rowPx` each that touch the view, and `overscan` more on both sides. */
export function visibleRows(count: number, rowPx: number, view: Viewport, overscan: number): Span {
  const first = Math.floor(view.topPx / rowPx) - overscan;
  const last = Math.ceil((view.topPx + view.heightPx) / rowPx) + overscan;
  const from = Math.max(0, Math.min(first, count));
  return { from, to: Math.max(from, Math.min(last, count)) };
}

/** Left edges of the columns; one more entry than columns, the last is the whole width. */
export function columnEdges(widths: readonly number[]): readonly number[] {
  const edges = [0];
  for (const w of widths) edges.push((edges.at(-1) ?? 0) + w);
  return edges;
}

/** Columns that touch the view, and `overscan` more on both sides. */
export function visibleColumns(edges: readonly number[], view: Viewport, overscan: number): Span {
  const count = edges.length - 1;
  const first = edges.findLastIndex((e) => e <= view.leftPx);
  const after = edges.findIndex((e) => e >= view.leftPx + view.widthPx);
  const from = Math.max(0, Math.min(first - overscan, count));
  return { from, to: Math.max(from, Math.min((after < 0 ? count : after) + overscan, count)) };
}

/** Scroll offset that brings [startPx, endPx) into a view of `sizePx`, moving as little as possible. `leadPx` is covered by a sticky header. */
export function reveal(offsetPx: number, sizePx: number, startPx: number, endPx: number, leadPx: number): number {
  if (startPx < offsetPx) return startPx;
  return endPx > offsetPx + sizePx - leadPx ? endPx - sizePx + leadPx : offsetPx;
}
