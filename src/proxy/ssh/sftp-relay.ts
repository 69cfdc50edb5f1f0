/**
 * The SFTP protocol, ended here: every packet is decoded, every request on a path decided on by where the path really
 * leads, and counted. What is in the files passes as it is.
 */
import type { ServerChannel } from 'ssh2';
import { MalformedError } from '../../base/errors.ts';
import type { SshRequest } from '../../policy/types.ts';
import { SftpFramer } from '../../wire/sftp/framer.ts';
import { packetType, status, VERSION } from '../../wire/sftp/protocol.ts';
import { decodeVersion, encodePacket, encodeStatus, encodeVersion, setId } from '../../wire/sftp/reply.ts';
import { decodeInit, decodeRequest, type SftpRequest } from '../../wire/sftp/request.ts';
import { refuse } from './admission.ts';
import { reference, type SshContext } from './context.ts';
import { afterHold, askApproval, type Refusal } from './holds.ts';
import type { Recorded } from './journal.ts';
import { aborted, ChannelWriter, pump } from './output.ts';
import { knownExtensions } from './sftp-extensions.ts';
import { SftpFiles } from './sftp-files.ts';
import { SftpPaths } from './sftp-paths.ts';
import { handleRequest, type Question } from './sftp-requests.ts';
import { SftpServerSide, type Answer } from './sftp-server.ts';
import type { Started } from './start-process.ts';

export interface SftpOptions {
  readonly context: SshContext;
  readonly channel: number;
  readonly client: ServerChannel;
  /** The only one that writes to `client`. */
  readonly toClient: ChannelWriter;
  readonly target: Started;
  readonly gone: AbortSignal;
  /** One line for a person, beside the protocol. */
  tell(message: string): void;
}

export class SftpRelay {
  readonly o: SftpOptions;
  readonly files = new SftpFiles();
  readonly paths: SftpPaths;
  readonly server: SftpServerSide;
  readonly #toClient: ChannelWriter;
  readonly #toTarget: ChannelWriter;
  readonly #fromClient = new SftpFramer();
  readonly #fromTarget = new SftpFramer();
  #phase: 'init' | 'version' | 'open' = 'init';
  #home: Promise<string | undefined> = Promise.resolve(undefined);
  /** Replies of one chunk, sent together. */
  #replies: Buffer[] = [];

  constructor(o: SftpOptions) {
    this.o = o;
    this.#toClient = o.toClient;
    this.#toTarget = new ChannelWriter(o.target.channel, o.gone);
    this.server = new SftpServerSide((packet) => this.#toTarget.write(packet));
    this.paths = new SftpPaths(this.server);
  }

  /** Resolves when the channel's streams have ended. Rejects when the recording fails, or with MalformedError. */
  run(): Promise<void> {
    const run = this.#run();
    this.o.context.delivers(run.then(() => aborted(this.o.gone)));
    return run;
  }

  async #run(): Promise<void> {
    const { client, target, gone } = this.o;
    const up = pump(client, (chunk) => this.#clientSent(chunk), gone).then(async () => {
      await this.#toTarget.flushed();
      if (!gone.aborted) target.channel.end();
    });
    const down = pump(target.channel, (chunk) => this.#targetSent(chunk), gone);
    const noise = pump(target.channel.stderr, (chunk) => this.#toClient.writeError(chunk), gone);
    try {
      await Promise.race([Promise.all([down, noise]), up.then(() => Promise.all([down, noise]))]);
    } finally {
      up.catch(() => undefined);
      this.#end();
    }
  }

  /** What was open when the session ended was not closed by the client. */
  #end(): void {
    const { journal } = this.o.context;
    for (const file of this.files.takeAll()) if (!file.grants.directory) journal.fileEnd(this.o.channel, file.request, { ...file.summary(), closed: false });
  }

