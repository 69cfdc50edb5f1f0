/**
 * Channels that the target opens, and the agent's, where ssh2 1.17.0 offers no public way. As in library.ts: the version
 * is pinned, tests against real OpenSSH cover each of them.
 */
import type { Client, ClientChannel, Connection, ServerChannel, TcpConnectionDetails } from 'ssh2';
import { BugError, EnvironmentError } from '../../base/errors.ts';
import { rejectOpen } from './library.ts';

/** The library's own (RFC 4254 section 5.2). */
const WINDOW_BYTES = 2 * 1024 * 1024;
const PACKET_BYTES = 32 * 1024;
const AGENT = 'auth-agent@openssh.com';

type Answered = (error: Error | undefined, channel: ServerChannel) => void;

interface Opening {
  readonly type: string;
  readonly data?: unknown;
}
interface Reserving {
  add(answered: Answered & { readonly type: string }): number;
}
interface ClientParts {
  readonly config: { allowAgentFwd?: boolean };
  readonly _forwarding: { 'sallyport:1'?: number };
  readonly _protocol: {
    readonly _handlers: { CHANNEL_OPEN: (protocol: unknown, info: Opening) => void };
  };
  _agent?: unknown;
}

/** A channel that the target wants to open. One of the two is to be called, and once. */
export interface TargetOpen {
  readonly type: string;
  /** Who connected, and to which listener; for `forwarded-tcpip`. */
  readonly tcp: TcpConnectionDetails | undefined;
  accept(): ClientChannel;
  /** @param reason RFC 4254 section 5.1 */
  reject(reason: number, text: string): void;
}

/** A listener that there is only while one channel is opened. */
const LENT = { destIP: 'sallyport', destPort: 1, srcIP: '', srcPort: 0 };

/**
 * Gives every channel that the target opens to `take`. By itself the library refuses what it does not know without
 * telling anybody, and joins an agent's channel to an agent of its own.
 */
export function onTargetOpen(client: Client, take: (open: TargetOpen) => void): void {
  const parts = client as unknown as ClientParts;
  const handlers = parts._protocol._handlers;
  const own = handlers.CHANNEL_OPEN.bind(handlers);
  client.on('tcp connection', (_details, accept, reject) => current?.(accept, reject));
  let current: ((accept: () => ClientChannel, reject: () => void) => void) | undefined;
  handlers.CHANNEL_OPEN = (protocol, info) => {
    current = (accept, reject) =>
      take({
        type: info.type,
        tcp: info.type === 'forwarded-tcpip' ? (info.data as TcpConnectionDetails) : undefined,
        accept,
        reject: (reason, text) => rejectOpen(client, reject, reason, text),
      });
    // Whatever it is, the library is told that it comes to a listener: that is the way on which it asks.
    parts._forwarding['sallyport:1'] = 1;
    try {
      own(protocol, { ...info, type: 'forwarded-tcpip', data: LENT });
    } finally {
      delete parts._forwarding['sallyport:1'];
      current = undefined;
    }
  };
}

const offers = new WeakMap<Client, () => void>();

/**
 * From here on, the first shell or command that is started at the target asks it to forward the agent.
 * @param refused called when it does not
 */
export function offerAgent(client: Client, refused: () => void): void {
  const parts = client as unknown as ClientParts;
  offers.set(client, refused);
  // The library wants to have an agent; it is never asked, since `onTargetOpen` takes the channels.
  parts._agent ??= {};
  parts.config.allowAgentFwd = true;
}

/** Whether `error` is the target's refusal to forward the agent. What is started from here on does not ask for it. */
export function agentRefused(client: Client, error: unknown): boolean {
  const { config } = client as unknown as ClientParts;
  if (config.allowAgentFwd !== true || !(error instanceof Error) || error.message !== 'Unable to request agent forwarding') return false;
  config.allowAgentFwd = false;
  offers.get(client)?.();
  return true;
}

/** Lets the client hear something. */
export function ping(connection: Connection): void {
  try {
    (connection as unknown as { readonly _protocol: { ping(): void } })._protocol.ping();
  } catch {
    // It is gone.
  }
}

/** Calls `done` with a channel to the client's agent. */
export function openAgent(connection: Connection, done: Answered): void {
  const { _chanMgr: channels, _protocol: protocol } = connection as unknown as { readonly _chanMgr: Reserving; readonly _protocol: { openssh_authAgent(id: number, windowBytes: number, packetBytes: number): void } };
  const id = channels.add(Object.assign((error: Error | undefined, channel: ServerChannel) => done(error, channel), { type: AGENT }));
  if (id === -1) throw new BugError('no channel is free');
  protocol.openssh_authAgent(id, WINDOW_BYTES, PACKET_BYTES);
}

/** One call of the library that opens a channel to the client; it throws when the connection is gone, and answers otherwise. */
export function openedAtClient(open: (done: Answered) => void): Promise<ServerChannel> {
  return new Promise((resolve, reject) => {
    try {
      open((error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        channel.on('error', () => undefined);
        resolve(channel);
      });
    } catch (cause) {
      reject(new EnvironmentError('env.cancelled', 'the client is gone', { cause }));
    }
  });
}
