/**
 * The places where ssh2 1.17.0 offers no public way to what the proxy needs. The version is pinned; tests against real
 * OpenSSH cover each of them. Nothing else in the product touches the library's inner state.
 */
import type { Socket } from 'node:net';
import type { Client, ClientChannel, Connection, ServerChannel } from 'ssh2';

/** RFC 4254 section 5.1. */
export const openFailure = { prohibited: 1, connectFailed: 2 } as const;

interface Protocol {
  channelOpenFail(recipient: number, reason: number, description: string): void;
  exitStatus(channel: number, status: number): void;
  exitSignal(channel: number, name: string, coreDumped: boolean, message: string): void;
}
interface Stalled {
  _chunk?: unknown;
  _chunkcb?: unknown;
  _chunkErr?: unknown;
  _chunkcbErr?: unknown;
}
interface Receiving {
  readonly incoming: { readonly state: 'open' | 'eof' | 'closing' | 'closed' };
}
interface Sending {
  readonly outgoing: { readonly id: number; readonly state: 'open' | 'eof' | 'closing' | 'closed' };
  readonly _client: { readonly _protocol: Protocol };
}

/**
 * Rejects a channel open with a reason and a text, where the library sends "connect failed" and nothing.
 * @param connection on which it was asked for, either leg @param reject the library's own
 */
export function rejectOpen(connection: Connection | Client, reject: () => void, reason: number, text: string): void {
  const { _protocol: protocol } = connection as unknown as { readonly _protocol: Protocol };
  const fail = protocol.channelOpenFail.bind(protocol);
  protocol.channelOpenFail = (recipient) => fail(recipient, reason, text);
  try {
    reject();
  } finally {
    protocol.channelOpenFail = fail;
  }
}

/**
 * After a write that waited for window, the library keeps the bytes it had to wait with, and would send them again
 * when a write of the other stream (stdout, stderr) waits next. Call it when a write has been answered and before the next.
 */
export function forgetStalled(channel: ServerChannel | ClientChannel): void {
  const stalled = channel as unknown as Stalled;
  stalled._chunk = stalled._chunkcb = stalled._chunkErr = stalled._chunkcbErr = undefined;
}

/** Bytes that may wait in the socket before writers wait, too: a peer may promise to take more than it reads. */
const SOCKET_BYTES = 1024 * 1024;

interface Roomy {
  readonly outgoing: { readonly window: number };
  readonly _client: { readonly _sock?: Socket };
}

const full = ({ _client }: Roomy): boolean => (_client._sock?.writableLength ?? 0) > SOCKET_BYTES;

/** How many bytes go out at once: what the reader's window takes, and none while too much waits in the socket. */
export function roomOf(channel: ServerChannel | ClientChannel): number {
  const roomy = channel as unknown as Roomy;
  return full(roomy) ? 0 : roomy.outgoing.window;
}

const draining = new WeakMap<Socket, Promise<void>>();

/** Resolves when the socket has room, or is gone. */
export function drained(channel: ServerChannel | ClientChannel): Promise<void> {
  const roomy = channel as unknown as Roomy;
  const socket = roomy._client._sock;
  if (socket === undefined || !full(roomy)) return Promise.resolve();
  const known = draining.get(socket);
  if (known !== undefined) return known;
  const room = new Promise<void>((resolve) => {
    const done = (): void => {
      draining.delete(socket);
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.once('drain', done).once('close', done);
  });
  draining.set(socket, room);
  return room;
}

/** The socket that carries it. */
export const socketOf = (channel: ServerChannel | ClientChannel): Socket | undefined => (channel as unknown as Roomy)._client._sock;

/** Nothing can be written to it any more. */
export const isClosed = (channel: ServerChannel | ClientChannel): boolean => (channel as unknown as Sending).outgoing.state !== 'open';

/** The other side has closed it, or its connection is gone. */
export const isOver = (channel: ServerChannel | ClientChannel): boolean => (channel as unknown as Receiving).incoming.state === 'closed';

export type Exit = { readonly kind: 'status'; readonly status: number } | { readonly kind: 'signal'; readonly signal: string; readonly coreDumped: boolean; readonly message: string };

/** Tells how the process ended; the library's own way does nothing once EOF has been sent. */
export function sendExit(channel: ServerChannel, exit: Exit): void {
  const { outgoing, _client } = channel as unknown as Sending;
  if (outgoing.state !== 'open' && outgoing.state !== 'eof') return;
  if (exit.kind === 'status') {
    _client._protocol.exitStatus(outgoing.id, exit.status);
    return;
  }
  try {
    _client._protocol.exitSignal(outgoing.id, exit.signal, exit.coreDumped, exit.message);
  } catch {
    // A signal that the library has no name for: what a client would make of no answer at all.
    _client._protocol.exitStatus(outgoing.id, 255);
  }
}

interface Writer {
  readonly allocStart: number;
  alloc(payloadBytes: number): Buffer;
  finalize: (packet: Buffer, force?: boolean) => Buffer;
}

/**
 * Sends this message in place of the one that `send` makes. For the sign-on with a certificate: the library takes the
 * name of the key's algorithm for that of the signature's, and servers refuse it.
 * @param message from the byte of its type on
 */
export function sendInstead(client: Client, message: Buffer, send: () => void): void {
  const { write } = (client as unknown as { readonly _protocol: { readonly _packetRW: { readonly write: Writer } } })._protocol._packetRW;
  const { finalize } = write;
  write.finalize = (_packet, force) => {
    const packet = write.alloc(message.length);
    packet.set(message, write.allocStart);
    return finalize.call(write, packet, force);
  };
  try {
    send();
  } finally {
    write.finalize = finalize;
  }
}
