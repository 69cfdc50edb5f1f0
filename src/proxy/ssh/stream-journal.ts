/** Records a channel without a terminal: digests of everything that moved, and the beginning of the output where it is text. */
import { createHash } from 'node:crypto';
import { limits } from '../../base/limits.ts';
import type { Moved, Recorded, SshJournal } from './journal.ts';
import { TextBatches } from './text-batches.ts';

const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 50;

/** Keys and their echoes are digested so many bytes at a time. */
const SMALL_BYTES = 1024;

/** Counts and digests one direction. */
export class Meter {
  readonly #hash = createHash('sha256');
  readonly #small = Buffer.allocUnsafe(SMALL_BYTES);
  #waiting = 0;
  #bytes = 0;

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#waiting + bytes.length > SMALL_BYTES) this.#digest();
    if (bytes.length > SMALL_BYTES) {
      this.#hash.update(bytes);
    } else {
      this.#small.set(bytes, this.#waiting);
      this.#waiting += bytes.length;
    }
  }

  #digest(): void {
    this.#hash.update(this.#small.subarray(0, this.#waiting));
    this.#waiting = 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Once. */
  end(): Moved {
    this.#digest();
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

/** Keeps what one of the two outputs begins with, up to a bound. What holds a NUL is not text, and is not kept from there on. */
export class OutputKeeper {
  readonly #batches: TextBatches;
  #left: number;

  constructor(journal: SshJournal, channel: number, request: Recorded, fd: 1 | 2, content: boolean, fail: (error: unknown) => void) {
    this.#left = content ? limits.recordedResponseBytes : 0;
    this.#batches = new TextBatches({ bytes: BATCH_BYTES, ms: BATCH_MS, emit: (bytes, value) => journal.output(channel, request, fd, bytes, journal.shownValue(value)), due: () => journal.recorder.commit(), failed: fail });
  }

  add(bytes: Uint8Array): void {
    if (this.#left <= 0) return;
    if (bytes.includes(0)) {
      this.#left = 0;
      return;
    }
    const kept = bytes.subarray(0, this.#left);
    this.#left -= kept.length;
    this.#batches.push(kept);
  }

  end(): void {
    this.#batches.flush(true);
  }
}
