import { expect, it } from 'vitest';
import { Activity, IDLE_MS, playClock } from './play-clock.ts';

const DAY = 24 * 3_600_000;

function day(): Activity {
  const activity = new Activity();
  for (let burst = 0; burst < 24; burst++) for (let i = 0; i < 100; i++) activity.add(burst * 3_600_000 + i * 50);
  return activity;
}

it('plays a day in minutes, and every moment can be found both ways', () => {
  const { spans } = day();
  expect(spans.length).toBe(24);
  const clock = playClock([spans], true);
  expect(clock.durationMs).toBe(24 * 99 * 50 + 23 * IDLE_MS + 1_500);
  for (const t of [0, 4_950, 3_600_000, 3_600_050, 23 * 3_600_000 + 4_950]) expect(clock.toReal(clock.toPlay(t))).toBe(t);
  let last = -1;
  for (let t = 0; t < DAY; t += 61_007) {
    expect(clock.toPlay(t)).toBeGreaterThanOrEqual(last);
    last = clock.toPlay(t);
  }
});

it('plays every second when nothing is to be skipped', () => {
  const clock = playClock([day().spans], false);
  expect(clock.durationMs).toBe(23 * 3_600_000 + 4_950 + 1_500);
  expect(clock.toPlay(3_600_000)).toBe(3_600_000);
});

it('takes times of several sources together, and clocks that were set back', () => {
  const activity = new Activity();
  for (const t of [1_000, 900, 1_100]) activity.add(t);
  expect(activity.spans).toEqual([[1_000, 1_100]]);
  const clock = playClock([activity.spans, [[50_000, 50_000]], [[1_500, 1_500]]], true);
  expect(clock.toPlay(1_500)).toBe(500);
  expect(clock.toPlay(50_000)).toBe(500 + IDLE_MS);
  expect(playClock([], true).toPlay(5)).toBe(0);
});
