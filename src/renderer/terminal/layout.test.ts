import { describe, expect, it } from 'vitest';
import { dividersOf, type Layout, neighbour, onlyPane, paneIds, rectsOf, splitPane, withoutPane, withRatio } from './layout.ts';

/** a beside (b above c) */
const three: Layout = splitPane(splitPane(onlyPane('a'), 'a', 'row', 'b'), 'b', 'column', 'c');

describe('layout of panes', () => {
  it('covers the whole, without a gap', () => {
    expect(rectsOf(three)).toEqual([
      { paneId: 'a', rect: { x: 0, y: 0, w: 0.5, h: 1 } },
      { paneId: 'b', rect: { x: 0.5, y: 0, w: 0.5, h: 0.5 } },
      { paneId: 'c', rect: { x: 0.5, y: 0.5, w: 0.5, h: 0.5 } },
    ]);
    expect(dividersOf(three).map((d) => [d.path, d.direction])).toEqual([
      [[], 'row'],
      [['second'], 'column'],
    ]);
  });

  it('gives the room of a pane that goes to its sibling', () => {
    expect(withoutPane(three, 'b')).toEqual({ kind: 'split', direction: 'row', ratio: 0.5, first: onlyPane('a'), second: onlyPane('c') });
    expect(paneIds(withoutPane(three, 'a') ?? onlyPane('none'))).toEqual(['b', 'c']);
    expect(withoutPane(onlyPane('a'), 'a')).toBeUndefined();
  });

  it('changes one split and keeps every pane visible', () => {
    const moved = withRatio(three, ['second'], 0.25);
    expect(rectsOf(moved).find((p) => p.paneId === 'b')?.rect.h).toBe(0.25);
    expect(rectsOf(withRatio(three, [], 5)).find((p) => p.paneId === 'b')?.rect.w).toBeCloseTo(0.1);
  });

  it('finds the pane on a side', () => {
    expect(neighbour(three, 'a', 'right')).toBe('b');
    expect(neighbour(three, 'c', 'left')).toBe('a');
    expect(neighbour(three, 'b', 'down')).toBe('c');
    expect(neighbour(three, 'c', 'up')).toBe('b');
    expect(neighbour(three, 'a', 'left')).toBeUndefined();
    expect(neighbour(three, 'nobody', 'left')).toBeUndefined();
  });
});
