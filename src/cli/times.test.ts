import { expect, it } from 'vitest';
import { parseTime } from './times.ts';

const NOW = Date.UTC(2026, 10, 21, 12);

it.each([
  ['30d', NOW - 30 * 86_400_000],
  ['12h', NOW - 12 * 3_600_000],
  ['15m', NOW - 900_000],
  ['2026-11-01', Date.UTC(2026, 10, 1)],
  ['2026-11-01T10:00', Date.UTC(2026, 10, 1, 10)],
  ['2026-11-01T10:00:00+02:00', Date.UTC(2026, 10, 1, 8)],
])('reads %s', (text, ms) => {
  expect(parseTime(text, '--since', NOW)).toBe(ms);
});

it.each(['', '30', '30x', 'yesterday', '1', '-5d', '11/01/2026', '2026-13-01', '1969-12-31'])('refuses %j, naming the option', (text) => {
  expect(() => parseTime(text, '--since', NOW)).toThrow(/--since/);
});
