/** The client's side of a fuzzed connection: signs on, throws bytes, and checks that what comes back is protocol. */
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import * as wire from '../../wire/postgres/index.ts';
import { nativeScramHash } from '../pg-wire-client.ts';
import type { Login } from '../raw-conversation.ts';

/** The listener's salt stays the same: deriving the key once is enough for a run. */
const derived = new Map<string, Uint8Array>();
const hash: wire.ScramHash = {
  ...nativeScramHash,
  pbkdf2Sha256(password, salt, iterations) {
    const key = `${Buffer.from(password).toString('hex')} ${Buffer.from(salt).toString('hex')} ${iterations}`;
    const known = derived.get(key) ?? new Uint8Array(pbkdf2Sync(password, salt, iterations, 32, 'sha256'));
    derived.set(key, known);
    return known;
  },
};

/** How a client leaves. */
export type Leaving = 'end' | 'reset' | 'terminate';

export class FuzzClient {
  readonly socket: Socket;
  readonly #framer = new wire.MessageFramer({ direction: 'backend' });
  readonly #isClosed: Promise<void>;
  #wake: () => void = () => undefined;
  /** Bytes of the gateway that no client could understand. */
  violation: string | undefined;
  /** ReadyForQuery messages so far; the first ends the sign-on. */
  ready = 0;
  received = 0;
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#isClosed = new Promise((resolve) => {
      socket.on('close', () => {
        this.isClosed = true;
        resolve();
        this.#wake();
      });
    });
    socket.on('error', () => socket.destroy());
  }

  static async open(login: Login): Promise<FuzzClient> {
    const socket = connect({ port: login.port, host: login.host, noDelay: true });
    const client = new FuzzClient(socket);
    await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
    return client;
  }

  /** Only counts what comes: before sign-on the answers are not all typed messages. */
  listenRaw(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
    });
  }

  /** Signs on as a session called `program`. False when the other side closes instead, or is silent for `quietMs`. */
  async signOn(login: Login, program: string, quietMs: number): Promise<boolean> {
    const scram = new wire.ScramClient({ mechanism: wire.SCRAM, password: login.password, nonce: randomBytes(18).toString('base64'), hash });
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk, scram));
    this.socket.write(wire.encodeStartup([['user', login.user], ['database', login.database], ['client_encoding', 'UTF8'], ['application_name', program]]));
    await this.settle(1, quietMs);
    return this.ready > 0;
  }

  #take(chunk: Buffer, scram: wire.ScramClient): void {
    this.received += chunk.length;
    if (this.violation !== undefined) return;
    try {
      this.#framer.push(chunk);
      for (let raw = this.#framer.next(); raw; raw = this.#framer.next()) {
        const message = wire.decodeBackend(raw);
        if (message.type === 'ReadyForQuery') this.ready++;
        else if (message.type === 'Authentication') this.#authenticate(message.request, scram);
      }
    } catch (error) {
      this.violation = `the gateway sent what does not decode: ${messageOf(error)}; ${chunk.subarray(0, 200).toString('hex')}`;
    }
    this.#wake();
  }

  #authenticate(request: wire.AuthenticationRequest, scram: wire.ScramClient): void {
    if (request.method === 'SASL') this.socket.write(wire.encodeSaslInitialResponse(wire.SCRAM, scram.first()));
    if (request.method === 'SASLContinue') this.socket.write(wire.encodeSaslResponse(scram.respond(request.data)));
  }

  /** Writes piece by piece, each as a packet of its own where the system lets it. */
  async deliver(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      if (this.socket.destroyed) return;
      this.socket.write(piece);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** Waits for `count` more ReadyForQuery, the end, or until nothing has come for `quietMs`. */
  async settle(count: number, quietMs: number): Promise<void> {
    const enough = this.ready + count;
    for (;;) {
      if (this.isClosed || this.ready >= enough) return;
      let timer: NodeJS.Timeout | undefined;
      const isQuiet = await Promise.race([
        new Promise<boolean>((resolve) => (this.#wake = () => resolve(false))),
        new Promise<boolean>((resolve) => {
          timer = setTimeout(() => resolve(true), quietMs);
        }),
      ]);
      clearTimeout(timer);
      if (isQuiet) return;
    }
  }

  /** Leaves, and resolves with true when the other side has let go within the bound. */
  async leave(how: Leaving, boundMs: number): Promise<boolean> {
    if (how === 'reset') this.socket.resetAndDestroy();
    else if (how === 'terminate') this.socket.end(wire.encodeTerminate());
    else this.socket.end();
    this.socket.resume();
    let timer: NodeJS.Timeout | undefined;
    const inTime = await Promise.race([
      this.#isClosed.then(() => true),
      new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), boundMs);
      }),
    ]);
    clearTimeout(timer);
    if (!inTime) this.socket.destroy();
    return inTime;
  }
}
