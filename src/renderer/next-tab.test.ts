import { expect, it } from 'vitest';
import { nextTab } from './next-tab.ts';

it('goes round in both directions, and nowhere from the only tab', () => {
  expect([nextTab(['a', 'b', 'c'], 'c', 1), nextTab(['a', 'b', 'c'], 'a', -1), nextTab(['a', 'b', 'c'], 'a', 1)]).toEqual(['a', 'c', 'b']);
  expect([nextTab(['a'], 'a', 1), nextTab([], undefined, -1)]).toEqual([undefined, undefined]);
});
