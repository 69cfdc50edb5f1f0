/** Reads whole messages one at a time while a connection is being set up; hands the socket over afterwards. */
import type { Socket } from 'node:net';
import { EnvironmentError } from '../../base/errors.ts';
import { MessageFramer, type FramerOptions, type RawMessage } from '../../wire/postgres/index.ts';

export class SocketReader {
  readonly #socket: Socket;
  readonly framer: MessageFramer;
  #wake: (() => void) | undefined;
  #ended: Error | undefined;
  readonly #onData = (chunk: Buffer): void => {
    this.framer.push(chunk);
    this.#socket.pause();
    this.#wake?.();
  };
  readonly #onEnd = (): void => this.#fail(new EnvironmentError('env.unreachable', 'the connection was closed'));
  readonly #onError = (error: Error): void => this.#fail(new EnvironmentError('env.unreachable', error.message, { cause: error }));

  /** `framer` continues where an earlier reader ended. */
  constructor(socket: Socket, options: FramerOptions, framer: MessageFramer = new MessageFramer(options)) {
    this.#socket = socket;
    this.framer = framer;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', this.#onError);
    socket.pause();
  }

  /** @throws MalformedError, EnvironmentError when the peer goes away first. */
  async next(): Promise<RawMessage> {
    for (;;) {
      const message = this.framer.next();
      if (message) return message;
      if (this.#ended) throw this.#ended;
      this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  /** Stops listening. The socket is paused; bytes that came early are still in `framer`. */
  detach(): void {
    this.#socket.pause();
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
    this.#socket.off('error', this.#onError);
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    this.#wake?.();
  }
}
