/** A bare client on the codec of src/wire, for its tests against a real server: it hides nothing of the protocol. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import * as wire from '../wire/postgres/index.ts';

export const nativeScramHash: wire.ScramHash = {
  sha256: (data) => createHash('sha256').update(data).digest(),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  pbkdf2Sha256: (password, salt, iterations) => pbkdf2Sync(password, salt, iterations, 32, 'sha256'),
};

export interface WireClientOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** PEM of the CA; TLS with channel binding when given. */
  readonly ca?: string;
  readonly version?: number;
}

export class WireClient {
  readonly #socket: Socket;
  readonly #framer = new wire.MessageFramer({ direction: 'backend' });
  #wake: () => void = () => undefined;
  #ended: Error | undefined;
  /** The authentication methods that the server asked for, and the SASL mechanism taken. */
  readonly authentication: string[] = [];
  keyData: wire.BackendKeyData | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#framer.push(chunk);
      this.#wake();
    });
    const end = (error?: Error): void => {
      this.#ended ??= error ?? new Error('the server closed the connection');
      this.#wake();
    };
    socket.on('error', end).on('close', () => end());
  }

  static async connect(options: WireClientOptions): Promise<WireClient> {
    const opened = await openSocket(options);
    const client = new WireClient(opened.socket);
    client.send(wire.encodeStartup([['user', options.user], ['database', options.database], ['client_encoding', 'UTF8']], options.version));
    await client.#signOn(options, opened.binding);
    return client;
  }

  send(...messages: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(messages));
  }

  async next(): Promise<wire.BackendMessage> {
    for (;;) {
      const raw = this.#framer.next();
      if (raw) return wire.decodeBackend(raw);
      if (this.#ended) throw this.#ended;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** All messages up to and including the first of `type`. */
  async until(type: wire.BackendMessage['type'] = 'ReadyForQuery'): Promise<wire.BackendMessage[]> {
    const messages: wire.BackendMessage[] = [];
    for (;;) {
      const message = await this.next();
      messages.push(message);
      if (message.type === type) return messages;
    }
  }

  async query(sql: string): Promise<wire.BackendMessage[]> {
    this.send(wire.encodeQuery(sql));
    return this.until();
  }

  close(): void {
    this.#socket.end(wire.encodeTerminate());
  }

  async #signOn(options: WireClientOptions, binding: Buffer | undefined): Promise<void> {
    let scram: wire.ScramClient | undefined;
    for (;;) {
      const message = await this.next();
      if (message.type === 'BackendKeyData') this.keyData = message;
      if (message.type === 'ReadyForQuery') return;
      if (message.type === 'ErrorResponse') throw new Error(`${wire.noticeField(message.fields, 'code') ?? ''} ${wire.noticeField(message.fields, 'message') ?? ''}`);
      if (message.type !== 'Authentication') continue;
      const request = message.request;
      this.authentication.push(request.method);
      if (request.method === 'CleartextPassword') this.send(wire.encodePasswordMessage(options.password));
      else if (request.method === 'MD5Password') this.send(wire.encodePasswordMessage(wire.md5Password(options.user, options.password, request.salt)));
      else if (request.method === 'SASL') {
        const mechanism = wire.selectScramMechanism(request.mechanisms, binding !== undefined);
        this.authentication.push(mechanism);
        const nonce = randomBytes(18).toString('base64');
        scram = new wire.ScramClient({ mechanism, password: options.password, nonce, hash: nativeScramHash, ...(binding ? { channelBinding: binding } : {}) });
        this.send(wire.encodeSaslInitialResponse(mechanism, scram.first()));
      } else if (request.method === 'SASLContinue' && scram) this.send(wire.encodeSaslResponse(scram.respond(request.data)));
      else if (request.method === 'SASLFinal' && scram) scram.finish(request.data);
      else if (request.method !== 'Ok') throw new Error(`unexpected ${request.method}`);
    }
  }
}

async function openSocket(options: WireClientOptions): Promise<{ socket: Socket; binding: Buffer | undefined }> {
  const tcp = connectTcp(options.port, options.host);
  await new Promise<void>((resolve, reject) => tcp.once('connect', resolve).once('error', reject));
  if (options.ca === undefined) return { socket: tcp, binding: undefined };
  tcp.write(wire.encodeSslRequest());
  const reply = await new Promise<Buffer>((resolve) => tcp.once('data', resolve));
  if (reply.length !== 1 || reply[0] !== wire.negotiationReply.ssl) throw new Error('the server does not offer TLS');
  const tls = connectTls({ socket: tcp, ca: options.ca, servername: 'localhost' });
  await new Promise<void>((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject));
  return { socket: tls, binding: createHash('sha256').update(tls.getPeerCertificate(true).raw).digest() };
}

/** Sends a CancelRequest on a connection of its own; resolves when the server has closed it. */
export async function sendCancel(host: string, port: number, key: wire.BackendKeyData): Promise<void> {
  const socket = connectTcp(port, host);
  socket.end(wire.encodeCancelRequest(key.processId, key.secretKey));
  socket.resume();
  await new Promise<void>((resolve, reject) => socket.once('close', () => resolve()).once('error', reject));
}
