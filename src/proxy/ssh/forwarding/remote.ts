/**
 * Remote forwards (RFC 4254 section 7.1): `ssh -R`. Each listener is a request of its own; the connections that the
 * target opens for it are passed to the client, and recorded below it.
 */
import type { Connection, ServerChannel, TcpConnectionDetails } from 'ssh2';
import { messageOf } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import { admit } from '../admission.ts';
import type { SshContext } from '../context.ts';
import { listenerWords, type Recorded } from '../journal.ts';
import { openFailure } from '../library.ts';
import { openedAtClient, ping, type TargetOpen } from '../library-channels.ts';
import { aborted } from '../output.ts';
import { watched } from '../start-process.ts';
import { relay } from './relay.ts';

export interface RemoteOptions {
  readonly connection: Connection;
  /** Of the session: what takes a channel has to give it back. */
  readonly channels: ChannelSlots;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  /** The recording is closed after this. */
  track(work: Promise<void>): void;
  /** For the client, when it next opens a channel on which it can be told something. */
  readonly notice: (text: string) => void;
}

export interface ChannelSlots {
  /** The channel's number in the recording; undefined when there are too many. */
  take(): number | undefined;
  release(): void;
}

interface Listening {
  readonly host: string;
  readonly port: number;
  readonly request: Recorded;
  /** Aborted when the client takes it back. */
  readonly cancelled: AbortController;
  readonly connections: Set<Promise<void>>;
  opened: number;
  sent: number;
  received: number;
}

export interface ListenerAddress {
  /** As the client wrote it. */
  readonly host: string;
  readonly port: number;
}

const MAX_PORT = 65_535;
const keyOf = ({ host, port }: ListenerAddress): string => `${host}:${port}`;

/**
 * The client's own keep-alives are answered after a request that is held (RFC 4254 section 4: in order), and a client
 * gives up when it hears nothing.
 */
const AWAKE_MS = 5_000;

