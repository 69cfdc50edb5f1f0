/** Writes to channels, one write at a time: a reader that is slow holds up the other side, not this process's memory. */
import type { Readable } from 'node:stream';
import type { ClientChannel, ServerChannel } from 'ssh2';
import { sendNow } from './coalesce.ts';
import { drained, forgetStalled, isClosed, roomOf, socketOf } from './library.ts';

/** As much as a key or its echo: it is sent at once, and not at the end of the turn. */
const KEY_BYTES = 64;

/** The stdout and stderr of a client's channel, or the stdin of a target's. */
export class ChannelWriter {
  readonly #channel: ServerChannel | ClientChannel;
  readonly #gone: AbortSignal;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** @param gone aborted when nobody reads any more: what still waits is dropped */
  constructor(channel: ServerChannel | ClientChannel, gone: AbortSignal) {
    this.#channel = channel;
    this.#gone = gone;
  }

  /**
   * Resolves when the bytes are within the reader's window and the next may come; undefined when they are already.
   * Never throws or rejects.
   */
  write(bytes: Uint8Array): Promise<void> | undefined {
    return this.#next(this.#channel, bytes);
  }

  writeError(bytes: Uint8Array): Promise<void> | undefined {
    return this.#next(this.#channel.server ? this.#channel.stderr : this.#channel, bytes);
  }

  /** Resolves when everything written so far is out. */
  flushed(): Promise<void> {
    return this.#tail;
  }

  #next(stream: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> | undefined {
    if (this.#waiting === 0 && bytes.length <= roomOf(this.#channel)) {
      this.#now(stream, bytes);
      return undefined;
    }
    this.#waiting++;
    this.#tail = this.#tail.then(() => this.#one(stream, bytes)).finally(() => this.#waiting--);
    return this.#tail;
  }

  /** The reader has room for all of it: nothing can wait. */
  #now(stream: NodeJS.WritableStream, bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#gone.aborted || isClosed(this.#channel)) return;
    try {
      stream.write(bytes);
      const socket = bytes.length <= KEY_BYTES ? socketOf(this.#channel) : undefined;
      if (socket !== undefined) sendNow(socket);
    } catch {
      // A stream that has just ended takes nothing more.
    }
  }

  /** Waits for room in the socket, then for the reader's window. */
  #one(stream: NodeJS.WritableStream, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#gone.removeEventListener('abort', done);
        forgetStalled(this.#channel);
        resolve();
      };
      this.#gone.addEventListener('abort', done, { once: true });
      void drained(this.#channel).then(() => {
        if (bytes.length === 0 || this.#gone.aborted || isClosed(this.#channel)) done();
        else stream.write(bytes, done);
      }).catch(done); // A stream that has just ended takes nothing more.
    });
  }
}

/**
 * Takes a stream's bytes as they come and stops reading while `sink` is busy with them.
 * Resolves at the stream's end, or when `gone` is aborted.
 */
export function pump(source: Readable, sink: (chunk: Buffer) => Promise<unknown> | undefined, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      source.off('data', take).off('end', done).off('close', done);
      gone.removeEventListener('abort', done);
      resolve();
    };
    const take = (chunk: Buffer): void => {
      let busy: Promise<unknown> | undefined;
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
