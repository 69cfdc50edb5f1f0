/** The local endpoint of one SSH connection: loopback only, a key of this session for every sign-on, a bound on sessions. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server as TcpServer, type Socket } from 'node:net';
import ssh2, { type AuthContext, type ClientInfo, type Connection, type Server as SshServer } from 'ssh2';
import type { Clock } from '../../base/clock.ts';
import { EnvironmentError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Principal } from '../../policy/types.ts';
import type { Caller, Listener, ListenerPolicy } from '../core/endpoint.ts';
import type { ProxyEvents } from '../core/events.ts';
import type { ControlPlane, Target } from '../core/ports.ts';
import { listenerAlgorithms } from './algorithms.ts';
import { coalesced } from './coalesce.ts';
import { SshGatekeeper } from './gatekeeper.ts';
import { fingerprint, parsed, sameKey, type OwnHostKey } from './host-keys.ts';
import { SshSession } from './session.ts';

/** One key of a listener and what it is for. */
export interface SshAccount {
  readonly user: string;
  readonly client: Caller['client'];
  /** Public key in wire form. */
  readonly blob: Buffer;
}

export interface SshListenerOptions extends ListenerPolicy {
  readonly target: Target;
  readonly accounts: readonly SshAccount[];
  readonly hostKey: OwnHostKey;
  readonly principal: Principal;
  readonly deviceId: string;
  readonly control: ControlPlane;
  readonly clock: Clock;
  readonly events: ProxyEvents;
}

/** Keys that one connection may try: `ssh` with an agent offers several. */
const MAX_TRIES = 20;
/** A ping now and then keeps stateful things between the two awake; a client that sleeps is not dropped for not answering. */
const PING_MS = 60_000;

export class SshListener implements Listener {
  #options: SshListenerOptions;
  readonly #tcp: TcpServer;
  readonly #ssh: SshServer;
  readonly #sessions = new Set<SshSession>();
  readonly #signingOn = new Set<Socket>();
  /** By the client's port: the library tells of a connection when its identification has come. */
  readonly #expected = new Map<number, (connection: Connection, info: ClientInfo) => void>();
  #stopped = false;
  #cleanUp: () => void = () => undefined;

