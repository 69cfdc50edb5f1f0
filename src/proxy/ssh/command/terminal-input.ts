/**
 * Where what a client types goes: to the prompt, or to the process that runs. Keys that come before a process runs are
 * the next prompt's, so that nothing that was meant as a command is read by a program instead.
 */
import { PassThrough, type Readable } from 'node:stream';
import { pump } from '../output.ts';

/** What waits for the prompt; with more the client is not read. */
const QUEUE_BYTES = 1024 * 1024;
const CTRL_C = 0x03;
const PASTE_END = Buffer.from('\u001b[201~');
const EMPTY = Buffer.alloc(0);

export class TerminalInput {
  readonly #dropped: (bytes: Buffer) => Buffer;
  #queue: Buffer = EMPTY;
  #ended = false;
  #process: PassThrough | undefined;
  /** The end of a paste that began at the prompt has not come yet. */
  #pasting = false;
  /** A line is being entered. */
  #prompting = false;
  /** Ctrl-C came between a line and the process that it starts: it is for that. */
  #interrupt = false;
  #interrupted: (() => void) | undefined;
  #more: (() => void) | undefined;
  #room: (() => void) | undefined;

  /**
   * Reads from here on.
   * @param dropped is told what nobody takes any more, and says what has to be kept of it all the same
   * @param failed what is typed cannot be taken: the channel has to end
   */
  constructor(client: Readable, gone: AbortSignal, dropped: (bytes: Buffer) => Buffer, failed: (error: unknown) => void) {
    this.#dropped = dropped;
    pump(client, (chunk) => this.#take(chunk), gone).then(() => this.#end(), failed);
  }

  /** What was typed for the prompt. */
  get queue(): Buffer {
    return this.#queue;
  }

  /** Nothing more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The prompt has taken some. */
  keep(rest: Buffer): void {
    this.#queue = rest;
    if (rest.length >= QUEUE_BYTES) return;
    this.#room?.();
    this.#room = undefined;
  }

  /** From here on, or not any more, a line is entered. */
  set prompting(is: boolean) {
    this.#prompting = is;
    this.#interrupt = false;
  }

  /** What waits for the prompt is not wanted any more. */
  clear(): void {
    this.keep(this.#dropped(this.#queue));
  }

  /** Resolves when more was typed, or nothing more will be. */
  more(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => (this.#more = resolve));
  }

  /** Until `work` is done, Ctrl-C calls `interrupted` and drops what waits; the rest waits for the prompt. */
  async waiting<T>(interrupted: () => void, work: () => Promise<T>): Promise<T> {
    this.#interrupted = interrupted;
    try {
      return await work();
    } finally {
      this.#interrupted = undefined;
    }
  }

  /** What is typed until `stop` is for a process. @param pasting a paste has begun: its rest is the prompt's */
  start(pasting: boolean): Readable {
    this.#pasting = pasting && !this.#queue.includes(PASTE_END);
    const process = new PassThrough().on('error', () => undefined);
    this.#process = process;
    if (this.#interrupt) process.write(Buffer.of(CTRL_C));
    if (this.#ended) process.end();
    return process;
  }

  /** The process has ended: what it did not take is the prompt's. */
  stop(): void {
    const process = this.#process;
    this.#process = undefined;
    this.#pasting = false;
    if (process === undefined) return;
    process.pause();
    const left = process.read() as Buffer | null;
    process.destroy();
    if (left !== null) this.#queue = Buffer.concat([this.#queue, left]);
  }

  #take(chunk: Buffer): Promise<void> | undefined {
    const process = this.#process;
    if (process === undefined || this.#pasting) return this.#forPrompt(chunk);
    // Whoever interrupts a command does not want those that wait behind it.
    if (chunk.includes(CTRL_C)) this.clear();
    return new Promise((resolve) => process.write(chunk, () => resolve()));
  }

  #forPrompt(chunk: Buffer): Promise<void> | undefined {
    if (!this.#prompting && !this.#pasting && chunk.includes(CTRL_C)) {
      this.clear();
      this.#interrupt = true;
      this.#interrupted?.();
      return undefined;
    }
    this.#queue = Buffer.concat([this.#queue, chunk]);
    if (this.#pasting && this.#process !== undefined && this.#queue.includes(PASTE_END)) this.#pasting = false;
    this.#more?.();
    if (this.#queue.length < QUEUE_BYTES) return undefined;
    return new Promise((resolve) => (this.#room = resolve));
  }

  #end(): void {
    this.#ended = true;
    this.#process?.end();
    this.#more?.();
  }
}
