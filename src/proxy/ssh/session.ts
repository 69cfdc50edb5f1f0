/** One client's SSH connection, from the sign-on to the closed recording. Its channels share one connection to the target. */
import type { Client, Connection, Session } from 'ssh2';
import type { Clock } from '../../base/clock.ts';
import { BugError, ConfigError, DeniedError, EnvironmentError, MalformedError, messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { deniedByPolicy } from '../../contract/refusal.ts';
import type { SessionRecorder } from '../../evidence/write.ts';
import type { MaskContext } from '../../policy/mask/index.ts';
import type { Caller } from '../core/endpoint.ts';
import type { ProxyEvents } from '../core/events.ts';
import type { ControlPlane, Target } from '../core/ports.ts';
import { bannerText } from './banner.ts';
import { ephemeralKey } from './certificate.ts';
import type { SshContext } from './context.ts';
import { Forwarding } from './forwarding/forwarding.ts';
import { forwardChannel } from './forwarding/local.ts';
import type { SshGatekeeper } from './gatekeeper.ts';
import { SshJournal } from './journal.ts';
import { openFailure, rejectOpen } from './library.ts';
import { closeUnused, failRequest, guardChannels, quietWhenGone } from './library-guards.ts';
import { SessionChannel } from './session-channel.ts';
import { connectUpstream } from './upstream.ts';

const CLIENT_GONE = 'the client closed the connection';
/** How long channels that are told of the end may take to deliver it. */
const GRACE_MS = 2_000;
/** How long clients may take to read what a target sent before it went away. */
const DELIVERY_MS = 60_000;

export interface SessionOptions {
  readonly target: Target;
  readonly caller: Caller;
  readonly gatekeeper: SshGatekeeper;
  readonly masks: MaskContext;
  readonly control: ControlPlane;
  readonly clock: Clock;
  readonly events: ProxyEvents;
  /** Opened before anything else happens; failures of it end the session. */
  openRecording(onFailure: (error: EnvironmentError) => void): Promise<SessionRecorder>;
}

export interface ClientSide {
  readonly connection: Connection;
  /** Its identification string. */
  readonly program: string;
  /** Fingerprint of the key that it signed on with. */
  readonly key: string;
  readonly compress: boolean;
  /** Where it connects from: `127.0.0.1:port`. */
  readonly address: string;
}

export class SshSession {
  readonly #o: SessionOptions;
  readonly #client: ClientSide;
  readonly #gone = new AbortController();
  readonly #forwarding: Forwarding;
  readonly #recorded: Promise<SshJournal>;
  readonly #ready: Promise<SshContext>;
  #recorder: SessionRecorder | undefined;
  #journal: SshJournal | undefined;
  #upstream: Client | undefined;
  #ended: Promise<void> | undefined;
  /** Why it ends; what channels that open after that are told. */
  #why = CLIENT_GONE;
  /** What channels still do: their ends are to be recorded. */
  readonly #work = new Set<Promise<void>>();
  /** What of it brings the client what the target has sent. */
  readonly #deliveries = new Set<Promise<unknown>>();
  /** How the target went away, or why it was never reached. */
  #lost: string | undefined;
  #channels = 0;
  #numbers = 0;

  /** Channels that the client opens in the same breath are taken from here on. */
  constructor(options: SessionOptions, client: ClientSide) {
    this.#o = options;
    this.#client = client;
    const { connection } = client;
    connection.on('error', () => undefined);
    connection.on('close', () => void this.end(CLIENT_GONE));
    quietWhenGone(connection);
    guardChannels(connection, () => this.fail(new MalformedError('malformed.length', 'the client sends more than it was let')));
    connection.on('session', (accept, reject) => this.#session(accept, reject));
    connection.on('tcpip', (accept, reject, info) => {
      if (this.#full(reject)) return;
      const work = forwardChannel({ connection, channel: ++this.#numbers, ready: () => this.#ready, gone: this.#gone.signal }, { accept, reject, info });
      this.#track(work.catch((error: unknown) => this.fail(error)).finally(() => this.#channels--));
    });
    connection.on('openssh.streamlocal', (_accept, reject, { socketPath }) => {
      const reason = 'forwarding to sockets of the target is not served';
      rejectOpen(connection, reject, openFailure.prohibited, `sallyport: ${reason}`);
      this.#refused(0, `forward to the socket ${socketPath}`, reason);
    });
    this.#forwarding = new Forwarding({ connection, gatekeeper: options.gatekeeper, channels: { take: () => this.#take(), release: () => this.#channels-- }, ready: () => this.#ready, gone: this.#gone.signal, track: (work) => this.#track(work), fail: (e) => this.fail(e), refused: (...r) => this.#refused(...r) });
    connection.on('request', (accept: ((port?: number) => void) | undefined, reject: (() => void) | undefined, name: string, info: unknown) => this.#forwarding.request({ name, info, accept, reject }));
    this.#recorded = this.#record();
    this.#ready = this.#recorded.then((journal) => this.#open(journal));
    this.#ready.catch((error: unknown) => this.#refuseAll(error));
  }

  get recorder(): SessionRecorder | undefined {
    return this.#recorder;
  }

  #session(accept: () => Session, reject: () => void): void {
    if (this.#full(reject)) return;
    const channel = ++this.#numbers;
    const session = accept();
    new SessionChannel({ session, channel, forwarding: this.#forwarding, ready: () => this.#ready, gone: this.#gone.signal, fail: (e) => this.fail(e), refused: (what, reason) => this.#refused(channel, what, reason), ended: () => this.#unused(session), fails: () => failRequest(this.#client.connection, session), track: (work) => this.#track(work) });
  }

  /** The client has closed a session's channel. */
  #unused(session: Session): void {
    this.#channels--;
    closeUnused(this.#client.connection, session);
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  #full(reject: () => void): boolean {
    if (this.#channels < limits.sshChannelsPerSession) {
      this.#channels++;
      return false;
    }
    rejectOpen(this.#client.connection, reject, openFailure.prohibited, `sallyport: at most ${limits.sshChannelsPerSession} channels are open at once; close some, or connect once more`);
    return true;
  }

  /** A channel that the target opens: its number. */
  #take(): number | undefined {
    if (this.#channels >= limits.sshChannelsPerSession) return undefined;
    this.#channels++;
    return ++this.#numbers;
  }

  async #record(): Promise<SshJournal> {
    const { target, events, caller, masks } = this.#o;
    const { program, key, address } = this.#client;
    const recorder = await this.#o.openRecording((error) => this.fail(error));
    this.#recorder = recorder;
    const journal = new SshJournal(recorder, masks);
    this.#journal = journal;
    recorder.append({ kind: 'conn.open', fields: [{ name: 'client', value: program }, { name: 'client_key', value: key }] });
    await recorder.sync();
    events.emit({ event: 'session.opened', session_id: recorder.sessionId, connection: target.info.name, client: caller.client, program, recording: recorder.dir, address });
    return journal;
  }

  async #open(journal: SshJournal): Promise<SshContext> {
    const { target, gatekeeper, control, events, caller, masks, clock } = this.#o;
    const { compress } = this.#client;
    const { recorder } = journal;
    const connect = gatekeeper.connect();
    if (connect.effect !== 'allow') throw new DeniedError(connect.reason, connect.policyIds);
    const signOnKey = ephemeralKey();
    const credential = await control.lease(target.info.name, recorder.sessionId, signOnKey.publicKey);
    const upstream = await connectUpstream(target, credential, { compress, key: signOnKey, nowMs: clock.nowMs(), signal: this.#gone.signal });
    this.#upstream = upstream.client;
    quietWhenGone(upstream.client);
    guardChannels(upstream.client, () => this.fail(new MalformedError('malformed.length', 'the target sends more than it was let: its SSH server does not keep to the protocol')));
    this.#forwarding.attach(upstream.client);
    upstream.client.on('error', (error) => this.#targetGone(error));
    upstream.client.on('close', () => this.#targetGone(undefined));
    if (this.#ended) {
      upstream.client.destroy();
      throw new EnvironmentError('env.cancelled', this.#why);
    }
    let banner = journal.shown(upstream.banner);
    recorder.append({ kind: 'session.note', fields: [{ name: 'text', value: `signed on to the target, host key ${upstream.hostKey}` }, ...(banner === '' ? [] : [{ name: 'banner', value: banner }])] });
    return {
      ...{ target, caller, gatekeeper, journal, masks, control, clock, events, connect },
      sessionId: recorder.sessionId,
      account: credential.user,
      upstream: upstream.client,
      takeBanner: () => {
        const text = bannerText(banner);
        banner = '';
        return text;
      },
      delivers: (work) => this.#delivers(work),
      fail: (error) => this.fail(error),
    };
  }

  /**
   * The target or policy does not let the session open. Channels that wait tell the client so; one that opens later
   * does, too. The connection is closed when they have had the time.
   */
  #refuseAll(error: unknown): void {
    if (this.#ended) return;
    this.#report(error);
    // A client that hangs up because of it is not why the session ends.
    const reason = (this.#lost ??= textOf(error));
    this.#why = reason;
    setTimeout(() => void this.end(reason), GRACE_MS).unref();
  }

  #targetGone(error: Error | undefined): void {
    if (this.#ended) return;
    // Channels that were told of it by the target are still passing it on.
    const reason = (this.#lost ??= error ? `the target connection failed: ${error.message}` : 'the target closed the connection');
    setTimeout(() => void this.#delivered().then(() => this.end(reason)), GRACE_MS / 4).unref();
  }

  #delivers(work: Promise<unknown>): void {
    const done = (): void => void this.#deliveries.delete(work);
    this.#deliveries.add(work);
    work.then(done, done);
  }

  /** Resolves when clients have read what there was to read, or do not. */
  #delivered(): Promise<unknown> {
    const late = new Promise<void>((resolve) => void setTimeout(resolve, DELIVERY_MS).unref());
    return Promise.race([Promise.allSettled([...this.#deliveries]), late]);
  }

  /** A request that is refused whatever policy says. It is recorded even if the client hangs up at once. */
  #refused(channel: number, what: string, reason: string): void {
    const { events, target } = this.#o;
    this.#recorded
      .then((journal) => {
        if (this.#recorder?.failure !== undefined) return;
        const record = journal.refused(channel, what, reason);
        journal.recorder.commit();
        const { sessionId } = journal.recorder;
        events.emit({ event: 'request.denied', session_id: sessionId, connection: target.info.name, reason, policy_ids: [], reference: `${sessionId}/${record.n}` });
      })
      .catch((error: unknown) => this.fail(error));
  }

  /** Ends the session because of an error. The first call counts. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#report(error);
    void this.end(textOf(error));
  }

  #report(error: unknown): void {
    const { events, target } = this.#o;
    if (error instanceof DeniedError && this.#recorder) {
      const id = this.#recorder.sessionId;
      events.emit({ event: 'request.denied', session_id: id, connection: target.info.name, reason: error.message, policy_ids: error.policyIds, reference: `${id}/0` });
    }
    if (!isExpected(error)) process.stderr.write(`session ended by an internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }

  /** Closes both sides and the recording. Resolves when the recording is closed. */
  end(reason: string): Promise<void> {
    this.#ended ??= this.#finish(reason);
    return this.#ended;
  }

  async #finish(given: string): Promise<void> {
    // A client hangs up when its command has ended with the target.
    const reason = given === CLIENT_GONE ? (this.#lost ?? given) : given;
    this.#why = reason;
    this.#client.connection.end();
    this.#gone.abort();
    this.#upstream?.end();
    await this.#recorded.catch(() => undefined);
    await this.#ready.catch(() => undefined);
    const recorder = this.#recorder;
    if (!recorder) return;
    await this.#settled();
    try {
      if (!recorder.failure) {
        if (this.#journal && reason !== CLIENT_GONE) this.#journal.note(reason);
        recorder.append({ kind: 'conn.close', clear: { channels: this.#numbers, requests: this.#journal?.requests ?? 0 } });
      }
      await recorder.close({ reason });
    } catch (error) {
      // What is on disk is recovered and uploaded at the next start.
      process.stderr.write(`recording ${recorder.sessionId} could not be closed: ${messageOf(error)}\n`);
    }
    this.#o.events.emit({ event: 'session.closed', session_id: recorder.sessionId, connection: this.#o.target.info.name, reason, recording: recorder.dir, statements: this.#journal?.requests ?? 0 });
  }

  /** Channels record their ends, and holds are withdrawn at the store, which may be slow to answer. */
  async #settled(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GRACE_MS);
    });
    await Promise.race([Promise.allSettled([...this.#work]), late]);
    clearTimeout(timer);
  }

  /** For an orderly stop of the program. */
  stop(): Promise<void> {
    return this.end('Sallyport is stopping');
  }
}

const isExpected = (error: unknown): boolean => error instanceof DeniedError || error instanceof MalformedError || error instanceof EnvironmentError || error instanceof ConfigError;

/** What people are told. */
function textOf(error: unknown): string {
  if (error instanceof DeniedError) return deniedByPolicy(error.message);
  if (error instanceof EnvironmentError && ['env.disk_full', 'env.spool_limit', 'env.io'].includes(error.code)) return `the session cannot be recorded and ends: ${error.message}`;
  if (error instanceof BugError || !isExpected(error)) return 'internal error; the session ends (the program log has the details)';
  return messageOf(error);
}
