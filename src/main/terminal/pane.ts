/** One shell of a tab: output to the window in groups and with flow control, input and window size to the shell. */
import type { ClientChannel } from 'ssh2';
import { limits } from '../../base/limits.ts';
import { Pacer } from './pacer.ts';
import type { WindowSize } from './session.ts';

export interface PaneSink {
  output(data: Uint8Array): void;
  ended(end: { readonly status?: number; readonly signal?: string }): void;
}

export class Pane {
  readonly #sink: PaneSink;
  readonly #pacer = new Pacer(limits.terminalAheadBytes, { pause: () => this.#read('pause'), resume: () => this.#read('resume') });
  #channel: ClientChannel | undefined;
  #waiting: Buffer[] = [];
  #paused = false;

  constructor(sink: PaneSink) {
    this.#sink = sink;
  }

  get isOpen(): boolean {
    return this.#channel !== undefined;
  }

  /** Takes a shell that has just been opened; its first output has not been read. */
  attach(channel: ClientChannel): void {
    this.#channel = channel;
    let end: { status?: number; signal?: string } = {};
    channel.on('exit', (status: number | null, signal?: string) => {
      end = status === null ? { signal: signal ?? 'TERM' } : { status };
    });
    channel.on('error', () => undefined);
    channel.once('close', () => {
      this.#flush();
      this.#channel = undefined;
      this.#sink.ended(end);
    });
    const take = (chunk: Buffer): void => this.#take(chunk);
    channel.on('data', take);
    channel.stderr.on('data', take);
    if (this.#paused) this.#read('pause');
  }

  /** Resolves when the bytes are within the shell's window. Input to a shell that has ended is dropped. */
  input(data: Buffer): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined || !channel.writable) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        channel.off('close', done);
        resolve();
      };
      channel.once('close', done);
      channel.write(data, done);
    });
  }

  resize({ cols, rows, width, height }: WindowSize): void {
    this.#channel?.setWindow(rows, cols, height, width);
  }

  acknowledged(bytes: number): void {
    this.#pacer.acknowledged(bytes);
  }

  close(): void {
    this.#channel?.close();
  }

  /** What comes in the same breath goes in one message. */
  #take(chunk: Buffer): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push(chunk);
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const data = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#pacer.sent(data.length);
    for (let from = 0; from < data.length; from += limits.terminalMessageBytes) this.#sink.output(data.subarray(from, from + limits.terminalMessageBytes));
  }

  #read(what: 'pause' | 'resume'): void {
    this.#paused = what === 'pause';
    this.#channel?.[what]();
    this.#channel?.stderr[what]();
  }
}
