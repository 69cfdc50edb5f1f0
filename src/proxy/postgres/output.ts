/**
 * Bytes on their way to one socket. Neighbouring views of one received chunk are joined, so that rows nobody
 * touched leave as one write; the rest is copied nowhere either.
 */
import type { Socket } from 'node:net';
import { limits } from '../../base/limits.ts';

export class Output {
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #source: Buffer | undefined;
  #start = 0;
  #end = 0;
  /** Bytes handed to the socket, for the session's metadata. */
  written = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Queues `source[start, end)` without copying. The source must not be written to afterwards. */
  view(source: Buffer, start: number, end: number): void {
    if (this.#source === source && this.#end === start) {
      this.#end = end;
      return;
    }
    this.#closeRun();
    this.#source = source;
    this.#start = start;
    this.#end = end;
  }

  push(bytes: Buffer): void {
    this.#closeRun();
    this.#parts.push(bytes);
  }

  get pending(): boolean {
    return this.#parts.length > 0 || this.#source !== undefined;
  }

  /** Writes what is queued. False when the socket wants a pause; it emits 'drain' then. */
  flush(): boolean {
    this.#closeRun();
    const parts = this.#parts;
    if (parts.length === 0) return this.#socket.writableLength < limits.socketHighWaterBytes;
    this.#parts = [];
    const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    this.written += bytes.length;
    if (this.#socket.destroyed) return true;
    this.#socket.write(bytes);
    return this.#socket.writableLength < limits.socketHighWaterBytes;
  }

  #closeRun(): void {
    if (this.#source === undefined) return;
    this.#parts.push(this.#start === 0 && this.#end === this.#source.length ? this.#source : this.#source.subarray(this.#start, this.#end));
    this.#source = undefined;
  }
}
