/**
 * The proxy as one object: endpoints, sessions, recordings and their upload for one signed-in person on one device.
 * The app, the gateway and the tests start the same thing. It knows nothing of windows.
 */
import './v8-flags.ts';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock, systemRandom, type Clock } from '../../base/clock.ts';
import { BugError, ConfigError, EnvironmentError } from '../../base/errors.ts';
import { parseSessionId, uuidv7 } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import { lockDirectory } from '../../evidence/lock.ts';
import { bytesUnder, SpoolMeter } from '../../evidence/spool-budget.ts';
import type { PublicKeyRef, TufVersions } from '../../evidence/types.ts';
import { DeviceLedger } from '../../evidence/write-ledger.ts';
import { SessionRecorder } from '../../evidence/write.ts';
import { createDetectors, type DetectorSet } from '../../policy/mask/index.ts';
import { initParser } from '../../policy/parse.ts';
import type { PolicyEngine, RecordLevel } from '../../policy/types.ts';
import type { PgListener } from '../postgres/listener.ts';
import { openPostgres, type OpenPostgres } from '../postgres/open.ts';
import type { OpenSsh } from '../ssh/open.ts';
import type { Device } from './device.ts';
import type { Endpoint, ListenerPolicy } from './endpoint.ts';
import { ProxyEvents } from './events.ts';
import type { Opening } from './opening.ts';
import { StickyPorts } from './ports-file.ts';
import type { ControlPlane, Credential, SignedInIdentity, Target } from './ports.ts';
import { Uploader } from './uploader.ts';

/** What decides sessions from the moment it is given to the runtime. */
export interface PolicyInForce {
  readonly engine: PolicyEngine;
  /** Versions of the signed metadata that it came by; absent for a source directory. */
  readonly tuf?: TufVersions;
  /** Set when only break-glass is left, and why. */
  readonly breakGlass?: string;
}

export interface RuntimeOptions {
  /** `recordings/` and `ports.json` are made in it. */
  readonly dataDir: string;
  readonly control: ControlPlane;
  readonly device: Device;
  readonly identity: SignedInIdentity;
  readonly policy: PolicyInForce;
  /** First part of checkpoint origins: the store's name, without spaces or plus signs. */
  readonly storeName: string;
  readonly build: string;
  readonly client: 'native' | 'agent';
  readonly clock?: Clock;
  /** Keys whose upload receipts count. */
  receiptKeys(): Promise<readonly PublicKeyRef[]>;
  /** Bound on recordings that the store has not receipted, in bytes. */
  readonly spoolBytes?: number;
}

type Open = OpenPostgres | OpenSsh;

export class ProxyRuntime {
  readonly events = new ProxyEvents();
  readonly recordingsDir: string;
  readonly uploader: Uploader;
  readonly spool: SpoolMeter;
  readonly #options: RuntimeOptions;
  readonly #clock: Clock;
  readonly #ledger: DeviceLedger;
  readonly #ports: StickyPorts;
  #policy: PolicyInForce;
  #detectors: DetectorSet;
  readonly #open = new Map<string, Open>();
  readonly #opening = new Map<string, Promise<Open>>();
  readonly #leases = new Map<string, Promise<Credential>>();
  #targets: readonly Target[] = [];
  #unlock: () => Promise<void> = () => Promise.resolve();

