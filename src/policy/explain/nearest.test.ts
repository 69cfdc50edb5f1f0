import { describe, expect, it } from 'vitest';
import { distance, nearest } from './nearest.ts';

describe('nearest names', () => {
  it('counts inserted, dropped, replaced and swapped letters', () => {
    expect([['email', 'emial'], ['email', 'mail'], ['a', 'b'], ['same', 'same'], ['id', 'identity']].map(([a, b]) => distance(a!, b!, 3))).toEqual([1, 1, 1, 0, 4]);
  });
  it('offers the closest first, and nothing far off', () => {
    expect(nearest('custmer_id', ['id', 'customer_id', 'customer', 'custmer_ids'])).toEqual(['custmer_ids', 'customer_id']);
    expect(nearest('xyz', ['email', 'phone'])).toEqual([]);
    expect(nearest('email', ['email'])).toEqual([]);
    expect(nearest('EMAIL', ['email'])).toEqual(['email']);
  });
});
