/** One client's connection, from the signed-on socket to the closed recording. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { DeniedError, EnvironmentError, MalformedError, messageOf } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { deniedByPolicy } from '../../contract/refusal.ts';
import type { SessionRecorder } from '../../evidence/write.ts';
import type { RecordLevel } from '../../policy/types.ts';
import type { MaskContext } from '../../policy/mask/index.ts';
import {
  cancelKeyBytes, encodeBackendKeyData, encodeErrorResponse, encodeParameterStatus, encodeReadyForQuery, encodeTerminate, frontendType, MessageFramer, protocolVersion, sqlState, type SqlStateCode,
} from '../../wire/postgres/index.ts';
import { encodeAuthenticationOk } from '../../wire/postgres/authentication.ts';
import type { Caller } from '../core/endpoint.ts';
import type { ProxyEvents } from '../core/events.ts';
import type { ControlPlane, Target } from '../core/ports.ts';
import type { Analyser } from './analyser.ts';
import { BackendRelay } from './backend-relay.ts';
import type { CatalogSource } from './catalog-source.ts';
import type { SessionContext } from './context.ts';
import { FrontendRelay } from './frontend-relay.ts';
import type { Gatekeeper } from './gatekeeper.ts';
import { assertUtf8 } from './injector.ts';
import { Journal } from './journal.ts';
import { Output } from './output.ts';
import { startupSettings } from './startup-settings.ts';
import { SessionState } from './state.ts';
import { cancelUpstream, connectUpstream, type Upstream } from './upstream.ts';

const CLIENT_GONE = 'the client closed the connection';
/** How long a side that has been told of the end may take to hang up. */
const GRACE_MS = 2_000;
/** Bytes of a cancel key for clients of protocol 3.2, as PostgreSQL 18 makes them. */
const LONG_KEY_BYTES = 32;
/** Messages with content of any length: too long, they are answered by an error and the session goes on. */
const LONG_MESSAGES = [frontendType.Query, frontendType.Parse, frontendType.Bind, frontendType.CopyData, frontendType.FunctionCall];

export interface SessionOptions {
  readonly target: Target;
  readonly caller: Caller;
  readonly gatekeeper: Gatekeeper;
  readonly analyser: Analyser;
  readonly catalogs: CatalogSource;
  readonly masks: MaskContext;
  readonly control: ControlPlane;
  readonly clock: Clock;
  readonly events: ProxyEvents;
  /** Opened before anything else happens; failures of it end the session. */
  openRecording(onFailure: (error: EnvironmentError) => void): Promise<SessionRecorder>;
}

export interface ClientSide {
  readonly socket: Socket;
  /** Protocol version that was agreed with the client. */
  readonly version: number;
  readonly parameters: ReadonlyMap<string, string>;
}

export class PgSession {
  readonly #options: SessionOptions;
  readonly #client: ClientSide;
  readonly #state = new SessionState();
  #recorder: SessionRecorder | undefined;
  #journal: Journal | undefined;
  #upstream: Upstream | undefined;
  #front: FrontendRelay | undefined;
  #output: Output | undefined;
  #ended: Promise<void> | undefined;
  /** Ends what still waits for the target. */
  readonly #gone = new AbortController();
  /** What the client was given for CancelRequest. */
  readonly processId = randomInt(1, 0x7fff_ffff);
  readonly secretKey: Buffer;

  constructor(options: SessionOptions, client: ClientSide) {
    this.#options = options;
    this.#client = client;
    this.secretKey = randomBytes(client.version >= protocolVersion.v3_2 ? LONG_KEY_BYTES : cancelKeyBytes.min);
  }

  get recorder(): SessionRecorder | undefined {
    return this.#recorder;
  }

  /** Runs until the session is open; what happens after that ends it by itself. Never throws. */
  async start(): Promise<void> {
    const { socket } = this.#client;
    socket.on('error', () => void this.end('the client connection failed'));
    socket.on('close', () => void this.end(CLIENT_GONE));
    try {
      await this.#open();
    } catch (error) {
      this.fail(error);
    }
  }

