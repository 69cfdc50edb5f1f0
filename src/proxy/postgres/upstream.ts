/** The connection to a target: TCP, TLS with verification, and the sign-on with the leased credential. */
import { createHash, randomBytes } from 'node:crypto';
import { connect as tcpConnect, type Socket } from 'node:net';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { EnvironmentError, MalformedError, messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import {
  decodeAuthentication, decodeBackend, encodeCancelRequest, encodePasswordMessage, encodeSaslInitialResponse, encodeSaslResponse, encodeSslRequest, encodeStartup, minorOf,
  negotiationReply, noticeField, protocolVersion, sqlState, type BackendKeyData, type MessageFramer, type NoticeField, type ProtocolNegotiation,
} from '../../wire/postgres/index.ts';
import { md5Password } from '../../wire/postgres/md5.ts';
import { ScramClient, selectScramMechanism } from '../../wire/postgres/scram-client.ts';
import type { Credential, Target } from '../core/ports.ts';
import { nodeScramHash } from './node-hash.ts';
import { SocketReader } from './socket-reader.ts';

export interface Upstream {
  readonly socket: Socket;
  /** Continues where the sign-on ended. */
  readonly framer: MessageFramer;
  readonly parameters: ReadonlyMap<string, string>;
  readonly key: BackendKeyData | undefined;
}

export interface UpstreamOptions {
  /**
   * What the client speaks: 3.2 is asked of the target only where the client asked for it, and given up where the
   * target does not know it. The two legs do not depend on each other. Default 3.0.
   */
  readonly version?: number;
  /** Nobody waits for the connection any more. */
  readonly signal?: AbortSignal;
}

/** What every attempt has in common. */
interface Attempt {
  /** On the monotonic clock, in milliseconds. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** The other side answered the sign-on with an error. */
export class SignOnRefused extends EnvironmentError {
  readonly sqlstate: string;
  /** In its own words. */
  readonly said: string;
  constructor(target: string, sqlstate: string, said: string) {
    super('env.upstream_auth', `${target} refuses the sign-on: ${said}`);
    this.sqlstate = sqlstate;
    this.said = said;
  }
}

/** The target, or something in front of it, does not know the protocol version that was asked for. */
class VersionRefused extends SignOnRefused {}

/** @throws EnvironmentError: unreachable, timeout, tls, upstream_auth, cancelled. The message never holds the credential. */
export async function connectUpstream(target: Target, credential: Credential, parameters: ReadonlyMap<string, string>, options: UpstreamOptions = {}): Promise<Upstream> {
  const attempt: Attempt = { deadline: performance.now() + limits.upstreamConnectTimeoutMs, signal: options.signal };
  const connectOnce = (version: number): Promise<Upstream> =>
    withSocket(target, attempt, async (socket, binding) => {
      const reader = new SocketReader(socket, { direction: 'backend' });
      try {
        socket.write(encodeStartup(new Map([['user', credential.user], ['database', target.info.database], ...parameters]), version));
        await signOn(reader, socket, { credential, target, binding, version });
        return { socket, framer: reader.framer, ...(await untilReady(reader)) };
      } finally {
        reader.detach();
      }
    });
  try {
    return await connectOnce(options.version ?? protocolVersion.v3_0);
  } catch (error) {
    if (!(error instanceof VersionRefused)) throw error;
    return connectOnce(protocolVersion.v3_0);
  }
}

/** Asks the target to cancel what the session with this key is running; over TLS where the session uses TLS. Never throws. */
export async function cancelUpstream(target: Target, key: BackendKeyData): Promise<void> {
  await withSocket(target, { deadline: performance.now() + limits.upstreamConnectTimeoutMs }, async (socket) => {
    // The server closes without an answer once it has read the request.
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.resume();
      socket.end(encodeCancelRequest(key.processId, key.secretKey));
    });
    socket.destroy();
  }).catch(() => undefined);
}

