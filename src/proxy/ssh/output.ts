/** Writes to channels, one write at a time: a reader that is slow holds up the other side, not this process's memory. */
import type { Readable } from 'node:stream';
import type { ClientChannel, ServerChannel } from 'ssh2';
import { forgetStalled, isClosed } from './library.ts';

/** The stdout and stderr of a client's channel, or the stdin of a target's. */
export class ChannelWriter {
  readonly #channel: ServerChannel | ClientChannel;
  readonly #gone: AbortSignal;
  #tail: Promise<void> = Promise.resolve();

  /** @param gone aborted when nobody reads any more: what still waits is dropped */
  constructor(channel: ServerChannel | ClientChannel, gone: AbortSignal) {
    this.#channel = channel;
    this.#gone = gone;
  }

  /** Resolves when the bytes are within the reader's window and the next may come. Never rejects. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#then(() => this.#channel, bytes);
  }

  writeError(bytes: Uint8Array): Promise<void> {
    return this.#then(() => (this.#channel.server ? this.#channel.stderr : this.#channel), bytes);
  }

  /** Resolves when everything written so far is out. */
  flushed(): Promise<void> {
    return this.#tail;
  }

  #then(stream: () => NodeJS.WritableStream, bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return this.#tail;
    this.#tail = this.#tail.then(() => this.#one(stream(), bytes));
    return this.#tail;
  }

  #one(stream: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> {
    if (this.#gone.aborted || isClosed(this.#channel)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#gone.removeEventListener('abort', done);
        forgetStalled(this.#channel);
        resolve();
      };
      this.#gone.addEventListener('abort', done, { once: true });
      try {
        stream.write(bytes, done);
      } catch {
        // A stream that has just ended takes nothing more.
        done();
      }
    });
  }
}

/**
 * Takes a stream's bytes as they come and stops reading while `sink` is busy with them.
 * Resolves at the stream's end, or when `gone` is aborted.
 */
export function pump(source: Readable, sink: (chunk: Buffer) => Promise<void> | undefined, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      source.off('data', take).off('end', done).off('close', done);
      gone.removeEventListener('abort', done);
      resolve();
    };
    const take = (chunk: Buffer): void => {
      let busy: Promise<void> | undefined;
      try {
        busy = sink(chunk);
      } catch (error) {
        done();
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      if (busy === undefined) return;
      source.pause();
      busy.then(
        () => source.resume(),
        (error: unknown) => {
          done();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    };
    source.on('data', take).once('end', done).once('close', done);
    gone.addEventListener('abort', done, { once: true });
    if (gone.aborted) done();
    // It may have been paused while something was decided.
    else source.resume();
  });
}

/** Resolves when it is. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
