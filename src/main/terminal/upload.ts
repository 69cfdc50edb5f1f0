/** A file that the window hands over piece by piece, to the target. The window names no file of this machine. */
import { createHash } from 'node:crypto';
import { ConfigError, messageOf } from '../../base/errors.ts';
import type { RemoteFile } from './remote-files.ts';
import type { TransferState } from './transfer.ts';

/** What every server takes in one write. */
const WRITE_BYTES = 32 * 1024;
/** How long a cancelled upload waits for a server that is slow to answer. */
const ANSWER_MS = 5_000;

const unanswered = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, ANSWER_MS, 'The target does not answer. What had arrived may still be there.').unref());

export class Upload {
  readonly #remote: RemoteFile;
  readonly #transfer: TransferState;
  /** Takes away what was begun. Undefined where an older file was overwritten: nothing brings that back. */
  readonly #undo: (() => Promise<void>) | undefined;
  readonly #hash = createHash('sha256');
  readonly #sizeBytes: number;
  #position = 0;
  readonly #writing = new Set<Promise<void>>();

  constructor(remote: RemoteFile, sizeBytes: number, transfer: TransferState, undo: (() => Promise<void>) | undefined) {
    this.#remote = remote;
    this.#sizeBytes = sizeBytes;
    this.#transfer = transfer;
    this.#undo = undo;
  }

  /** Pieces come in order; each resolves when the server has it. @throws what the proxy or the server says */
  async chunk(data: Uint8Array): Promise<void> {
    if (!this.#transfer.running || this.#transfer.abort.signal.aborted) throw new ConfigError('this transfer has ended');
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const at = this.#position;
    this.#position += bytes.length;
    this.#hash.update(bytes);
    const writes: Promise<void>[] = [];
    for (let from = 0; from < bytes.length; from += WRITE_BYTES) {
      const length = Math.min(WRITE_BYTES, bytes.length - from);
      writes.push(this.#remote.write(bytes, from, length, at + from).then(() => this.#transfer.moved(length)));
    }
    const all = Promise.all(writes).then(() => undefined);
    this.#writing.add(all);
    try {
      await all;
    } catch (error) {
      await this.#fail(error);
      throw error;
    } finally {
      this.#writing.delete(all);
    }
  }

  /** The window has given all it has. */
  async end(): Promise<void> {
    if (!this.#transfer.running) return;
    try {
      await Promise.all(this.#writing);
      if (this.#position !== this.#sizeBytes) throw new ConfigError('the file has changed while it was read');
      await this.#remote.close();
      this.#transfer.end('done', this.#hash.digest('hex'));
    } catch (error) {
      await this.#fail(error);
    }
  }

  async cancel(): Promise<void> {
    if (!this.#transfer.running) return;
    this.#transfer.abort.abort();
    const over = Promise.allSettled(this.#writing).then(() => this.#takeAway());
    this.#transfer.end('cancelled', await Promise.race([over, unanswered()]));
  }

  async #fail(error: unknown): Promise<void> {
    if (!this.#transfer.running || this.#transfer.abort.signal.aborted) return;
    this.#transfer.abort.abort();
    this.#transfer.end('failed', `${messageOf(error)}. ${await this.#takeAway()}`);
  }

  async #takeAway(): Promise<string> {
    await this.#remote.close().catch(() => undefined);
    if (this.#undo === undefined) return 'The file at the target is incomplete: it was being overwritten.';
    return this.#undo().then(
      () => 'What had arrived was removed from the target.',
      () => 'What had arrived is still at the target.',
    );
  }
}