  #clientSent(chunk: Buffer): Promise<void> | undefined {
    this.#fromClient.push(chunk);
    return this.#serve();
  }

  /** One request after the other. What is in open files goes on in the same turn, unless the server is slow to take it. */
  #serve(): Promise<void> | undefined {
    for (let packet = this.#fromClient.next(); packet !== undefined; packet = this.#fromClient.next()) {
      if (this.o.gone.aborted) return undefined;
      const busy = this.#phase === 'open' ? handleRequest(this, decodeRequest(packet), packet) : this.#begin(packet);
      if (busy !== undefined) return busy.then(() => this.#serve());
    }
    return undefined;
  }

  async #begin(packet: Buffer): Promise<void> {
    if (this.#phase !== 'init') throw new MalformedError('malformed.phase', 'SFTP requests before the version was agreed');
    const version = decodeInit(packet);
    if (version < VERSION) throw new MalformedError('malformed.value', `version ${version} of SFTP`);
    this.#phase = 'version';
    await this.#toTarget.write(encodePacket(packetType.INIT, VERSION));
  }

  #targetSent(chunk: Buffer): Promise<void> | undefined {
    this.#fromTarget.push(chunk);
    for (let packet = this.#fromTarget.next(); packet !== undefined; packet = this.#fromTarget.next()) {
      if (this.#phase === 'version') this.#agree(packet);
      else this.server.received(packet);
    }
    return this.flush();
  }

  #agree(packet: Buffer): void {
    const { version, extensions } = decodeVersion(packet);
    if (version !== VERSION) throw new MalformedError('malformed.value', `the server speaks version ${version} of SFTP`);
    this.#phase = 'open';
    // What this relay does not understand is not offered.
    this.#replies.push(encodeVersion(extensions.filter((e) => knownExtensions.has(e.name.toString('latin1')))));
    this.#home = this.paths.home();
    this.#home.catch((error: unknown) => this.o.context.fail(error));
  }

  /** To the client, with what comes in the same breath. */
  reply(packet: Buffer): void {
    this.#replies.push(packet);
  }

  /** The server's answer under the client's number. */
  pass(request: SftpRequest, { packet }: Answer): void {
    this.reply(setId(packet, request.id));
  }

  flush(): Promise<void> | undefined {
    const [first, ...more] = this.#replies;
    if (first === undefined) return undefined;
    const all = more.length === 0 ? first : Buffer.concat(this.#replies);
    this.#replies = [];
    return this.#toClient.write(all);
  }

  /** Answers in the server's place. */
  async refuse(request: SftpRequest, code: number, text: string): Promise<void> {
    this.reply(encodeStatus(request.id, code, text));
    await this.flush();
  }

  /**
   * Asks policy all questions of one request, records it, and waits for approval where it is held.
   * @param durable to be on the disk before it goes on
   * @returns undefined when it may not go on; the client has its answer then
   */
  async decide(request: SftpRequest, op: string, questions: readonly Question[], durable: boolean): Promise<Recorded | undefined> {
    const { context, channel, gone } = this.o;
    const { gatekeeper, journal } = context;
    const home = await this.#home;
    const asked = questions.map((q): SshRequest => ({ kind: 'sftp', ...q, ...(home === undefined ? {} : { home }) }));
    const outcomes = asked.map((ssh) => ({ ssh, outcome: gatekeeper.judge(ssh) }));
    const worst = outcomes.find((x) => x.outcome.effect === 'deny') ?? outcomes.find((x) => x.outcome.effect === 'hold') ?? outcomes[0];
    if (worst === undefined) throw new MalformedError('malformed.value', 'a request without a question');
    const first = questions[0];
    const recorded = journal.request('ssh.sftp', channel, worst.outcome, { op }, [
      { name: 'path', value: journal.shown(first?.path ?? '') },
      ...(first?.newPath === undefined ? [] : [{ name: 'new_path', value: journal.shown(first.newPath) }]),
    ]);
    for (const { ssh, outcome } of outcomes) {
      if (outcome.effect === 'allow') continue;
      let refusal: Refusal;
      if (outcome.effect === 'hold' && worst.outcome.effect === 'hold') {
        const after = afterHold(context, await askApproval(context, { channel, record: recorded, outcome, ssh, tell: (m) => this.o.tell(m), signal: gone }), ssh, outcome);
        if (after.effect === 'allow') continue;
        refusal = after;
      } else if (outcome.effect === 'deny') {
        refusal = outcome;
      } else {
        continue;
      }
      await this.#denied(request, recorded, refusal);
      return undefined;
    }
    if (durable) await journal.recorder.sync();
    else journal.recorder.commit();
    return gone.aborted ? undefined : recorded;
  }

  async #denied(request: SftpRequest, recorded: Recorded, why: Refusal): Promise<void> {
    const { context, channel } = this.o;
    const { refusal: text } = refuse(context, channel, recorded, why);
    // Clients print the code's own words: the reason goes beside the protocol as well.
    this.o.tell(text);
    await this.refuse(request, status.PERMISSION_DENIED, text);
  }

  /** Something that is refused whatever policy says. */
  async refuseUnasked(request: SftpRequest, what: string, code: number, reason: string): Promise<void> {
    const { context, channel } = this.o;
    const record = context.journal.refused(channel, what, reason);
    context.journal.recorder.commit();
    context.events.emit({ event: 'request.denied', session_id: context.sessionId, connection: context.target.info.name, reason, policy_ids: [], reference: reference(context, record) });
    await this.refuse(request, code, reason);
  }
}