  async #open(): Promise<void> {
    const { target, gatekeeper, control, events, caller } = this.#options;
    const recorder = await this.#options.openRecording((error) => this.fail(error));
    this.#recorder = recorder;
    const journal = new Journal(recorder, this.#options.masks);
    this.#journal = journal;
    const program = (this.#client.parameters.get('application_name') ?? '').slice(0, 128);
    recorder.append({ kind: 'conn.open', clear: { db: target.info.database }, fields: [{ name: 'application_name', value: program }] });
    await recorder.sync();
    events.emit({ event: 'session.opened', session_id: recorder.sessionId, connection: target.info.name, client: caller.client, program, recording: recorder.dir });
    const connect = gatekeeper.connect();
    if (connect.effect !== 'allow') throw new DeniedError(connect.reason, connect.policyIds);
    const wanted = this.#client.parameters.get('database') ?? '';
    if (wanted !== '' && wanted !== target.info.database) throw new DeniedError(`this endpoint serves database "${target.info.database}", not "${wanted}"`);
    const settings = startupSettings(this.#client.parameters, gatekeeper, this.#options.analyser);
    if (![...settings.keys()].some((k) => k.toLowerCase() === 'client_encoding')) settings.set('client_encoding', 'UTF8');
    const upstream = await connectUpstream(target, await control.lease(target.info.name, recorder.sessionId), settings, { version: this.#client.version, signal: this.#gone.signal });
    this.#upstream = upstream;
    if (this.#ended) {
      upstream.socket.destroy();
      return;
    }
    this.#state.serverEncoding = upstream.parameters.get('server_encoding') ?? '';
    assertUtf8(upstream.parameters.get('client_encoding') ?? '', this.#state.serverEncoding);
    this.#relay(upstream, journal, connect.recordLevel);
  }

  #relay(upstream: Upstream, journal: Journal, level: RecordLevel): void {
    const { socket } = this.#client;
    const toClient = new Output(socket);
    const toServer = new Output(upstream.socket);
    this.#output = toClient;
    const { target, caller, gatekeeper, analyser, catalogs, masks, control, clock, events } = this.#options;
    const context: SessionContext = {
      ...{ target, caller, gatekeeper, analyser, catalogs, masks, control, clock, events },
      engine: gatekeeper.engine,
      sessionId: journal.recorder.sessionId,
      journal,
      state: this.#state,
      toClient,
      toServer,
      catalog: { view: undefined, stamp: 'none', changes: 0 },
      fail: (error) => this.fail(error),
    };
    const front = new FrontendRelay(context, socket, new MessageFramer({ direction: 'frontend', skipOversized: LONG_MESSAGES }));
    const back = new BackendRelay(context, upstream.socket, upstream.framer, level);
    this.#front = front;
    toClient.push(encodeAuthenticationOk());
    for (const [name, value] of upstream.parameters) toClient.push(encodeParameterStatus(name, value));
    toClient.push(encodeParameterStatus('sallyport.session', context.sessionId));
    toClient.push(encodeBackendKeyData(this.processId, this.secretKey));
    toClient.push(encodeReadyForQuery('I'));
    toClient.flush();
    // After the end both sides are read until they hang up, and nothing of it is used.
    upstream.socket.on('data', (chunk: Buffer) => (this.#ended ? undefined : back.onData(chunk)));
    upstream.socket.on('drain', () => this.#state.progressed());
    upstream.socket.on('error', (error: Error) => this.#serverGone(error));
    upstream.socket.on('close', () => this.#serverGone(undefined));
    socket.on('data', (chunk: Buffer) => (this.#ended ? undefined : front.onData(chunk)));
    socket.on('drain', () => back.clientDrained());
    back.drain();
    front.drain();
    upstream.socket.resume();
    socket.resume();
  }

  #serverGone(error: Error | undefined): void {
    if (this.#ended) return;
    if (this.#front?.terminated) {
      void this.end(CLIENT_GONE);
      return;
    }
    const text = error ? `the target connection failed: ${error.message}` : 'the target closed the connection';
    this.#output?.flush();
    void this.end(text);
  }

  /** A CancelRequest for this session: withdraws a held statement, or cancels the running one at the target. */
  cancel(): void {
    if (this.#front?.holds.cancel()) return;
    const upstream = this.#upstream;
    if (!upstream?.key || this.#ended) return;
    void cancelUpstream(this.#options.target, upstream.key);
  }

  /** Ends the session with an error that says why, in the protocol. The first call counts. */
  fail(error: unknown): void {
    if (this.#ended) return;
    const { code, message } = fatal(error);
    const { socket } = this.#client;
    if (!socket.destroyed) {
      this.#output?.flush();
      socket.write(encodeErrorResponse({ severity: 'FATAL', code, message }));
    }
    if (error instanceof DeniedError && this.#recorder) {
      const id = this.#recorder.sessionId;
      this.#options.events.emit({ event: 'request.denied', session_id: id, connection: this.#options.target.info.name, reason: error.message, policy_ids: error.policyIds, reference: `${id}/0` });
    }
    if (!isExpected(error)) process.stderr.write(`session ended by an internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    void this.end(message);
  }

  /** Closes both sides and the recording. Resolves when the recording is closed. */
  end(reason: string): Promise<void> {
    this.#ended ??= this.#finish(reason);
    return this.#ended;
  }

  async #finish(reason: string): Promise<void> {
    this.#front?.holds.end();
    this.#gone.abort();
    this.#state.end(new EnvironmentError('env.cancelled', reason));
    this.#forgetChanges();
    const { socket } = this.#client;
    hangUp(socket);
    if (this.#upstream) hangUp(this.#upstream.socket, encodeTerminate());
    const recorder = this.#recorder;
    if (!recorder) return;
    // A withdrawn hold still writes its own end.
    await this.#front?.settled();
    try {
      if (!recorder.failure) {
        if (this.#journal && reason !== CLIENT_GONE) this.#journal.note(reason);
        recorder.append({ kind: 'conn.close', clear: { bytes: this.#output?.written ?? 0, statements: this.#journal?.statements ?? 0 } });
      }
      await recorder.close({ reason });
    } catch (error) {
      // What is on disk is recovered and uploaded at the next start.
      process.stderr.write(`recording ${recorder.sessionId} could not be closed: ${messageOf(error)}\n`);
    }
    this.#options.events.emit({
      event: 'session.closed',
      session_id: recorder.sessionId,
      connection: this.#options.target.info.name,
      reason,
      recording: recorder.dir,
      statements: this.#journal?.statements ?? 0,
    });
  }

  /** Whether its last change was committed nobody knows: the next statement of any session looks. */
  #forgetChanges(): void {
    if (!this.#state.changesObjects || !this.#recorder) return;
    this.#options.catalogs.changing(this.#recorder.sessionId, false);
    this.#options.catalogs.invalidate();
  }

  /** For an orderly stop of the program. */
  stop(): Promise<void> {
    if (!this.#ended && !this.#client.socket.destroyed) {
      this.#client.socket.write(encodeErrorResponse({ severity: 'FATAL', code: sqlState.adminShutdown, message: 'terminating connection: Sallyport is stopping' }));
    }
    return this.end('Sallyport is stopping');
  }
}

/** Says goodbye, reads on so that the other side's end is seen, and does not wait for it for ever. */
function hangUp(socket: Socket, goodbye?: Buffer): void {
  if (socket.destroyed) return;
  if (goodbye) socket.end(goodbye);
  else socket.end();
  socket.resume();
  setTimeout(() => socket.destroy(), GRACE_MS).unref();
}

/** Its message is for the client; anything else is a fault of this program. */
const isExpected = (error: unknown): boolean => error instanceof DeniedError || error instanceof MalformedError || error instanceof EnvironmentError;

function fatal(error: unknown): { code: SqlStateCode; message: string } {
  if (error instanceof DeniedError) return { code: sqlState.insufficientPrivilege, message: deniedByPolicy(error.message) };
  if (error instanceof MalformedError) return { code: sqlState.protocolViolation, message: `protocol violation: ${error.message}` };
  if (error instanceof EnvironmentError) {
    switch (error.code) {
      case 'env.disk_full':
        return { code: sqlState.diskFull, message: `the session cannot be recorded and ends: ${error.message}` };
      case 'env.spool_limit':
      case 'env.io':
        return { code: sqlState.configurationLimitExceeded, message: `the session cannot be recorded and ends: ${error.message}` };
      case 'env.upstream_auth':
        return { code: sqlState.serverRejectedConnection, message: error.message };
      case 'env.unreachable':
      case 'env.timeout':
      case 'env.tls':
      case 'env.store':
        return { code: sqlState.clientUnableToConnect, message: error.message };
      case 'env.cancelled':
        return { code: sqlState.adminShutdown, message: error.message };
    }
  }
  return { code: sqlState.internalError, message: 'internal error; the session ends (the program log has the details)' };
}