async function whileAwake<T>(connection: Connection, work: Promise<T>): Promise<T> {
  const timer = setInterval(() => ping(connection), AWAKE_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/** Why there is no listener, for the client. */
class Refusal extends Error {}

export class RemoteForwards {
  readonly #o: RemoteOptions;
  readonly #listeners = new Map<string, Listening>();
  /** Those that are being decided or asked for count, too. */
  #count = 0;
  #isFullNoted = false;

  constructor(o: RemoteOptions) {
    this.#o = o;
  }

  get isFull(): boolean {
    return this.#count >= limits.sshListenersPerSession;
  }

  /**
   * `tcpip-forward`. Resolves when it is answered.
   * @param accept with the port, at once when the target listens: a connection to it may be in the same packet
   */
  async listen(context: SshContext, address: ListenerAddress, accept: (port: number) => void, reject: () => void): Promise<void> {
    const { connection, gone, notice } = this.#o;
    const { journal } = context;
    const { host, port } = address;
    this.#count++;
    try {
      const asked = await admit(context, {
        channel: 0,
        ssh: { kind: 'forward', direction: 'remote', host, port },
        clear: { port, dir: 'remote' },
        fields: [{ name: 'host', value: journal.shown(host) }],
        hold: (ask) => whileAwake(connection, ask(notice, gone)),
      });
      if ('refusal' in asked) throw new Refusal(asked.refusal);
      await this.#bind(context, address, asked.request, accept);
    } catch (error) {
      this.#count--;
      reject();
      if (!(error instanceof Refusal)) throw error;
      notice(`remote forward of ${listenerWords(host, port)}: ${error.message}`);
    }
  }

  #bind(context: SshContext, address: ListenerAddress, request: Recorded, accept: (port: number) => void): Promise<void> {
    const { host, port } = address;
    return new Promise((resolve, reject) => {
      const refused = (reason: string): void => {
        this.#ended(context, request, undefined, reason);
        reject(new Refusal(reason));
      };
      if (port !== 0 && this.#listeners.has(keyOf(address))) {
        refused('the target listens there already');
        return;
      }
      const answered = (error: Error | undefined, bound: number): void => {
        const at = { host, port: bound };
        if (error) refused(`the target did not let us: ${error.message}`);
        else if (bound < 1 || bound > MAX_PORT || this.#listeners.has(keyOf(at))) refused('the target does not say on which port it listens');
        else {
          this.#bound(context, at, request);
          accept(bound);
          resolve();
        }
      };
      // A call of the library's: what is thrown here would end the program.
      const done = (error: Error | undefined, bound = 0): void => {
        try {
          answered(error, bound);
        } catch (cause) {
          reject(cause instanceof Error ? cause : new Error(String(cause)));
        }
      };
      try {
        context.upstream.forwardIn(host, port, done);
      } catch (error) {
        refused(messageOf(error));
      }
    });
  }

  #bound(context: SshContext, at: ListenerAddress, request: Recorded): void {
    const listening: Listening = { ...at, request, cancelled: new AbortController(), connections: new Set(), opened: 0, sent: 0, received: 0 };
    context.journal.append({ kind: 'ssh.forward.bound', channel: 0, clear: { q: request.n, port: at.port } });
    this.#listeners.set(keyOf(at), listening);
    this.#o.track(this.#until(context, listening));
  }

  /** A cancelled listener's connections go on (RFC 4254 section 7.1), and are counted. */
  async #until(context: SshContext, listening: Listening): Promise<void> {
    await Promise.race([aborted(this.#o.gone), aborted(listening.cancelled.signal)]);
    await Promise.all(listening.connections);
    this.#ended(context, listening.request, listening, this.#o.gone.aborted ? 'the session ended' : 'cancelled');
  }

  #ended({ journal }: SshContext, request: Recorded, l: Listening | undefined, reason: string): void {
    journal.append({ kind: 'ssh.forward.end', channel: 0, clear: { q: request.n, sent: l?.sent ?? 0, received: l?.received ?? 0, connections: l?.opened ?? 0 }, fields: [{ name: 'reason', value: journal.shown(reason) }] });
  }

  /** `cancel-tcpip-forward`, with the port that was bound. Resolves when it is answered. */
  cancel(context: SshContext, at: ListenerAddress, accept: () => void, reject: () => void): Promise<void> {
    const listening = this.#listeners.get(keyOf(at));
    if (listening === undefined) {
      reject();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = (error?: Error | null): void => {
        if (error) {
          reject();
        } else {
          this.#listeners.delete(keyOf(at));
          this.#count--;
          listening.cancelled.abort();
          accept();
        }
        resolve();
      };
      try {
        context.upstream.unforwardIn(at.host, at.port, done);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Whether it comes to a listener of ours. If so, it is passed on or rejected. */
  take(context: SshContext, open: TargetOpen, from: TcpConnectionDetails): boolean {
    const listening = this.#listeners.get(keyOf({ host: from.destIP, port: from.destPort }));
    if (listening === undefined) return false;
    const channel = this.#o.channels.take();
    if (channel === undefined) {
      if (!this.#isFullNoted) context.journal.note('connections to a remote forward are turned away: the session has too many channels');
      this.#isFullNoted = true;
      open.reject(openFailure.prohibited, 'too many channels');
      return true;
    }
    const work = this.#pass(context, open, { from, channel, listening }).finally(() => {
      this.#o.channels.release();
      listening.connections.delete(work);
    });
    listening.connections.add(work);
    this.#o.track(work);
    return true;
  }

  async #pass(context: SshContext, open: TargetOpen, { from, channel, listening }: { readonly from: TcpConnectionDetails; readonly channel: number; readonly listening: Listening }): Promise<void> {
    const { journal } = context;
    const { connection, gone } = this.#o;
    const { srcIP, srcPort } = from;
    const record = journal.append({ kind: 'ssh.forward.open', channel, clear: { q: listening.request.n, port: srcPort }, fields: [{ name: 'host', value: journal.shown(srcIP) }] });
    listening.opened++;
    await journal.sync();
    let client: ServerChannel;
    try {
      client = await openedAtClient((done) => connection.forwardOut(listening.host, listening.port, srcIP, srcPort, done));
    } catch (error) {
      open.reject(openFailure.connectFailed, messageOf(error));
      journal.forwardEnd(channel, record, 0, 0);
      return;
    }
    const target = watched(open.accept());
    const work = relay({ client, target: target.channel, closed: target.closed, gone });
    context.delivers(work);
    const { sent, received } = await work;
    listening.sent += sent;
    listening.received += received;
    journal.forwardEnd(channel, record, sent, received);
  }
}
