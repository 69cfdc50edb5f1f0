/**
 * What ssh2 1.17.0 leaves to the other side's good will. As in library.ts: the version is pinned, and tests with peers
 * that do not behave cover each of them.
 */
import type { Socket } from 'node:net';
import type { Client, Connection, Session } from 'ssh2';
import { openFailure } from './library.ts';

interface Protocol {
  channelOpenFail(recipient: number, reason: number, description: string): void;
  channelFailure(channel: number): void;
  channelClose(channel: number): void;
}

/**
 * No bound is named in RFC 4254 section 5.1, and with packets of nothing the library would go on for ever. What takes
 * less than this is no SSH implementation.
 */
const LEAST_PACKET_BYTES = 256;

interface Sized {
  readonly recipient: number;
  readonly sender: number;
  readonly packetSize: number;
}
interface Windowed {
  readonly incoming: { readonly window: number };
}
type DataHandler = (protocol: Protocol, recipient: number, data: Buffer, type?: number) => void;
type OpenHandler = (protocol: Protocol, info: Sized) => void;
interface Receiver {
  readonly _sock?: Socket;
  readonly _chanMgr: { get(id: number): unknown };
  readonly _protocol: {
    readonly _handlers: {
      CHANNEL_DATA: DataHandler;
      CHANNEL_EXTENDED_DATA: DataHandler;
      CHANNEL_OPEN: OpenHandler;
      CHANNEL_OPEN_CONFIRMATION: OpenHandler;
      readonly CHANNEL_OPEN_FAILURE: (protocol: Protocol, recipient: number, reason: number, description: string) => void;
    };
  };
}

/**
 * What the library leaves to the other side's good will. Once for each connection, before channels are opened.
 * A channel whose packets would be next to nothing is not opened. Whoever sends more than it was let (RFC 4254 section
 * 5.2) is cut off: the library would drop some of it, and keep the rest in memory however much it is.
 * @param overrun called before it is cut off
 */
export function guardChannels(connection: Connection | Client, overrun: () => void): void {
  const receiver = connection as unknown as Receiver;
  const handlers = receiver._protocol._handlers;
  for (const name of ['CHANNEL_DATA', 'CHANNEL_EXTENDED_DATA'] as const) {
    const own = handlers[name];
    handlers[name] = (protocol, recipient, data, type) => {
      const channel = windowed(receiver._chanMgr.get(recipient));
      if (channel === undefined || data.length <= channel.incoming.window) {
        own(protocol, recipient, data, type);
        return;
      }
      overrun();
      receiver._sock?.destroy();
    };
  }
  const { CHANNEL_OPEN: open, CHANNEL_OPEN_CONFIRMATION: confirmed } = handlers;
  const tooSmall = ({ packetSize }: Sized): string | undefined => (packetSize < LEAST_PACKET_BYTES ? `packets of ${packetSize} bytes are too small` : undefined);
  handlers.CHANNEL_OPEN = (protocol, info) => {
    const reason = tooSmall(info);
    if (reason === undefined) open(protocol, info);
    else protocol.channelOpenFail(info.sender, openFailure.prohibited, reason);
  };
  handlers.CHANNEL_OPEN_CONFIRMATION = (protocol, info) => {
    const reason = tooSmall(info);
    if (reason === undefined) {
      confirmed(protocol, info);
      return;
    }
    protocol.channelClose(info.sender);
    handlers.CHANNEL_OPEN_FAILURE(protocol, info.recipient, openFailure.prohibited, reason);
  };
}

/**
 * Once a connection is gone, what is still sent over it goes nowhere. With compression the library throws instead, also
 * where nobody can catch it: in the streams.
 */
export function quietWhenGone(connection: Connection | Client): void {
  const { _protocol: protocol } = connection as unknown as { readonly _protocol: { readonly _destruct?: unknown; readonly _packetRW: { readonly write: { finalize: (packet: Buffer) => Buffer } } } };
  const quiet = (): void => {
    if (protocol._destruct === undefined) protocol._packetRW.write.finalize = (packet) => packet;
  };
  connection.on('error', quiet).on('end', quiet).on('close', quiet);
}

/** The channel, which on the server's side a session holds. */
function windowed(entry: unknown): Windowed | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const channel: unknown = '_channel' in entry ? entry._channel : entry;
  return typeof channel === 'object' && channel !== null && 'incoming' in channel ? (channel as Windowed) : undefined;
}

/** The client has closed a channel on which nothing was ever run: the library neither answers nor forgets it. */
export function closeUnused(connection: Connection, session: Session): void {
  const { _chanInfo: info, _channel: channel } = session as unknown as { readonly _channel?: unknown; readonly _chanInfo: { readonly incoming: { readonly id: number }; readonly outgoing: { readonly id: number } } };
  if (channel !== undefined) return;
  const { _chanMgr: channels, _protocol: protocol } = connection as unknown as { readonly _chanMgr: { remove(id: number): void }; readonly _protocol: Protocol };
  protocol.channelClose(info.outgoing.id);
  channels.remove(info.incoming.id);
}

/** Answers a request for which the library has no way to say no: a second command on a channel that has one. */
export function failRequest(connection: Connection, session: Session): void {
  const { _protocol: protocol } = connection as unknown as { readonly _protocol: Protocol };
  protocol.channelFailure((session as unknown as { readonly _chanInfo: { readonly outgoing: { readonly id: number } } })._chanInfo.outgoing.id);
}
