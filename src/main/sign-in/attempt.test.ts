import { describe, expect, it } from 'vitest';
import { Attempt } from './attempt.ts';

const LONG_MS = 600_000;

function make(): { attempt: Attempt; abort: AbortController; told: unknown[] } {
  const abort = new AbortController();
  const told: unknown[] = [];
  return { attempt: new Attempt(abort.signal, { where: (w) => told.push(w), waiting: (s) => told.push(s.phase) }), abort, told };
}

describe('an attempt to sign in', () => {
  it('wakes whoever waits, with the code that was typed', async () => {
    const { attempt } = make();
    const next = attempt.next(LONG_MS);
    attempt.nudge({ code: 'spd_x' });
    expect(await next).toEqual({ code: 'spd_x' });
  });

  it('keeps what came while nobody waited, once', async () => {
    const { attempt, abort } = make();
    attempt.nudge({ code: 'spd_x' });
    attempt.nudge();
    expect(await attempt.next(LONG_MS)).toEqual({ code: 'spd_x' });
    const second = attempt.next(LONG_MS);
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'env.cancelled' });
  });

  it('goes on by itself', async () => {
    expect(await make().attempt.next(1)).toEqual({});
  });

  it('ends when it is given up, and tells nothing more', async () => {
    const { attempt, abort, told } = make();
    attempt.where('browser');
    abort.abort();
    attempt.where('window');
    await expect(attempt.next(LONG_MS)).rejects.toMatchObject({ code: 'env.cancelled' });
    expect(told).toEqual(['browser']);
  });
});
