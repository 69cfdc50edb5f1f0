/** The local endpoint of one PostgreSQL connection: loopback only, a secret for every sign-on, a bound on sessions. */
import { createServer, type Server, type Socket } from 'node:net';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { DeniedError, EnvironmentError, MalformedError, messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Bench } from '../../policy/explain/index.ts';
import type { CatalogRelation, Principal } from '../../policy/types.ts';
import { encodeErrorResponse, sqlState, type SqlStateCode } from '../../wire/postgres/index.ts';
import type { Caller, Listener, ListenerPolicy } from '../core/endpoint.ts';
import type { ProxyEvents } from '../core/events.ts';
import type { ControlPlane, Target } from '../core/ports.ts';
import { acceptClient, type ListenerAccount } from './accept.ts';
import { Analyser } from './analyser.ts';
import { CatalogSource } from './catalog-source.ts';
import { Gatekeeper } from './gatekeeper.ts';
import { PgSession } from './session.ts';
import { standingRefusal } from './standing-refusals.ts';

export interface PgListenerOptions extends ListenerPolicy {
  readonly target: Target;
  readonly accounts: readonly ListenerAccount[];
  readonly principal: Principal;
  readonly deviceId: string;
  readonly control: ControlPlane;
  readonly clock: Clock;
  readonly events: ProxyEvents;
  /** Lease for the proxy's own catalog connection. */
  leaseOwn(): ReturnType<ControlPlane['lease']>;
}

/** A bound of this endpoint is reached. */
class TooMany extends EnvironmentError {
  constructor(message: string) {
    super('env.cancelled', message);
  }
}

function refusalCode(error: unknown): SqlStateCode {
  if (error instanceof DeniedError) return sqlState.invalidPassword;
  if (error instanceof MalformedError) return sqlState.protocolViolation;
  if (error instanceof TooMany) return sqlState.tooManyConnections;
  return error instanceof EnvironmentError ? sqlState.cannotConnectNow : sqlState.internalError;
}

export class PgListener implements Listener {
  #options: PgListenerOptions;
  readonly #server: Server;
  readonly #sessions = new Set<PgSession>();
  /** Connections that have not proved themselves yet. */
  #signingOn = 0;
  #analyser: Analyser;
  readonly #catalogs: CatalogSource;
  #stopped = false;

  private constructor(options: PgListenerOptions) {
    this.#options = options;
    this.#analyser = new Analyser(options.engine, options.target.info.name);
    this.#catalogs = new CatalogSource(options.target, () => options.leaseOwn(), options.clock);
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => void this.#serve(socket));
  }

