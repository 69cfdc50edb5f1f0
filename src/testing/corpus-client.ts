/** A raw client that keeps every byte it receives, runs one step of a case after the other, and withdraws what is held. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import * as wire from '../wire/postgres/index.ts';
import { nativeScramHash, sendCancel } from './pg-wire-client.ts';
import type { Login } from './raw-conversation.ts';

/** What one exchange brought. */
export interface Answer {
  readonly rows: (Buffer | null)[][];
  readonly errors: { readonly code: string; readonly message: string; readonly detail: string }[];
  readonly notices: string[];
  readonly tags: string[];
  held: boolean;
  /** Policies that a hold named. */
  heldBy: string;
  /** The session ended. */
  closed: boolean;
}

export const noAnswer = (): Answer => ({ rows: [], errors: [], notices: [], tags: [], held: false, heldBy: '', closed: false });

/** The server ended the connection before it was ready. */
export class SignOnRefused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const PATIENCE_MS = 60_000;

export class CorpusClient {
  readonly #socket: Socket;
  readonly #login: Login;
  readonly #framer = new wire.MessageFramer({ direction: 'backend' });
  #kept: Buffer[] = [];
  #wake: () => void = () => undefined;
  #ended = false;
  #key: wire.BackendKeyData | undefined;
  /** Bytes of sign-on: what differs from session to session is in them. */
  signOn: Buffer = Buffer.alloc(0);
  status: wire.TransactionStatus = 'I';
  /** Cases that this session has served. */
  cases = 0;

  private constructor(socket: Socket, login: Login) {
    this.#socket = socket;
    this.#login = login;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#kept.push(chunk);
      this.#framer.push(chunk);
      this.#wake();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async open(login: Login, parameters: readonly (readonly [string, string])[] = []): Promise<CorpusClient> {
    const socket = connect(login.port, login.host);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new CorpusClient(socket, login);
    client.send(wire.encodeStartup([['user', login.user], ['database', login.database], ['client_encoding', 'UTF8'], ['TimeZone', 'UTC'], ['application_name', 'corpus'], ...parameters]));
    await client.#signOn();
    client.signOn = client.take();
    return client;
  }

  async #signOn(): Promise<void> {
    const scram = new wire.ScramClient({ mechanism: wire.SCRAM, password: this.#login.password, nonce: randomBytes(18).toString('base64'), hash: nativeScramHash });
    for (;;) {
      const message = await this.#next();
      if (!message) throw new Error('the server closed the connection at sign-on');
      if (message.type === 'ReadyForQuery') return;
      if (message.type === 'BackendKeyData') this.#key = message;
      if (message.type === 'ErrorResponse') throw new SignOnRefused(wire.noticeField(message.fields, 'code') ?? '', wire.noticeField(message.fields, 'message') ?? '');
      if (message.type !== 'Authentication') continue;
      if (message.request.method === 'SASL') this.send(wire.encodeSaslInitialResponse(wire.SCRAM, scram.first()));
      if (message.request.method === 'SASLContinue') this.send(wire.encodeSaslResponse(scram.respond(message.request.data)));
    }
  }

  /** Every byte received since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#kept);
    this.#kept = [];
    return bytes;
  }

  /** Nothing is left over: another case may have the session. */
  get isIdle(): boolean {
    return !this.#ended && this.status === 'I';
  }

  send(...messages: readonly Buffer[]): void {
    if (!this.#ended) this.#socket.write(Buffer.concat(messages));
  }

  close(): void {
    if (!this.#ended) this.#socket.end(wire.encodeTerminate());
  }

  async #next(): Promise<wire.BackendMessage | undefined> {
    for (;;) {
      const raw = this.#framer.next();
      if (raw) return wire.decodeBackend(raw);
      if (this.#ended) return undefined;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Reads up to ReadyForQuery, or to an end that a COPY asks for. `onCopyIn` is sent when the server asks for data. */
  async answer(onCopyIn: readonly Buffer[] = [wire.encodeCopyFail('no data')]): Promise<Answer> {
    const answer = noAnswer();
    for (;;) {
      const message = await this.#next();
      if (!message) {
        answer.closed = true;
        return answer;
      }
      if (message.type === 'ReadyForQuery') {
        this.status = message.status;
        return answer;
      }
      if (message.type === 'CopyInResponse') this.send(...onCopyIn);
      await this.#note(message, answer);
    }
  }

  async #note(message: wire.BackendMessage, into: Answer): Promise<void> {
    if (message.type === 'DataRow') into.rows.push(message.cells.map((c) => (c === null ? null : Buffer.from(c))));
    if (message.type === 'CopyData') into.rows.push([Buffer.from(message.data)]);
    if (message.type === 'FunctionCallResponse') into.rows.push([message.value === null ? null : Buffer.from(message.value)]);
    if (message.type === 'CommandComplete') into.tags.push(message.tag);
    if (message.type !== 'ErrorResponse' && message.type !== 'NoticeResponse') return;
    const field = (name: 'code' | 'message' | 'detail'): string => wire.noticeField(message.fields, name) ?? '';
    if (message.type === 'ErrorResponse') into.errors.push({ code: field('code'), message: field('message'), detail: field('detail') });
    else {
      into.notices.push(field('message'));
      if (field('message').startsWith('held for approval') && this.#key) {
        into.held = true;
        into.heldBy = field('detail');
        await sendCancel(this.#login.host, this.#login.port, this.#key);
      }
    }
  }
}
