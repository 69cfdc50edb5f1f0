/** Records a channel without a terminal: digests of everything that moved, and the beginning of the output where it is text. */
import { createHash } from 'node:crypto';
import { limits } from '../../base/limits.ts';
import type { Moved, Recorded, SshJournal } from './journal.ts';
import { TextBatches } from './text-batches.ts';

const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 50;

/** Counts and digests one direction. */
export class Meter {
  readonly #hash = createHash('sha256');
  #bytes = 0;

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Once. */
  end(): Moved {
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