/** Opens a socket and does `work` with it, all before the deadline. The socket is destroyed when anything fails. */
async function withSocket<T>(target: Target, { deadline, signal }: Attempt, work: (socket: Socket, binding: Uint8Array | undefined) => Promise<T>): Promise<T> {
  const tcp = tcpConnect({ host: target.host, port: target.port, noDelay: true, keepAlive: true, keepAliveInitialDelay: limits.keepAliveMs });
  const name = `${target.info.name} (${target.host}:${target.port})`;
  let open: Socket = tcp;
  let giveUp: (error: EnvironmentError) => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const timer = setTimeout(() => giveUp(new EnvironmentError('env.timeout', `${name} did not let us in within ${limits.upstreamConnectTimeoutMs / 1000} seconds`)), Math.max(0, deadline - performance.now()));
  const aborted = (): void => giveUp(new EnvironmentError('env.cancelled', 'the session has ended'));
  signal?.addEventListener('abort', aborted, { once: true });
  if (signal?.aborted) aborted();
  // A socket without a listener for errors ends the process; between two phases nobody else may be listening.
  tcp.on('error', () => undefined);
  const opened = openSocket(target, tcp, name).then(({ socket, binding }) => {
    open = socket;
    if (socket !== tcp) socket.on('error', () => undefined);
    return work(socket, binding);
  });
  try {
    return await Promise.race([opened, late]);
  } catch (error) {
    open.destroy();
    tcp.destroy();
    if (error instanceof EnvironmentError || error instanceof MalformedError) throw error;
    throw new EnvironmentError('env.unreachable', `${name}: ${messageOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  }
}

async function openSocket(target: Target, tcp: Socket, name: string): Promise<{ socket: Socket; binding: Uint8Array | undefined }> {
  await new Promise<void>((resolve, reject) => {
    tcp.once('connect', resolve);
    tcp.once('error', (error) => reject(new EnvironmentError('env.unreachable', `${name} cannot be reached: ${error.message}`, { cause: error })));
    tcp.once('close', () => reject(new EnvironmentError('env.unreachable', `${name} closed the connection`)));
  });
  if (target.info.tls === 'disable') return { socket: tcp, binding: undefined };
  return startTls(target, tcp);
}

async function startTls(target: Target, socket: Socket): Promise<{ socket: Socket; binding: Uint8Array | undefined }> {
  socket.write(encodeSslRequest());
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const closed = (): void => reject(new EnvironmentError('env.tls', `${target.info.name} closed the connection when asked for TLS`));
    socket.once('data', (data: Buffer) => {
      socket.off('close', closed);
      socket.pause();
      resolve(data);
    });
    socket.once('close', closed);
  });
  // Exactly one byte: anything behind it was sent in clear and would be read as if it had come through TLS.
  if (answer.length !== 1 || answer[0] !== negotiationReply.ssl) {
    throw new EnvironmentError('env.tls', `${target.info.name} does not offer TLS; register it with tls: disable if that is meant`);
  }
  return new Promise((resolve, reject) => {
    const tls: TLSSocket = tlsConnect(
      { socket, servername: /^[\d.:]+$/.test(target.host) ? undefined : target.host, host: target.host, rejectUnauthorized: true, ...(target.tlsCa === undefined ? {} : { ca: target.tlsCa }), minVersion: 'TLSv1.2' },
      () => resolve({ socket: tls, binding: endPoint(tls) }),
    );
    tls.once('error', (error: Error) => reject(new EnvironmentError('env.tls', `TLS to ${target.info.name} failed: ${error.message}`, { cause: error })));
    tls.once('close', () => reject(new EnvironmentError('env.tls', `${target.info.name} closed the connection while TLS was set up`)));
  });
}

/** Signature algorithm identifiers in DER (RFC 8017, RFC 5758) by the hash they use. */
const SIGNATURE_HASHES = [
  ['sha256', ['2a864886f70d01010b', '2a8648ce3d040302']],
  ['sha384', ['2a864886f70d01010c', '2a8648ce3d040303']],
  ['sha512', ['2a864886f70d01010d', '2a8648ce3d040304']],
] as const;

/** tls-server-end-point (RFC 5929 section 4.1). Undefined for certificates whose signature names no such hash (Ed25519). */
function endPoint(tls: TLSSocket): Uint8Array | undefined {
  const certificate = tls.getPeerX509Certificate();
  if (!certificate) return undefined;
  const hash = SIGNATURE_HASHES.find(([, oids]) => oids.some((oid) => certificate.raw.includes(Buffer.from(oid, 'hex'))))?.[0];
  return hash && new Uint8Array(createHash(hash).update(certificate.raw).digest());
}

interface SignOn {
  readonly credential: Credential;
  readonly target: Target;
  readonly binding: Uint8Array | undefined;
  readonly version: number;
}

async function signOn(reader: SocketReader, socket: Socket, { credential, target, binding, version }: SignOn): Promise<void> {
  let scram: ScramClient | undefined;
  for (;;) {
    const raw = await reader.next();
    const message = raw.type === 0x52 ? undefined : decodeBackend(raw);
    if (message) {
      if (message.type === 'ErrorResponse') throw signOnRefused(target, message.fields, version);
      if (message.type === 'NoticeResponse') continue;
      if (message.type === 'NegotiateProtocolVersion') {
        checkNegotiated(message, version);
        continue;
      }
      throw new MalformedError('malformed.phase', `the server sent ${message.type} during the sign-on`);
    }
    const request = decodeAuthentication(raw.body);
    switch (request.method) {
      case 'Ok':
        if (scram && !scram.isDone) throw new EnvironmentError('env.upstream_auth', 'the server ended the sign-on without proving that it knows the password');
        return;
      case 'CleartextPassword':
        if (target.info.tls === 'disable') throw new EnvironmentError('env.upstream_auth', `${target.info.name} asks for the password in clear without TLS`);
        socket.write(encodePasswordMessage(credential.reveal()));
        break;
      case 'MD5Password':
        socket.write(encodePasswordMessage(md5Password(credential.user, credential.reveal(), request.salt)));
        break;
      case 'SASL': {
        const mechanism = selectScramMechanism(request.mechanisms, binding !== undefined);
        scram = new ScramClient({ mechanism, password: credential.reveal(), nonce: randomBytes(18).toString('base64'), ...(binding ? { channelBinding: binding } : {}), hash: nodeScramHash });
        socket.write(encodeSaslInitialResponse(mechanism, scram.first()));
        break;
      }
      case 'SASLContinue':
        if (!scram) throw new MalformedError('malformed.phase', 'SASLContinue before SASL');
        socket.write(encodeSaslResponse(scram.respond(request.data)));
        break;
      case 'SASLFinal':
        if (!scram) throw new MalformedError('malformed.phase', 'SASLFinal before SASL');
        scram.finish(request.data);
        break;
      default:
        throw new EnvironmentError('env.upstream_auth', `${target.info.name} asks for ${request.method}, which is not supported`);
    }
  }
}

/** Old poolers answer a version that they do not know with an error instead of negotiating. */
function signOnRefused(target: Target, fields: readonly NoticeField[], version: number): EnvironmentError {
  const said = noticeField(fields, 'message') ?? 'no reason given';
  const code = noticeField(fields, 'code') ?? '';
  const isVersion = version !== protocolVersion.v3_0 && (code === sqlState.featureNotSupported || code === sqlState.protocolViolation);
  return new (isVersion ? VersionRefused : SignOnRefused)(target.info.name, code, said);
}

/** We send no protocol options, and what is negotiated is never newer than what was asked for. */
function checkNegotiated(answer: ProtocolNegotiation, version: number): void {
  if (minorOf(answer.newest) > minorOf(version) || answer.unrecognized.length > 0) throw new MalformedError('malformed.value', 'the server negotiates what nobody asked for');
}

async function untilReady(reader: SocketReader): Promise<{ parameters: ReadonlyMap<string, string>; key: BackendKeyData | undefined }> {
  const parameters = new Map<string, string>();
  let key: BackendKeyData | undefined;
  for (;;) {
    const message = decodeBackend(await reader.next());
    switch (message.type) {
      case 'ParameterStatus':
        parameters.set(message.name, message.value);
        break;
      case 'BackendKeyData':
        key = { processId: message.processId, secretKey: message.secretKey };
        break;
      case 'NoticeResponse':
        break;
      case 'ReadyForQuery':
        return { parameters, key };
      case 'ErrorResponse':
        throw new EnvironmentError('env.upstream_auth', noticeField(message.fields, 'message') ?? 'the server refuses the session');
      default:
        throw new MalformedError('malformed.phase', `the server sent ${message.type} before it was ready`);
    }
  }
}
