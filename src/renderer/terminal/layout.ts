/** How the panes of a tab share its room: a tree of splits, drawn as rectangles. Pure. */

export type Layout =
  | { readonly kind: 'pane'; readonly paneId: string }
  /** `row`: side by side; `column`: one above the other. `ratio` is the first one's share. */
  | { readonly kind: 'split'; readonly direction: Direction; readonly ratio: number; readonly first: Layout; readonly second: Layout };
export type Direction = 'row' | 'column';
export type Side = 'left' | 'right' | 'up' | 'down';

/** Shares of the whole, 0 to 1. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** The way to a split from the root: which of the two, at each. */
export type Path = readonly ('first' | 'second')[];

export interface Divider {
  readonly path: Path;
  readonly direction: Direction;
  readonly ratio: number;
  /** Of the whole split. */
  readonly rect: Rect;
}

export const MIN_RATIO = 0.1;
const WHOLE: Rect = { x: 0, y: 0, w: 1, h: 1 };

export const onlyPane = (paneId: string): Layout => ({ kind: 'pane', paneId });

export const paneIds = (layout: Layout): readonly string[] => (layout.kind === 'pane' ? [layout.paneId] : [...paneIds(layout.first), ...paneIds(layout.second)]);

/** The new pane comes to the right of, or below, the one that is split. */
export function splitPane(layout: Layout, paneId: string, direction: Direction, added: string): Layout {
  if (layout.kind === 'split') return { ...layout, first: splitPane(layout.first, paneId, direction, added), second: splitPane(layout.second, paneId, direction, added) };
  return layout.paneId === paneId ? { kind: 'split', direction, ratio: 0.5, first: layout, second: onlyPane(added) } : layout;
}

/** Undefined when it was the last. */
export function withoutPane(layout: Layout, paneId: string): Layout | undefined {
  if (layout.kind === 'pane') return layout.paneId === paneId ? undefined : layout;
  const first = withoutPane(layout.first, paneId);
  const second = withoutPane(layout.second, paneId);
  return first === undefined ? second : second === undefined ? first : { ...layout, first, second };
}

export function withRatio(layout: Layout, path: Path, ratio: number): Layout {
  if (layout.kind === 'pane') return layout;
  const [step, ...rest] = path;
  if (step === undefined) return { ...layout, ratio: Math.min(1 - MIN_RATIO, Math.max(MIN_RATIO, ratio)) };
  return { ...layout, [step]: withRatio(layout[step], rest, ratio) };
}

function halves({ direction, ratio }: { direction: Direction; ratio: number }, { x, y, w, h }: Rect): readonly [Rect, Rect] {
  if (direction === 'row') return [{ x, y, w: w * ratio, h }, { x: x + w * ratio, y, w: w * (1 - ratio), h }];
  return [{ x, y, w, h: h * ratio }, { x, y: y + h * ratio, w, h: h * (1 - ratio) }];
}

/** Where each pane lies. */
export function rectsOf(layout: Layout, within: Rect = WHOLE): readonly { readonly paneId: string; readonly rect: Rect }[] {
  if (layout.kind === 'pane') return [{ paneId: layout.paneId, rect: within }];
  const [first, second] = halves(layout, within);
  return [...rectsOf(layout.first, first), ...rectsOf(layout.second, second)];
}

export function dividersOf(layout: Layout, within: Rect = WHOLE, path: Path = []): readonly Divider[] {
  if (layout.kind === 'pane') return [];
  const [first, second] = halves(layout, within);
  const { direction, ratio } = layout;
  return [{ path, direction, ratio, rect: within }, ...dividersOf(layout.first, first, [...path, 'first']), ...dividersOf(layout.second, second, [...path, 'second'])];
}

/** The pane next to another on that side; of several, the one that is opposite its middle. */
export function neighbour(layout: Layout, paneId: string, side: Side): string | undefined {
  const all = rectsOf(layout);
  const from = all.find((p) => p.paneId === paneId)?.rect;
  if (from === undefined) return undefined;
  const middle = { x: from.x + from.w / 2, y: from.y + from.h / 2 };
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;
  const touches = ({ x, y, w, h }: Rect): boolean =>
    side === 'left' ? near(x + w, from.x) : side === 'right' ? near(x, from.x + from.w) : side === 'up' ? near(y + h, from.y) : near(y, from.y + from.h);
  const opposite = ({ x, y, w, h }: Rect): boolean => (side === 'left' || side === 'right' ? middle.y >= y && middle.y <= y + h : middle.x >= x && middle.x <= x + w);
  return all.find((p) => touches(p.rect) && opposite(p.rect))?.paneId;
}
