/** What the target may reach of the client's machine: listeners at the target, and the client's agent. */
import type { Client, Connection } from 'ssh2';
import { DeniedError, messageOf } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { SshContext } from '../context.ts';
import type { SshGatekeeper } from '../gatekeeper.ts';
import { openFailure } from '../library.ts';
import { onTargetOpen, type TargetOpen } from '../library-channels.ts';
import { AgentForward } from './agent.ts';
import { type ChannelSlots, type ListenerAddress, RemoteForwards } from './remote.ts';

export interface ForwardingOptions {
  readonly connection: Connection;
  readonly gatekeeper: SshGatekeeper;
  readonly channels: ChannelSlots;
  /** The connection, once it is recorded, allowed and signed on to the target. */
  ready(): Promise<SshContext>;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  /** The recording is closed after this. */
  track(work: Promise<void>): void;
  /** Ends the session. */
  fail(error: unknown): void;
  /** Records a request that no policy is asked about. */
  refused(channel: number, what: string, reason: string): void;
}

interface GlobalRequest {
  readonly name: string;
  readonly info: unknown;
  /** Absent where the client wants no answer. */
  readonly accept: ((port?: number) => void) | undefined;
  readonly reject: (() => void) | undefined;
}

const SOCKETS = 'forwarding of sockets at the target is not served: a listener there has a TCP port';
/** Characters of what the target names. */
const SHOWN_CHARS = 256;

export class Forwarding {
  readonly agent: AgentForward;
  readonly #o: ForwardingOptions;
  readonly #remote: RemoteForwards;
  readonly #voices = new Set<(text: string) => void>();
  /** For the first of them. */
  readonly #notices: string[] = [];
  #unasked = 0;

  constructor(o: ForwardingOptions) {
    this.#o = o;
    const { connection, gone, channels, gatekeeper } = o;
    const shared = { connection, gone, channels, track: (work: Promise<void>) => this.#track(work) };
    this.agent = new AgentForward({ ...shared, gatekeeper });
    this.#remote = new RemoteForwards({ ...shared, notice: (text) => this.#notice(text) });
  }

  /**
   * Where the client can be told something: global requests are answered with yes or no.
   * @returns ends it
   */
  tellBy(say: (text: string) => void): () => void {
    this.#voices.add(say);
    for (const text of this.#notices.splice(0)) say(text);
    return () => this.#voices.delete(say);
  }

  #notice(text: string): void {
    const [say] = this.#voices;
    if (say !== undefined) say(text);
    else if (this.#notices.length < limits.sshListenersPerSession) this.#notices.push(text);
  }

  #track(work: Promise<void>): void {
    this.#o.track(work.catch((error: unknown) => this.#o.fail(error)));
  }

  /** A global request of the client (RFC 4254 section 7.1). It is answered in any case; the library keeps the answers in order. */
  request(r: GlobalRequest): void {
    const reject = (): void => r.reject?.();
    const address = addressOf(r.info);
    if ((r.name !== 'tcpip-forward' && r.name !== 'cancel-tcpip-forward') || address === undefined) {
      reject();
      if (!r.name.startsWith('cancel-')) this.#refused(r.name, r.name === 'streamlocal-forward@openssh.com' ? SOCKETS : 'not understood');
      return;
    }
    if (r.name === 'tcpip-forward' && this.#remote.isFull) {
      reject();
      this.#refused(r.name, `at most ${limits.sshListenersPerSession} remote forwards are open at once`);
      return;
    }
    this.#track(this.#answer(r, address, reject));
  }

  async #answer(r: GlobalRequest, address: ListenerAddress, reject: () => void): Promise<void> {
    let context: SshContext;
    try {
      context = await this.#o.ready();
    } catch {
      // Channels say why there is no session.
      reject();
      return;
    }
    if (r.name === 'tcpip-forward') await this.#remote.listen(context, address, (port) => r.accept?.(port), reject);
    else await this.#remote.cancel(context, address, () => r.accept?.(), reject);
  }

  #refused(what: string, reason: string): void {
    this.#o.refused(0, what, reason);
    this.#notice(`${what}: ${reason}`);
  }

  /** The target is signed on to. */
  attach(upstream: Client): void {
    onTargetOpen(upstream, (open) => this.#opened(open));
  }

  #opened(open: TargetOpen): void {
    // Listeners and a granted agent are there only after this has been fulfilled.
    this.#o.ready().then(
      (context) => {
        if (open.tcp !== undefined && this.#remote.take(context, open, open.tcp)) return;
        if (open.type === 'auth-agent@openssh.com' && this.agent.take(context, open)) return;
        this.#unaskedFor(open);
      },
      (error: unknown) => open.reject(openFailure.prohibited, messageOf(error)),
    ).catch((error: unknown) => this.#o.fail(error));
  }

  /** Nobody asked for it. A target that keeps on is not well-behaved, and would fill the recording. */
  #unaskedFor(open: TargetOpen): void {
    open.reject(openFailure.prohibited, 'nobody asked for this');
    const what = `a channel ${open.type.slice(0, SHOWN_CHARS)} opened by the target${open.tcp === undefined ? '' : ` for ${open.tcp.destIP.slice(0, SHOWN_CHARS)}:${open.tcp.destPort}`}`;
    this.#o.refused(0, what, 'nobody asked for this');
    if (++this.#unasked >= limits.sshUnaskedOpens) this.#o.fail(new DeniedError('the target keeps opening channels that nobody asked for'));
  }
}

function addressOf(info: unknown): ListenerAddress | undefined {
  if (typeof info !== 'object' || info === null || !('bindAddr' in info) || !('bindPort' in info)) return undefined;
  const { bindAddr: host, bindPort: port } = info;
  return typeof host === 'string' && typeof port === 'number' ? { host, port } : undefined;
}