  private constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.recordingsDir = path.join(options.dataDir, 'recordings');
    mkdirSync(this.recordingsDir, { recursive: true, mode: 0o700 });
    this.#ledger = DeviceLedger.open(this.recordingsDir, options.device.id);
    this.#ports = new StickyPorts(path.join(options.dataDir, 'ports.json'));
    this.#policy = options.policy;
    this.#detectors = createDetectors(options.policy.engine.classes);
    this.spool = new SpoolMeter(options.spoolBytes ?? limits.spoolBytes, bytesUnder(this.recordingsDir));
    this.uploader = new Uploader({ dir: this.recordingsDir, control: options.control, device: options.device, clock: this.#clock, events: this.events, spool: this.spool, bootId, receiptKeys: () => options.receiptKeys() });
    this.events.on((e) => {
      if (e.event === 'session.closed') this.uploader.finished(e.session_id);
    });
  }

  /** Recovers what a crash left, starts uploading, and reads the targets. @throws ConfigError, EnvironmentError */
  static async start(options: RuntimeOptions): Promise<ProxyRuntime> {
    await initParser();
    const unlock = await lockDirectory(path.join(options.dataDir, 'recordings'));
    try {
      const runtime = new ProxyRuntime(options);
      runtime.#unlock = unlock;
      await runtime.uploader.start();
      await runtime.refreshTargets();
      return runtime;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  get engine(): PolicyEngine {
    return this.#policy.engine;
  }

  get policy(): PolicyInForce {
    return this.#policy;
  }

  /**
   * Swaps the policy in one step: a session is decided from its first byte to its last by one engine, and its recording
   * names that engine's bundle. @param endRunning why open sessions end; absent, they go on by the policy they began with
   */
  usePolicy(policy: PolicyInForce, endRunning?: string): void {
    this.#policy = policy;
    this.#detectors = createDetectors(policy.engine.classes);
    for (const { listener } of this.#open.values()) listener.usePolicy(this.#listenerPolicy(listener.target), endRunning);
  }

  async refreshTargets(): Promise<readonly Target[]> {
    this.#targets = await this.#options.control.targets();
    return this.#targets;
  }

  get targets(): readonly Target[] {
    return this.#targets;
  }

  get openSessions(): number {
    return [...this.#open.values()].reduce((n, o) => n + o.listener.sessions.length, 0);
  }

  sessionsOf(connection: string): number {
    return this.#open.get(connection)?.listener.sessions.length ?? 0;
  }

  endpointOf(connection: string): Endpoint | undefined {
    return this.#open.get(connection)?.endpoint;
  }

  /** Opens the connection's endpoint, or gives the one that is open. `port` 0 keeps the port of last time. */
  async openEndpoint(connection: string, port = 0): Promise<Endpoint> {
    return (await this.#ensureOpen(connection, port)).endpoint;
  }

  /** Where the app's own workbench signs on: the same listener, a secret of its own, so that policy sees the app. */
  async openForApp(connection: string): Promise<{ host: string; port: number; user: string; password: string; database: string }> {
    const { endpoint, app } = await this.#postgres(connection);
    return { host: endpoint.host, port: endpoint.port, user: app.user, password: app.password, database: endpoint.database };
  }

  /** Where the app's own terminal signs on: as `openForApp`, with a key. */
  async openSshForApp(connection: string): Promise<{ host: string; port: number } & OpenSsh['app']> {
    const open = await this.#ensureOpen(connection, 0);
    if (open.protocol !== 'ssh') throw new ConfigError(`connection "${connection}" is no SSH connection`);
    return { host: open.endpoint.host, port: open.endpoint.port, ...open.app };
  }

  async listenerOf(connection: string): Promise<PgListener> {
    return (await this.#postgres(connection)).listener;
  }

  async #postgres(connection: string): Promise<OpenPostgres> {
    const open = await this.#ensureOpen(connection, 0);
    if (open.protocol !== 'postgres') throw new ConfigError(`connection "${connection}" is no database`);
    return open;
  }

  #ensureOpen(connection: string, port: number): Promise<Open> {
    const open = this.#open.get(connection);
    if (open) return Promise.resolve(open);
    const opening = this.#opening.get(connection) ?? this.#start(connection, port).finally(() => this.#opening.delete(connection));
    this.#opening.set(connection, opening);
    return opening;
  }

  async #start(connection: string, port: number): Promise<Open> {
    const target = this.#targets.find((t) => t.info.name === connection);
    if (!target) throw new ConfigError(`there is no connection "${connection}" for you`, { fix: 'see the list of connections' });
    const opened = await this.#openProtocol(this.#howToOpen(target, port));
    this.#ports.remember(connection, opened.listener.port);
    this.#open.set(connection, opened);
    // The policy may have been swapped while the port was being opened.
    opened.listener.usePolicy(this.#listenerPolicy(target));
    return opened;
  }

  async #openProtocol(opening: Opening): Promise<Open> {
    const { name, protocol } = opening.target.info;
    switch (protocol) {
      case 'postgres':
        return openPostgres(opening, () => this.#catalogLease(name));
      case 'ssh':
        // Its libraries are loaded when the first connection of this kind opens.
        return (await import('../ssh/open.ts')).openSsh(opening);
      default:
        throw new ConfigError(`connection "${name}" speaks ${protocol}, which this version does not serve`);
    }
  }

  #howToOpen(target: Target, port: number): Opening {
    const { control, device, identity, client, dataDir } = this.#options;
    return {
      ...{ target, client, dataDir },
      user: localUser(identity.principal.subject),
      policy: this.#listenerPolicy(target),
      shared: { principal: identity.principal, deviceId: device.id, control, clock: this.#clock, events: this.events },
      onPort: (start) => {
        if (port !== 0) return start(port);
        const sticky = this.#ports.get(target.info.name);
        // The port of last time may be taken by now: any other is better than none.
        return sticky === 0 ? start(0) : start(sticky).catch(() => start(0));
      },
    };
  }

  #listenerPolicy(target: Target): ListenerPolicy {
    const policy = this.#policy;
    return { engine: policy.engine, detectors: this.#detectors, openRecording: (by, onFailure) => this.#record(policy, target, by, onFailure) };
  }

  /** Kept for the life of the process: sessions that are open go on while the store is away. */
  #catalogLease(connection: string): Promise<Credential> {
    const lease = this.#leases.get(connection) ?? this.#options.control.lease(connection, parseSessionId(uuidv7(this.#clock.nowMs(), systemRandom.bytes(10))));
    this.#leases.set(connection, lease);
    lease.catch(() => this.#leases.delete(connection));
    return lease;
  }

  async #record(policy: PolicyInForce, target: Target, client: { kind: 'app' | 'native' | 'agent'; program: string; address: string }, onFailure: (error: EnvironmentError) => void): Promise<SessionRecorder> {
    const { identity, device, storeName, build } = this.#options;
    const { engine, tuf } = policy;
    if (this.#clock.nowMs() >= identity.expiresMs) throw new EnvironmentError('env.cancelled', 'your sign-in has expired: sign in again');
    const { principal } = identity;
    const recorder = await SessionRecorder.open({
      dir: this.recordingsDir,
      store: storeName,
      open: {
        user: { iss: principal.issuer, sub: principal.subject, name: principal.name, groups: [...principal.groups], id_token_sha256: identity.idTokenSha256 },
        policy: { bundle_sha256: engine.digest.replace('sha256:', ''), name: engine.name, serial: engine.serial, ...(tuf === undefined ? {} : { tuf }) },
        target: { connection: target.info.name, protocol: target.info.protocol, host: target.host, port: target.port, database: target.info.database, labels: target.info.labels },
        client,
        proxy_build: build,
        boot_id: bootId,
        recording_level: 'masked' satisfies RecordLevel,
      },
      device: device.signer,
      clock: this.#clock,
      random: systemRandom,
      onFailure,
      spool: this.spool,
      ledger: this.#ledger,
    });
    if (policy.breakGlass !== undefined) {
      recorder.append({ kind: 'session.note', fields: [{ name: 'text', value: `break-glass: ${policy.breakGlass}` }] });
      this.events.emit({ event: 'session.break_glass', session_id: recorder.sessionId, connection: target.info.name, reason: policy.breakGlass });
    }
    this.uploader.watch(recorder);
    return recorder;
  }

  async closeEndpoint(connection: string): Promise<void> {
    const open = this.#open.get(connection);
    this.#open.delete(connection);
    await open?.listener.stop();
  }

  /** Ends sessions, closes their recordings and gives the upload a moment. What is left is sent at the next start. */
  async stop(): Promise<void> {
    const open = [...this.#open.keys()];
    await Promise.all(open.map((name) => this.closeEndpoint(name)));
    await this.uploader.stop();
    await this.#unlock();
  }
}

/** Tells recordings before and after a restart of the machine apart. */
const bootId = ((): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
})();

/** A short name for connection strings: the part before the @, letters and digits. */
export function localUser(subject: string): string {
  const name = (subject.split('@')[0] ?? '').toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  if (name.length > 63) throw new BugError('the subject is too long for a user name');
  return name === '' ? 'user' : name;
}
