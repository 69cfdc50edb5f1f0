/**
 * Masks what one channel shows: the stream masker, the short time for which it may hold something back, and on a terminal
 * the look at the screen when it is quiet.
 */
import type { ActiveDetectors } from '../../../policy/mask/detectors.ts';
import { activeDetectors } from '../../../policy/mask/detectors.ts';
import type { MaskContext } from '../../../policy/mask/index.ts';
import { StreamMasker } from '../../../policy/mask/stream/index.ts';
import type { MaskPlan } from '../../../policy/types.ts';
import { overpaint } from './overpaint.ts';
import { Screen } from './screen.ts';

/** What is held waits so long for more, and at most so long in all. */
export const HOLD_MS = 40;
export const MAX_HOLD_MS = 400;
/** Nobody types where there is no terminal: there is time. */
export const PIPE_HOLD_MS = 250;
export const MAX_PIPE_HOLD_MS = 2_000;
/** No output for so long: the screen is looked at. */
export const QUIET_MS = 100;

export interface Timers {
  set(call: () => void, ms: number): unknown;
  clear(handle: unknown): void;
  /** Begins to wait anew, also when it has gone off. */
  again(handle: unknown): void;
}

export const systemTimers: Timers = {
  set: (call, ms) => setTimeout(call, ms).unref(),
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout),
  again: (handle) => void (handle as NodeJS.Timeout).refresh(),
};

export interface OutputGuardOptions {
  readonly plan: MaskPlan;
  readonly masks: MaskContext;
  /** Size of the pty, absent where there is none. */
  readonly terminal?: { readonly cols: number; readonly rows: number };
  /** Bytes that are shown later than their `write`: they come after all that was shown before. */
  readonly emit: (bytes: Buffer) => void;
  /** A value stood on the screen in clear and was painted over. */
  readonly exposed: (classIds: readonly string[]) => void;
  /** A timer's work failed: the channel has to end. */
  readonly failed: (error: unknown) => void;
  readonly timers?: Timers;
}

export class OutputGuard {
  readonly #o: OutputGuardOptions;
  readonly #masker: StreamMasker;
  readonly #active: ActiveDetectors;
  readonly #screen: Screen | undefined;
  readonly #timers: Timers;
  #hold: unknown;
  /** Runs from the first byte that is held until that byte is shown. */
  #longest: unknown;
  #heldFrom = -1;
  #quiet: unknown;

  constructor(o: OutputGuardOptions) {
    this.#o = o;
    this.#timers = o.timers ?? systemTimers;
    this.#masker = new StreamMasker({ plan: o.plan, context: o.masks, ...(o.terminal ? { terminal: o.terminal } : {}) });
    this.#active = activeDetectors(o.plan, o.masks);
    this.#screen = o.terminal !== undefined && this.#active.ids.size > 0 ? new Screen(o.terminal.cols, o.terminal.rows) : undefined;
  }

  /** Values masked so far, by class. */
  get counts(): ReadonlyMap<string, number> {
    return this.#masker.counts;
  }

  /** Bytes that passed unaltered because they are no text. */
  get binaryBytes(): number {
    return this.#masker.binaryBytes;
  }

  /** @returns what may be shown now @throws when masking fails; nothing more may be shown then */
  write(bytes: Buffer): Buffer {
    const shown = this.#shown(this.#masker.write(bytes));
    this.#timers.clear(this.#hold);
    if (this.#masker.held === 0) {
      this.#timers.clear(this.#longest);
      this.#heldFrom = -1;
      return shown;
    }
    const [more, longest] = this.#o.terminal === undefined ? [PIPE_HOLD_MS, MAX_PIPE_HOLD_MS] : [HOLD_MS, MAX_HOLD_MS];
    const show = (): void => this.#emit(this.flush());
    this.#hold = this.#later(show, more);
    if (this.#masker.heldFrom !== this.#heldFrom) {
      this.#heldFrom = this.#masker.heldFrom;
      this.#timers.clear(this.#longest);
      this.#longest = this.#later(show, longest);
    }
    return shown;
  }

  /** What is held, decided as it stands: at the end of the stream. */
  flush(): Buffer {
    this.#timers.clear(this.#hold);
    this.#timers.clear(this.#longest);
    this.#heldFrom = -1;
    return this.#shown(this.#masker.flush());
  }

  /** Nothing is shown any more. */
  end(): void {
    this.#timers.clear(this.#hold);
    this.#timers.clear(this.#longest);
    this.#timers.clear(this.#quiet);
  }

  typed(bytes: Uint8Array): void {
    this.#masker.typed(bytes);
  }

  resize(cols: number, rows: number): void {
    this.#masker.resize(cols, rows);
    this.#screen?.resize(cols, rows);
  }

  #shown(bytes: Uint8Array): Buffer {
    const shown = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#screen !== undefined && shown.length > 0) {
      this.#screen.feed(shown);
      if (this.#quiet === undefined) this.#quiet = this.#later(() => this.#look(), QUIET_MS);
      else this.#timers.again(this.#quiet);
    }
    return shown;
  }

  #look(): void {
    // In the middle of an escape sequence nothing can be painted; more is coming.
    if (this.#screen === undefined || !this.#masker.atRest) return;
    const found = overpaint(this.#screen, this.#active);
    if (found === undefined) return;
    this.#screen.feed(found.bytes);
    this.#o.exposed(found.classIds);
    this.#emit(found.bytes);
  }

  #emit(bytes: Buffer): void {
    if (bytes.length > 0) this.#o.emit(bytes);
  }

  #later(call: () => void, ms: number): unknown {
    return this.#timers.set(() => {
      try {
        call();
      } catch (error) {
        this.#o.failed(error);
      }
    }, ms);
  }
}
