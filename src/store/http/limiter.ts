/**
 * How often one caller may ask. Counted in this process: with several processes a caller has several times as much,
 * which is still a bound. Limits that guard secrets (sign-in) are counted in the database.
 */
import type { Clock } from '../../base/clock.ts';

const WINDOW_MS = 60_000;
/** Distinct callers counted in one window; addresses are cheap for an attacker, memory is not. */
const MAX_KEYS = 100_000;

export class Limiter {
  readonly #clock: Clock;
  readonly #perMinute: number;
  #counts = new Map<string, number>();
  #sinceMs = 0;

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Counts one request. @returns whether it is over the limit */
  hit(key: string): boolean {
    this.#roll();
    const count = (this.#counts.get(key) ?? 0) + 1;
    if (count > 1 || this.#counts.size < MAX_KEYS) this.#counts.set(key, count);
    return count > this.#perMinute;
  }

  /** Whether the limit is used up, without counting. */
  isOver(key: string): boolean {
    this.#roll();
    return (this.#counts.get(key) ?? 0) >= this.#perMinute;
  }

  #roll(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#sinceMs < WINDOW_MS && nowMs >= this.#sinceMs) return;
    this.#sinceMs = nowMs;
    this.#counts = new Map();
  }
}
