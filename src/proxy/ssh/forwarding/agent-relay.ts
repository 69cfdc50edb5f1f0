/** One channel from the target to the client's agent: message by message, one at a time. What is not understood is answered with a failure. */
import type { ClientChannel, ServerChannel } from 'ssh2';
import { MalformedError } from '../../../base/errors.ts';
import type { ClearValue } from '../../../evidence/record.ts';
import type { Field } from '../../../evidence/types.ts';
import { AGENT_FAILURE, agentFrame, AgentFramer, type AgentRequest, decodeAgentRequest, isAgentAnswer, signedFor } from '../../../wire/ssh/agent.ts';
import { fingerprint } from '../host-keys.ts';
import type { Recorded, SshJournal } from '../journal.ts';
import { ChannelWriter, pump } from '../output.ts';

export interface AgentChannel {
  readonly journal: SshJournal;
  /** Number of the channel in the recording. */
  readonly channel: number;
  /** Of its opening. */
  readonly record: Recorded;
  readonly client: ServerChannel;
  readonly target: ClientChannel;
  /** Resolves when the target's channel is closed. */
  readonly closed: Promise<void>;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
}

/** Characters of a name that is recorded. */
const NAME_CHARS = 256;

export class AgentRelay {
  readonly #o: AgentChannel;
  readonly #over = new AbortController();
  readonly #toTarget: ChannelWriter;
  readonly #toClient: ChannelWriter;
  readonly #requests = new AgentFramer();
  readonly #answers = new AgentFramer();
  /** Who waits for the agent's answer. */
  #answer: ((body: Uint8Array | undefined) => void) | undefined;
  #sent = 0;
  #received = 0;
  #listed = 0;
  #signed = 0;
  /** Messages that did not reach the agent, by type. */
  readonly #refused = new Map<number, number>();

  constructor(o: AgentChannel) {
    this.#o = o;
    this.#toTarget = new ChannelWriter(o.target, this.#over.signal);
    this.#toClient = new ChannelWriter(o.client, this.#over.signal);
  }

  /** Resolves when it is closed and recorded. Rejects when it cannot be recorded. */
  async run(): Promise<void> {
    const { client, target, closed, gone, journal, channel, record } = this.#o;
    const end = (): void => this.#over.abort();
    gone.addEventListener('abort', end, { once: true });
    if (gone.aborted) end();
    client.once('close', end);
    void closed.then(end);
    const up = pump(target, (chunk) => this.#ask(chunk), this.#over.signal);
    const down = pump(client, (chunk) => this.#answered(chunk), this.#over.signal);
    try {
      // Whichever side ends first: an agent's channel of which half is closed is of no use.
      await Promise.race([up, down]);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      journal.note(`a channel to the agent ended: ${error.message}`);
    } finally {
      gone.removeEventListener('abort', end);
      end();
      this.#answer?.(undefined);
      client.close();
      target.close();
      await Promise.allSettled([up, down]);
    }
    const refused = [...this.#refused].map(([type, n]) => `${type}:${n}`);
    journal.append({ kind: 'ssh.agent.end', channel, clear: { q: record.n, sent: this.#sent, received: this.#received, listed: this.#listed, signed: this.#signed, ...(refused.length > 0 ? { refused } : {}) } });
  }

  async #ask(chunk: Buffer): Promise<void> {
    this.#received += chunk.length;
    for (const body of this.#requests.push(chunk)) {
      if (this.#over.signal.aborted) return;
      await this.#one(body);
    }
  }

  async #one(body: Uint8Array): Promise<void> {
    const asked = decodeAgentRequest(body);
    if (asked.kind === 'refused') {
      this.#refused.set(asked.type, (this.#refused.get(asked.type) ?? 0) + 1);
      await this.#reply(AGENT_FAILURE);
      return;
    }
    if (asked.kind === 'sign') await this.#record(asked);
    if (this.#over.signal.aborted) return;
    const answer = new Promise<Uint8Array | undefined>((resolve) => {
      this.#answer = resolve;
    });
    await this.#toClient.write(agentFrame(body));
    const reply = await answer;
    if (reply === undefined) return;
    const outcome = isAgentAnswer(asked.kind, reply);
    if (outcome === 'done' && asked.kind === 'sign') this.#signed++;
    if (outcome === 'done' && asked.kind === 'identities') this.#listed++;
    await this.#reply(outcome === undefined ? AGENT_FAILURE : agentFrame(reply));
  }

  async #reply(frame: Uint8Array): Promise<void> {
    this.#sent += frame.length;
    await this.#toTarget.write(frame);
  }

  /** The signature is in the recording before the agent is asked for it. */
  async #record({ key, data, flags }: AgentRequest & { readonly kind: 'sign' }): Promise<void> {
    const { journal, channel, record } = this.#o;
    const purpose = signedFor(data);
    const clear: Record<string, ClearValue> = { q: record.n, for: purpose.what, bytes: data.length, flags };
    const fields: Field[] = [{ name: 'key', value: fingerprint(key) }];
    if (purpose.what === 'sign-on') fields.push({ name: 'user', value: journal.shown(purpose.user.slice(0, NAME_CHARS)) });
    if (purpose.what === 'sign-on' && purpose.hostKey !== undefined) fields.push({ name: 'host_key', value: fingerprint(purpose.hostKey) });
    if (purpose.what === 'signature') fields.push({ name: 'namespace', value: journal.shown(purpose.namespace.slice(0, NAME_CHARS)) });
    journal.append({ kind: 'ssh.agent.sign', channel, clear, fields });
    await journal.sync();
  }

  #answered(chunk: Buffer): undefined {
    for (const body of this.#answers.push(chunk)) {
      const waiting = this.#answer;
      if (waiting === undefined) throw new MalformedError('malformed.phase', 'the agent answers though it was not asked');
      this.#answer = undefined;
      waiting(body);
    }
    return undefined;
  }
}
