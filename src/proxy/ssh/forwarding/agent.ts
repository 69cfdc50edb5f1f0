/**
 * Agent forwarding (`auth-agent-req@openssh.com`): `ssh -A`. Each request is decided. What the target then asks of the
 * agent is listing keys and signing, each signature recorded; nothing else reaches it (agent-relay.ts).
 */
import type { Connection, ServerChannel } from 'ssh2';
import { messageOf } from '../../../base/errors.ts';
import { admit, type Asked } from '../admission.ts';
import type { SshContext } from '../context.ts';
import type { SshGatekeeper } from '../gatekeeper.ts';
import type { Recorded } from '../journal.ts';
import { openFailure } from '../library.ts';
import { offerAgent, openAgent, openedAtClient, type TargetOpen } from '../library-channels.ts';
import { watched } from '../start-process.ts';
import { AgentRelay } from './agent-relay.ts';
import type { ChannelSlots } from './remote.ts';

export interface AgentOptions {
  readonly connection: Connection;
  readonly gatekeeper: SshGatekeeper;
  readonly channels: ChannelSlots;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
  /** The recording is closed after this. */
  track(work: Promise<void>): void;
}

export class AgentForward {
  readonly #o: AgentOptions;
  /** The request that was allowed. It is for the whole connection: OpenSSH's server gives one agent to all of its shells and commands. */
  #granted: Recorded | undefined;

  constructor(o: AgentOptions) {
    this.#o = o;
  }

  /** Whether asking can lead to anything; clients are answered at once. The decision itself is `ask`, when the session is recorded. */
  mayBeGranted(): boolean {
    return this.#o.gatekeeper.judge({ kind: 'agent' }).effect !== 'deny';
  }

  /** Resolves when it is decided: with what the client is told, if it is refused. */
  async ask(context: SshContext, channel: number, hold: Asked['hold']): Promise<string | undefined> {
    const asked = await admit(context, { channel, ssh: { kind: 'agent' }, clear: {}, fields: [], hold });
    if ('refusal' in asked) return `agent forwarding: ${asked.refusal}`;
    if (this.#granted !== undefined) return undefined;
    this.#granted = asked.request;
    offerAgent(context.upstream, () => context.journal.note('the target does not forward the agent'));
    return undefined;
  }

  /** Whether the target may open it. If so, it is passed on or rejected. */
  take(context: SshContext, open: TargetOpen): boolean {
    const granted = this.#granted;
    if (granted === undefined) return false;
    const channel = this.#o.channels.take();
    if (channel === undefined) open.reject(openFailure.prohibited, 'too many channels');
    else this.#o.track(this.#pass(context, open, channel, granted).finally(() => this.#o.channels.release()));
    return true;
  }

  async #pass(context: SshContext, open: TargetOpen, channel: number, granted: Recorded): Promise<void> {
    const { journal } = context;
    const { connection, gone } = this.#o;
    const record = journal.append({ kind: 'ssh.agent.open', channel, clear: { q: granted.n } });
    await journal.sync();
    let client: ServerChannel;
    try {
      client = await openedAtClient((done) => openAgent(connection, done));
    } catch (error) {
      open.reject(openFailure.connectFailed, messageOf(error));
      journal.append({ kind: 'ssh.agent.end', channel, clear: { q: record.n, sent: 0, received: 0 } });
      return;
    }
    const { channel: target, closed } = watched(open.accept());
    await new AgentRelay({ journal, channel, record, client, target, closed, gone }).run();
  }
}
