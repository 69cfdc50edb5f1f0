import { describe, expect, it } from 'vitest';
import { dayField, fromDay, monthsBack } from './period.ts';

describe('days of a report', () => {
  it('go into a field and come back', () => {
    const noon = new Date(2026, 10, 21, 12).getTime();
    expect(dayField(noon)).toBe('2026-11-21');
    expect(fromDay('2026-11-21')).toBe(new Date(2026, 10, 21).getTime());
    expect(fromDay('2026-12-31', 1)).toBe(new Date(2027, 0, 1).getTime());
  });
  it('are none for what is no day', () => expect(['', '2026', 'x', '2026-1-1'].map((t) => fromDay(t))).toEqual(Array(4).fill(undefined)));
  it('go months back, to the last day of a shorter month', () => {
    expect(dayField(monthsBack(new Date(2026, 4, 31).getTime(), 3))).toBe('2026-02-28');
    expect(dayField(monthsBack(new Date(2026, 1, 1).getTime(), 3))).toBe('2025-11-01');
  });
});
