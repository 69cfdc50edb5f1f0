/** Records a terminal: what was shown, in batches, what was typed, line by line, and its size. */
import type { Json } from '../../base/jcs.ts';
import { EchoedInput } from './echoed-input.ts';
import type { SshJournal } from './journal.ts';
import { TextBatches } from './text-batches.ts';

const BATCH_BYTES = 16 * 1024;
const BATCH_MS = 50;
const IDLE_MS = 1_000;

export class TerminalJournal {
  readonly #journal: SshJournal;
  readonly #channel: number;
  readonly #content: boolean;
  readonly #fail: (error: unknown) => void;
  readonly #input = new EchoedInput();
  readonly #output: TextBatches;
  readonly #gathered: () => void;
  #idle: NodeJS.Timeout | undefined;

  /** @param content false at record level `statement`: sizes only @param fail ends the session */
  constructor(journal: SshJournal, channel: number, content: boolean, fail: (error: unknown) => void) {
    this.#journal = journal;
    this.#channel = channel;
    this.#content = content;
    this.#fail = fail;
    const emit = (bytes: number, value: Json): void => journal.terminal('ssh.pty.out', channel, bytes, content ? value : undefined);
    this.#output = new TextBatches({ bytes: BATCH_BYTES, ms: BATCH_MS, emit, due: () => journal.recorder.commit(), failed: fail });
    this.#gathered = journal.gathers(channel, () => this.#output.flush());
  }

  /** Before the bytes go on. @param hidden known to be a password. A line that ends is in the kernel's hands when this returns. */
  typed(bytes: Uint8Array, hidden = false): void {
    if (hidden) this.#input.concealed(bytes);
    if (!hidden && this.#input.typed(bytes)) this.#flushInput();
    else this.#later();
  }

  /** As the client will see it. */
  shown(bytes: Uint8Array): void {
    this.#input.output(bytes);
    this.#output.push(bytes);
    if (this.#input.dirty) this.#later();
  }

  resized(cols: number, rows: number): void {
    this.#journal.resize(this.#channel, cols, rows);
  }

  end(): void {
    clearTimeout(this.#idle);
    this.#output.flush(true);
    this.#record(true);
    this.#gathered();
  }

  #later(): void {
    this.#idle ??= setTimeout(() => {
      this.#idle = undefined;
      try {
        this.#record(false);
        this.#journal.recorder.commit();
      } catch (error) {
        this.#fail(error);
      }
    }, IDLE_MS).unref();
  }

  #flushInput(): void {
    this.#record(false);
    this.#journal.recorder.commit();
  }

  #record(end: boolean): void {
    if (!this.#input.dirty && !end) return;
    const { data, bytes, hidden } = this.#input.take(end);
    if (bytes === 0 && data === '' && hidden === 0) return;
    this.#journal.terminal('ssh.pty.in', this.#channel, bytes, this.#content && data !== '' ? this.#journal.shown(data) : undefined, hidden);
  }
}
