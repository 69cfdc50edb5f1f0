/** The connection to a target: TCP, TLS with verification, and the sign-on with the leased credential. */
import { createHash, randomBytes } from 'node:crypto';
import { connect as tcpConnect, type Socket } from 'node:net';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { EnvironmentError, MalformedError, messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import {
  decodeAuthentication, decodeBackend, encodePasswordMessage, encodeSaslInitialResponse, encodeSaslResponse, encodeSslRequest, encodeStartup, noticeField, protocolVersion,
  type BackendKeyData, type MessageFramer,
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

/** @throws EnvironmentError: unreachable, tls, upstream_auth. The message never holds the credential. */
export async function connectUpstream(target: Target, credential: Credential, parameters: ReadonlyMap<string, string>): Promise<Upstream> {
  const { socket, binding } = await openSocket(target);
  const reader = new SocketReader(socket, 'backend');
  const timer = setTimeout(() => socket.destroy(new EnvironmentError('env.timeout', 'the sign-on took too long')), limits.upstreamConnectTimeoutMs);
  try {
    const startup = new Map([['user', credential.user], ['database', target.info.database], ...parameters]);
    socket.write(encodeStartup(startup, protocolVersion.v3_0));
    await signOn(reader, socket, credential, target, binding);
    const ready = await untilReady(reader);
    reader.detach();
    return { socket, framer: reader.framer, ...ready };
  } catch (error) {
    socket.destroy();
    if (error instanceof EnvironmentError || error instanceof MalformedError) throw error;
    throw new EnvironmentError('env.unreachable', messageOf(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function openSocket(target: Target): Promise<{ socket: Socket; binding: Uint8Array | undefined }> {
  const socket = tcpConnect({ host: target.host, port: target.port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('timed out')), limits.upstreamConnectTimeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeListener('error', fail);
      resolve();
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(new EnvironmentError('env.unreachable', `${target.info.name} (${target.host}:${target.port}) cannot be reached: ${error.message}`, { cause: error }));
    };
    socket.once('error', fail);
  });
  if (target.info.tls === 'disable') return { socket, binding: undefined };
  return startTls(target, socket);
}

async function startTls(target: Target, socket: Socket): Promise<{ socket: Socket; binding: Uint8Array | undefined }> {
  socket.write(encodeSslRequest());
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new EnvironmentError('env.tls', `${target.info.name} closed the connection when asked for TLS`)));
  });
  socket.removeAllListeners('close').removeAllListeners('error');
  // Exactly one byte: anything behind it was sent in clear and would be read as if it had come through TLS.
  if (answer.length !== 1 || answer[0] !== 0x53) {
    socket.destroy();
    throw new EnvironmentError('env.tls', `${target.info.name} does not offer TLS; register it with tls: disable if that is meant`);
  }
  return new Promise((resolve, reject) => {
    const tls: TLSSocket = tlsConnect(
      { socket, servername: /^[\d.:]+$/.test(target.host) ? undefined : target.host, host: target.host, rejectUnauthorized: true, ...(target.tlsCa === undefined ? {} : { ca: target.tlsCa }), minVersion: 'TLSv1.2' },
      () => resolve({ socket: tls, binding: endPoint(tls) }),
    );
    tls.once('error', (error: Error) => reject(new EnvironmentError('env.tls', `TLS to ${target.info.name} failed: ${error.message}`, { cause: error })));
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

async function signOn(reader: SocketReader, socket: Socket, credential: Credential, target: Target, binding: Uint8Array | undefined): Promise<void> {
  let scram: ScramClient | undefined;
  for (;;) {
    const raw = await reader.next();
    const message = raw.type === 0x52 ? undefined : decodeBackend(raw);
    if (message) {
      if (message.type === 'ErrorResponse') throw new EnvironmentError('env.upstream_auth', `${target.info.name} refuses the sign-on: ${noticeField(message.fields, 'message') ?? 'no reason given'}`);
      if (message.type === 'NoticeResponse' || message.type === 'NegotiateProtocolVersion') continue;
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