  /** @throws EnvironmentError when the port is taken. */
  static async start(options: PgListenerOptions, port: number): Promise<PgListener> {
    const listener = new PgListener(options);
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', (error) => reject(new EnvironmentError('env.io', `port ${port} on 127.0.0.1 cannot be opened: ${error.message}`, { cause: error })));
      listener.#server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve);
    });
    return listener;
  }

  get target(): Target {
    return this.#options.target;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Sessions that open from now on are decided by `policy`. @param endRunning why those that are open end; absent, they go on as they began */
  usePolicy(policy: ListenerPolicy, endRunning?: string): void {
    this.#options = { ...this.#options, engine: policy.engine, detectors: policy.detectors, openRecording: (client, onFailure) => policy.openRecording(client, onFailure) };
    this.#analyser = new Analyser(policy.engine, this.#options.target.info.name);
    if (endRunning !== undefined) for (const session of this.#sessions) session.fail(new EnvironmentError('env.cancelled', endRunning));
  }

  get sessions(): readonly PgSession[] {
    return [...this.#sessions];
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => socket.destroy());
    socket.setKeepAlive(true, limits.keepAliveMs);
    const options = this.#options;
    if (this.#signingOn >= limits.signOnsPerListener) {
      this.#refuse(socket, new TooMany(`${limits.signOnsPerListener} connections to this endpoint are signing on already: try again in a moment`));
      return;
    }
    this.#signingOn++;
    try {
      const accepted = await acceptClient(socket, options.accounts).finally(() => this.#signingOn--);
      if (accepted.kind === 'cancel') {
        this.#cancel(accepted.processId, accepted.secretKey);
        socket.end();
        socket.resume();
        return;
      }
      if (this.#stopped) throw new EnvironmentError('env.cancelled', 'Sallyport is stopping');
      if (this.#sessions.size >= limits.sessionsPerListener) throw new TooMany(`this endpoint serves at most ${limits.sessionsPerListener} connections: close some`);
      await this.#session(socket, accepted);
    } catch (error) {
      this.#refuse(socket, error);
    }
  }

  async #session(socket: Socket, accepted: Extract<Awaited<ReturnType<typeof acceptClient>>, { kind: 'session' }>): Promise<void> {
    // A close that has been told already is not told again.
    if (socket.destroyed) return;
    const options = this.#options;
    const caller: Caller = { principal: options.principal, connection: options.target.info, client: accepted.account.client, deviceId: options.deviceId };
    const program = (accepted.parameters.get('application_name') ?? '').slice(0, 128);
    const session = new PgSession(
      {
        target: options.target,
        caller,
        gatekeeper: new Gatekeeper(options.engine, caller, options.clock),
        analyser: this.#analyser,
        catalogs: this.#catalogs,
        masks: { tokenKey: randomBytes(32), detectors: options.detectors },
        control: options.control,
        clock: options.clock,
        events: options.events,
        openRecording: (onFailure) => options.openRecording({ kind: caller.client, program, address: `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}` }, onFailure),
      },
      { socket, version: accepted.version, parameters: accepted.parameters },
    );
    // The first statement will want it; while the target is connected to there is time, and the store is there now.
    if (options.engine.classes.length > 0) this.#catalogs.get().catch(() => undefined);
    this.#sessions.add(session);
    socket.once('close', () => {
      void session.end('the client closed the connection').finally(() => this.#sessions.delete(session));
    });
    await session.start();
  }

  #cancel(processId: number, secretKey: Buffer): void {
    for (const session of this.#sessions) {
      if (session.processId === processId && secretKey.length === session.secretKey.length && timingSafeEqual(secretKey, session.secretKey)) session.cancel();
    }
  }

  #refuse(socket: Socket, error: unknown): void {
    const message = messageOf(error);
    this.#options.events.emit({ event: 'auth.refused', connection: this.#options.target.info.name, reason: message, address: `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}` });
    if (!socket.destroyed && !socket.writableEnded) socket.end(encodeErrorResponse({ severity: 'FATAL', code: refusalCode(error), message }));
    // What the client still sends is let go of, so that its end is seen.
    socket.resume();
    setTimeout(() => socket.destroy(), 2_000).unref();
  }

  /** The analysis and the decision as of now, for forecasts. Nothing is sent to the target. */
  async bench(client: Caller['client']): Promise<Bench> {
    const { engine, target, principal, deviceId, clock } = this.#options;
    const catalog = engine.classes.length === 0 ? undefined : await this.#catalogs.get();
    const none = (): undefined => undefined;
    const context = { catalog, catalogStamp: catalog ? this.#catalogs.stamp : 'none', searchPath: ['pg_catalog', 'public'], standardConformingStrings: true, prepared: none, cursor: none };
    const gatekeeper = new Gatekeeper(engine, { principal, connection: target.info, client, deviceId }, clock);
    return {
      analyse: (sql) => this.#analyser.analyse(sql, context).statements,
      decide: (statement) => {
        const problem = standingRefusal({ sql: statement.sql, statements: [statement], values: [] }, engine.classes.length > 0);
        return problem === undefined ? engine.decide(gatekeeper.request(statement, false)) : { effect: 'deny', reason: problem, policyIds: [] };
      },
      classify: (column) => engine.classify(target.info.name, column),
      relation: (schema, name) => catalog?.relation(schema, name),
      relations: () => catalog?.relations() ?? [],
    };
  }

  /** The target's relations, for completion in an editor. */
  async relations(): Promise<readonly CatalogRelation[]> {
    return (await this.#catalogs.get()).relations();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#server.close();
    await Promise.all([...this.#sessions].map((s) => s.stop()));
    this.#catalogs.close();
  }
}