  private constructor(options: SshListenerOptions) {
    this.#options = options;
    this.#ssh = new ssh2.Server({ hostKeys: [options.hostKey.privateKey], algorithms: listenerAlgorithms(), ident: 'Sallyport', keepaliveInterval: PING_MS, keepaliveCountMax: Number.MAX_SAFE_INTEGER });
    this.#ssh.on('connection', (connection, info) => this.#expected.get(info.port)?.(connection, info));
    this.#tcp = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** @throws EnvironmentError when the port is taken. */
  static async start(options: SshListenerOptions, port: number): Promise<SshListener> {
    const listener = new SshListener(options);
    await new Promise<void>((resolve, reject) => {
      listener.#tcp.once('error', (error) => reject(new EnvironmentError('env.io', `port ${port} on 127.0.0.1 cannot be opened: ${error.message}`, { cause: error })));
      listener.#tcp.listen({ host: '127.0.0.1', port, exclusive: true }, resolve);
    });
    return listener;
  }

  get target(): Target {
    return this.#options.target;
  }

  get port(): number {
    const address = this.#tcp.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  get sessions(): readonly SshSession[] {
    return [...this.#sessions];
  }

  usePolicy(policy: ListenerPolicy, endRunning?: string): void {
    this.#options = { ...this.#options, engine: policy.engine, detectors: policy.detectors, openRecording: (client, onFailure) => policy.openRecording(client, onFailure) };
    if (endRunning !== undefined) for (const session of this.#sessions) session.fail(new EnvironmentError('env.cancelled', endRunning));
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    socket.setKeepAlive(true, limits.keepAliveMs);
    const address = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    if (this.#stopped || this.#signingOn.size >= limits.signOnsPerListener || this.#sessions.size >= limits.sessionsPerListener) {
      this.#refused(address, 'too many connections to this endpoint');
      socket.destroy();
      return;
    }
    this.#signingOn.add(socket);
    const timer = setTimeout(() => {
      this.#refused(address, 'the client took too long to sign on');
      socket.destroy();
    }, limits.authTimeoutMs);
    const over = (): void => {
      clearTimeout(timer);
      this.#signingOn.delete(socket);
    };
    socket.once('close', over);
    const port = socket.remotePort ?? 0;
    this.#expected.set(port, (connection, info) => this.#signOn(connection, info, address, over));
    socket.once('close', () => this.#expected.delete(port));
    this.#ssh.injectSocket(coalesced(socket));
  }

  #signOn(connection: Connection, info: ClientInfo, address: string, over: () => void): void {
    let tries = 0;
    let offered = '';
    let signedOn: SshAccount | undefined;
    let compress = false;
    connection.on('error', () => undefined);
    connection.on('handshake', (negotiated) => {
      compress = negotiated.cs.compress !== 'none';
    });
    connection.on('authentication', (attempt) => {
      const account = this.#accountOf(attempt);
      if (account) {
        if (attempt.method === 'publickey' && attempt.signature !== undefined) signedOn = account;
        attempt.accept();
        return;
      }
      if (attempt.method === 'publickey') offered = fingerprint(attempt.key.data);
      if (++tries > MAX_TRIES) connection.end();
      else attempt.reject(['publickey']);
    });
    connection.once('close', () => {
      if (signedOn === undefined && !this.#stopped) this.#refused(address, offered === '' ? 'the client offered no key of this endpoint' : `the client offered the key ${offered}, which is not this endpoint's`);
    });
    connection.once('ready', () => {
      over();
      if (signedOn === undefined || this.#stopped) connection.end();
      else this.#open(connection, signedOn, { program: info.header.identRaw.slice(0, 255), compress, address });
    });
  }

  /** The account whose key made this signature; for a question whether a key would do, the account alone. */
  #accountOf(attempt: AuthContext): SshAccount | undefined {
    if (attempt.method !== 'publickey') return undefined;
    const account = this.#options.accounts.find((a) => a.user === attempt.username && sameKey(a.blob, attempt.key.data));
    if (account === undefined || attempt.signature === undefined) return account;
    const key = parsed(attempt.key.data);
    return key !== undefined && attempt.blob !== undefined && verified(key.verify(attempt.blob, attempt.signature, attempt.hashAlgo)) ? account : undefined;
  }

  #open(connection: Connection, account: SshAccount, { program, compress, address }: { program: string; compress: boolean; address: string }): void {
    const options = this.#options;
    const caller: Caller = { principal: options.principal, connection: options.target.info, client: account.client, deviceId: options.deviceId };
    const session = new SshSession(
      {
        target: options.target,
        caller,
        gatekeeper: new SshGatekeeper(options.engine, caller, options.clock),
        masks: { tokenKey: randomBytes(32), detectors: options.detectors },
        control: options.control,
        clock: options.clock,
        events: options.events,
        openRecording: (onFailure) => options.openRecording({ kind: caller.client, program, address }, onFailure),
      },
      { connection, program, key: fingerprint(account.blob), compress, address },
    );
    this.#sessions.add(session);
    connection.once('close', () => void session.end('the client closed the connection').finally(() => this.#sessions.delete(session)));
  }

  #refused(address: string, reason: string): void {
    this.#options.events.emit({ event: 'auth.refused', connection: this.#options.target.info.name, reason, address });
  }

  /** What else goes when the endpoint closes. */
  onStop(cleanUp: () => void): void {
    this.#cleanUp = cleanUp;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#tcp.close();
    this.#cleanUp();
    for (const socket of this.#signingOn) socket.destroy();
    await Promise.all([...this.#sessions].map((s) => s.stop()));
  }
}

/** The library answers with an Error where a signature cannot be read. */
const verified = (answer: unknown): boolean => answer === true;
