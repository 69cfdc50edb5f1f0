/** Sends a script of PostgreSQL messages to a server and gives what it answered, byte by byte. */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
import * as wire from '../wire/postgres/index.ts';
import { nativeScramHash } from './pg-wire-client.ts';

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** What a signed-on connection sends from then on. */
export class RawConnection {
  readonly #socket: Socket;
  readonly #framer = new wire.MessageFramer({ direction: 'backend' });
  #wake: () => void = () => undefined;
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#framer.push(chunk);
      this.#wake();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async open(login: Login): Promise<RawConnection> {
    const socket = connect(login.port, login.host);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const connection = new RawConnection(socket);
    connection.send(wire.encodeStartup([['user', login.user], ['database', login.database], ['client_encoding', 'UTF8'], ['TimeZone', 'UTC']]));
    const scram = new wire.ScramClient({ mechanism: wire.SCRAM, password: login.password, nonce: randomBytes(18).toString('base64'), hash: nativeScramHash });
    for (;;) {
      const raw = await connection.next();
      if (!raw) throw new Error('the server closed the connection');
      const message = wire.decodeBackend(raw);
      if (message.type === 'ReadyForQuery') return connection;
      if (message.type === 'ErrorResponse') throw new Error(wire.noticeField(message.fields, 'message') ?? '');
      if (message.type !== 'Authentication') continue;
      if (message.request.method === 'SASL') connection.send(wire.encodeSaslInitialResponse(wire.SCRAM, scram.first()));
      if (message.request.method === 'SASLContinue') connection.send(wire.encodeSaslResponse(scram.respond(message.request.data)));
    }
  }

  send(...messages: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(messages));
  }

  /** The next message, or undefined at the end. */
  async next(): Promise<wire.RawMessage | undefined> {
    for (;;) {
      const raw = this.#framer.next();
      if (raw || this.#ended) return raw;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Bytes of all messages up to and including the next one of a type, by its letter; to the end when it does not come. */
  async until(type: string): Promise<Buffer> {
    const kept: Buffer[] = [];
    for (let raw = await this.next(); raw; raw = await this.next()) {
      kept.push(Buffer.from(raw.raw));
      if (raw.type === type.charCodeAt(0)) break;
    }
    return Buffer.concat(kept);
  }

  /** Stops reading, as a client does that is busy. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Bytes of the next piece that arrives, whatever it holds; 0 at the end. Not to be mixed with `until`. */
  async chunk(): Promise<number> {
    while (this.#framer.buffered === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    let bytes = 0;
    for (let raw = this.#framer.next(); raw; raw = this.#framer.next()) bytes += raw.raw.length;
    if (bytes === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      return this.chunk();
    }
    return bytes;
  }

  close(): void {
    this.#socket.end(wire.encodeTerminate());
  }
}
