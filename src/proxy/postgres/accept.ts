/**
 * The beginning of a client's connection: requests for encryption, cancel requests, startup, and SCRAM with the
 * listener's secret. Nothing of the target is touched before the client has proved itself (promise 8).
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { DeniedError, EnvironmentError, MalformedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import {
  decodeSaslInitialResponse, decodeSaslResponse, encodeAuthenticationSasl, encodeAuthenticationSaslContinue, encodeAuthenticationSaslFinal, encodeNegotiateProtocolVersion, majorOf, minorOf, negotiationReply,
  protocolVersion, StartupFramer, type StartupPacket,
} from '../../wire/postgres/index.ts';
import { SCRAM } from '../../wire/postgres/scram-common.ts';
import { createScramVerifier, ScramServer, type ScramVerifier } from '../../wire/postgres/scram-server.ts';
import { nodeScramHash } from './node-hash.ts';
import { SocketReader } from './socket-reader.ts';

/** One secret of a listener and what it is for. */
export interface ListenerAccount {
  readonly user: string;
  readonly client: 'app' | 'native' | 'agent';
  readonly verifier: ScramVerifier;
}

export function listenerAccount(user: string, password: string, client: ListenerAccount['client']): ListenerAccount {
  return { user, client, verifier: createScramVerifier(password, randomBytes(16), undefined, nodeScramHash) };
}

/** An account nobody can sign on to: unknown users go through the same exchange as wrong passwords. */
const nobody = listenerAccount('', randomBytes(24).toString('base64'), 'native');

export type Accepted =
  | { readonly kind: 'cancel'; readonly processId: number; readonly secretKey: Buffer }
  /** `version` is what both sides speak from here on: 3.0 to 3.2. */
  | { readonly kind: 'session'; readonly account: ListenerAccount; readonly parameters: ReadonlyMap<string, string>; readonly version: number };

/**
 * @throws DeniedError for a wrong user or secret; MalformedError for bytes that do not decode; EnvironmentError when the
 * client goes away or takes too long.
 */
export async function acceptClient(socket: Socket, accounts: readonly ListenerAccount[], timeoutMs: number = limits.authTimeoutMs): Promise<Accepted> {
  const timer = setTimeout(() => socket.destroy(new EnvironmentError('env.timeout', 'the client took too long to sign on')), timeoutMs);
  try {
    const packet = await startupPacket(socket);
    if (packet.type === 'CancelRequest') return { kind: 'cancel', processId: packet.processId, secretKey: packet.secretKey };
    const version = negotiate(socket, packet);
    // Nobody has proved anything yet: whatever type it is, a message is kept only up to the size of a proof.
    const reader = new SocketReader(socket, { direction: 'frontend', maxBytes: limits.pgAuthMessageBytes });
    try {
      const account = await authenticate(reader, socket, accounts, packet.parameters.get('user') ?? '');
      if (reader.framer.buffered > 0) throw new MalformedError('malformed.phase', 'messages sent before the sign-on was answered');
      return { kind: 'session', account, parameters: packet.parameters, version };
    } finally {
      reader.detach();
    }
  } finally {
    clearTimeout(timer);
  }
}

type Startup = Extract<StartupPacket, { type: 'StartupMessage' }>;

async function startupPacket(socket: Socket): Promise<Startup | Extract<StartupPacket, { type: 'CancelRequest' }>> {
  const framer = new StartupFramer();
  for (let requests = 0, bytes = 0; requests < 3; ) {
    const packet = framer.next();
    if (!packet) {
      const data = await chunk(socket);
      if (bytes === 0) refuseTls(socket, data);
      bytes += data.length;
      framer.push(data);
      continue;
    }
    if (packet.type === 'CancelRequest') return packet;
    if (packet.type === 'StartupMessage') {
      if (framer.buffered > 0) throw new MalformedError('malformed.phase', 'messages sent before the startup was answered');
      return packet;
    }
    // The listener is on the loopback interface: encryption is refused, and the client goes on without.
    requests++;
    socket.write(Buffer.of(negotiationReply.no));
  }
  throw new MalformedError('malformed.phase', 'too many requests for encryption');
}

/** TLS alert record, version 1.2: fatal, no_application_protocol (RFC 7301 section 3.2). */
const TLS_ALERT = Buffer.of(0x15, 3, 3, 0, 2, 2, 120);

/**
 * A TLS ClientHello where the startup packet is due (`sslnegotiation=direct`): answered by an alert, the only refusal
 * that such a client understands. No startup packet begins so: it would announce 369 MB.
 */
function refuseTls(socket: Socket, first: Buffer): void {
  if (first[0] !== 0x16) return;
  socket.end(TLS_ALERT);
  throw new MalformedError('malformed.phase', 'this endpoint is local and speaks no TLS: connect with sslmode=disable or sslmode=prefer, and without sslnegotiation=direct');
}

function chunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      socket.pause();
    };
    const onData = (data: Buffer): void => {
      done();
      resolve(data);
    };
    const onEnd = (reason: unknown): void => {
      done();
      reject(reason instanceof EnvironmentError ? reason : new EnvironmentError('env.unreachable', 'the client closed the connection'));
    };
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd).resume();
  });
}

/** Speaks the version that the client asks for up to 3.2, and says so when it asked for a newer one or for options that nobody knows. */
function negotiate(socket: Socket, packet: Startup): number {
  if (majorOf(packet.version) !== 3) throw new MalformedError('malformed.value', `protocol ${majorOf(packet.version)}.${minorOf(packet.version)} is not supported`);
  const version = Math.min(packet.version, protocolVersion.v3_2);
  const extensions = [...packet.parameters.keys()].filter((name) => name.startsWith('_pq_.'));
  if (version !== packet.version || extensions.length > 0) socket.write(encodeNegotiateProtocolVersion(version, extensions));
  return version;
}

async function authenticate(reader: SocketReader, socket: Socket, accounts: readonly ListenerAccount[], user: string): Promise<ListenerAccount> {
  const account = accounts.find((a) => sameText(a.user, user)) ?? nobody;
  const scram = new ScramServer(account.verifier, randomBytes(18).toString('base64'), nodeScramHash);
  socket.write(encodeAuthenticationSasl([SCRAM]));
  const initial = decodeSaslInitialResponse(await reader.next());
  if (initial.mechanism !== SCRAM || !initial.data) throw new MalformedError('malformed.value', `sign-on mechanism ${initial.mechanism} was not offered`);
  socket.write(encodeAuthenticationSaslContinue(scram.first(initial.data)));
  const result = scram.finish(decodeSaslResponse(await reader.next()));
  if (!result.ok || account === nobody) throw new DeniedError(`password authentication failed for user "${user}"`);
  socket.write(encodeAuthenticationSaslFinal(result.message));
  return account;
}

function sameText(a: string, b: string): boolean {
  const digest = (s: string): Buffer => createHash('sha256').update(s).digest();
  return timingSafeEqual(digest(a), digest(b));
}
