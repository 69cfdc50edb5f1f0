import { expect, it } from 'vitest';
import { colourOf, legible } from './colours.ts';

it('keeps what can be read, and mends what cannot', () => {
  expect(legible(undefined, undefined)).toBeUndefined();
  expect(legible(colourOf(1, false), undefined)).toBe(colourOf(1, false));
  // Black on the dark screen, white on white, the screen's own text on yellow.
  expect([legible(colourOf(0, false), undefined), legible('#000000', undefined), legible('#ffffff', '#ffffff'), legible(undefined, '#e6c07b')]).toEqual(['#898f98', '#808080', '#666666', '#434446']);
});
