/** Lets keys through to a shell that is watched in mode `gate`: a key that would run a line waits for the line's decision. */
import { LineGate, type InputStep, type UncertainReason } from './line-gate.ts';
import { systemTimers, type Timers } from './output-guard.ts';

/** No output for so long after a key was answered: the screen shows what the key did. */
export const SETTLED_MS = 120;
/** A key that nothing answers. */
export const UNANSWERED_MS = 1_000;
/**
 * How long an interrupt has to bring a prompt, and how often it is sent. Bash takes one that comes while it draws, echoes
 * it, and then waits for the next key before it acts on it.
 */
export const INTERRUPT_MS = 250;
const INTERRUPTS = 8;
/** The echo of a key is this short, and is drawn on the screen so much later than it is shown. */
const ECHO_BYTES = 256;
const READ_MS = 5;
const CTRL_C = 0x03;
const EMPTY = Buffer.alloc(0);

export interface GateDecider {
  /** @param signal aborted when the person gives up @returns whether the line may run */
  line(text: string, signal: AbortSignal): Promise<boolean>;
  /** A key that could run something that cannot be read. */
  uncertain(reason: UncertainReason, signal: AbortSignal): Promise<boolean>;
}

export interface GateRunnerOptions {
  readonly cols: number;
  readonly rows: number;
  readonly decider: GateDecider;
  /** Keys that go to the target. `hidden`: a password, not to be recorded. */
  readonly forward: (bytes: Buffer, hidden: boolean) => void;
  /** A decision failed: the channel has to end. */
  readonly failed: (error: unknown) => void;
  readonly timers?: Timers;
  /** How long it waits for the screen. Default SETTLED_MS and UNANSWERED_MS. */
  readonly patience?: { readonly settledMs: number; readonly unansweredMs: number };
}

export class GateRunner {
  readonly #o: GateRunnerOptions;
  readonly #gate: LineGate;
  readonly #timers: Timers;
  #running = false;
  #work: Promise<void> | undefined;
  #deciding: AbortController | undefined;
  #wake: ((quiet: boolean) => void) | undefined;
  #timer: unknown;
  #soon: unknown;
  #room: (() => void)[] = [];
  #ended = false;

  constructor(o: GateRunnerOptions) {
    this.#o = o;
    this.#gate = new LineGate(o.cols, o.rows);
    this.#timers = o.timers ?? systemTimers;
  }

  /** What the target sent, before any mask. */
  output(bytes: Uint8Array): void {
    this.#gate.output(bytes);
    this.#wake?.(false);
    // Nobody waits for it now, and the next key would.
    if (bytes.length <= ECHO_BYTES) this.#soon ??= this.#timers.set(() => this.#read(), READ_MS);
  }

  #read(): void {
    this.#soon = undefined;
    try {
      if (!this.#ended) this.#gate.read();
    } catch (error) {
      this.#o.failed(error);
    }
  }

  resize(cols: number, rows: number): void {
    this.#gate.resize(cols, rows);
  }

  /** Nothing more goes on. Resolves when what waited is withdrawn. */
  end(): Promise<void> | undefined {
    this.#ended = true;
    this.#timers.clear(this.#timer);
    this.#timers.clear(this.#soon);
    this.#deciding?.abort();
    this.#wake?.(true);
    return this.#work;
  }

  /** Takes keys. @returns what goes on at once, most often nothing: it is given to `forward`; a promise when too much waits */
  write(bytes: Buffer): Buffer | Promise<Buffer> {
    if (!this.#running && this.#gate.passes(bytes)) return bytes;
    if (this.#deciding !== undefined && bytes.includes(CTRL_C)) {
      this.#deciding.abort();
      return EMPTY;
    }
    if (!this.#gate.input(bytes)) return new Promise<void>((resolve) => this.#room.push(resolve)).then(() => this.write(bytes));
    if (!this.#running) this.#work = this.#run().catch((error: unknown) => this.#o.failed(error));
    return EMPTY;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let step = this.#gate.next(); step !== undefined && !this.#ended; step = this.#gate.next()) {
        if (step.kind === 'forward') this.#o.forward(step.bytes, step.hidden);
        else if (step.kind === 'settle') await this.#settle();
        else await this.#decide(step);
      }
    } finally {
      this.#running = false;
      for (const resolve of this.#room.splice(0)) resolve();
    }
  }

  async #decide(step: Extract<InputStep, { kind: 'decide' | 'uncertain' }>): Promise<void> {
    const deciding = new AbortController();
    this.#deciding = deciding;
    try {
      const { decider } = this.#o;
      const allowed = await (step.kind === 'decide' ? decider.line(step.text, deciding.signal) : decider.uncertain(step.reason, deciding.signal));
      if (this.#ended) return;
      const runs = allowed && !deciding.signal.aborted;
      const bytes = this.#gate.answered(step, runs);
      if (runs) this.#o.forward(bytes, false);
      else await this.#giveUp(bytes);
    } finally {
      this.#deciding = undefined;
    }
  }

  /** Keys that follow wait until the refused line is gone: they would be typed behind it. */
  async #giveUp(interrupt: Buffer): Promise<void> {
    for (let n = 0; n < INTERRUPTS && !this.#ended; n++) {
      this.#o.forward(interrupt, false);
      if (await this.#prompted()) return;
    }
  }

  /** @returns whether the shell's prompt came in time */
  #prompted(): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (came: boolean): void => {
        this.#timers.clear(this.#timer);
        this.#wake = undefined;
        resolve(came);
      };
      this.#wake = (quiet) => {
        if (quiet) done(this.#ended);
        else if (this.#gate.givenUp) done(true);
      };
      this.#timer = this.#timers.set(() => this.#wake?.(true), INTERRUPT_MS);
      this.#wake(false);
    });
  }

  /** Until something is shown, or nothing was for a while. */
  #settle(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = (quiet) => {
        this.#timers.clear(this.#timer);
        this.#wake = undefined;
        if (quiet) this.#gate.settled();
        resolve();
      };
      const { settledMs, unansweredMs } = this.#o.patience ?? { settledMs: SETTLED_MS, unansweredMs: UNANSWERED_MS };
      this.#timer = this.#timers.set(() => this.#wake?.(true), this.#gate.answeredKey ? settledMs : unansweredMs);
    });
  }
}
