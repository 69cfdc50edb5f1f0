/** One file on its way: what of it has moved, told at most ten times a second, and how it ended. */
import type { Transfer } from '../../contract/ipc/terminal.ts';

const TELL_MS = 100;

export class TransferState {
  readonly abort = new AbortController();
  readonly #tell: (transfer: Transfer) => void;
  #now: Transfer;
  #timer: NodeJS.Timeout | undefined;

  constructor(begin: Pick<Transfer, 'transferId' | 'tabId' | 'direction' | 'name' | 'totalBytes'>, tell: (transfer: Transfer) => void) {
    this.#tell = tell;
    this.#now = { ...begin, doneBytes: 0, state: 'running', message: '' };
    tell(this.#now);
  }

  get tabId(): string {
    return this.#now.tabId;
  }

  get direction(): Transfer['direction'] {
    return this.#now.direction;
  }

  get running(): boolean {
    return this.#now.state === 'running';
  }

  moved(bytes: number): void {
    const doneBytes = this.#now.doneBytes + bytes;
    this.#now = { ...this.#now, doneBytes, totalBytes: Math.max(this.#now.totalBytes, doneBytes) };
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell(this.#now);
    }, TELL_MS);
  }

  /** The first call counts. */
  end(state: 'done' | 'failed' | 'cancelled', message: string): void {
    if (!this.running) return;
    clearTimeout(this.#timer);
    this.#now = { ...this.#now, state, message };
    this.#tell(this.#now);
  }
}
