/** One sign-in under way: what it tells the window, and what the person at the window tells it. */
import { EnvironmentError } from '../../base/errors.ts';
import type { AwaitedDevice, AwaitedPolicy } from '../../contract/ipc/auth.ts';

export interface Nudge {
  /** A code that the person typed for the awaited device. */
  readonly code?: string;
}

export interface AttemptTells {
  /** Where the person has to look. */
  where(where: 'browser' | 'window'): void;
  waiting(state: AwaitedDevice | AwaitedPolicy): void;
}

export class Attempt {
  readonly signal: AbortSignal;
  readonly #tells: AttemptTells;
  /** What came while nobody waited is not lost. */
  #pending: Nudge | undefined;
  #wake: ((nudge: Nudge) => void) | undefined;

  constructor(signal: AbortSignal, tells: AttemptTells) {
    this.signal = signal;
    this.#tells = tells;
  }

  where(where: 'browser' | 'window'): void {
    if (!this.signal.aborted) this.#tells.where(where);
  }

  waiting(state: AwaitedDevice | AwaitedPolicy): void {
    if (!this.signal.aborted) this.#tells.waiting(state);
  }

  /** Somebody wants another look now. */
  nudge(nudge: Nudge = {}): void {
    const next = { ...this.#pending, ...nudge };
    const wake = this.#wake;
    this.#pending = wake === undefined ? next : undefined;
    wake?.(next);
  }

  /** Resolves at the next nudge, or after `afterMs`. @throws EnvironmentError env.cancelled when the sign-in is given up */
  next(afterMs: number): Promise<Nudge> {
    const missed = this.#pending;
    this.#pending = undefined;
    if (this.signal.aborted) return Promise.reject(cancelled());
    if (missed !== undefined) return Promise.resolve(missed);
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', abort);
        this.#wake = undefined;
        end();
      };
      const abort = (): void => settle(() => reject(cancelled()));
      const timer = setTimeout(() => settle(() => resolve({})), afterMs);
      this.signal.addEventListener('abort', abort);
      this.#wake = (nudge) => settle(() => resolve(nudge));
    });
  }
}

const cancelled = (): EnvironmentError => new EnvironmentError('env.cancelled', 'the sign-in was cancelled');
