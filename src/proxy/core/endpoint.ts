/** What every protocol's local endpoint has in common: what the runtime starts, asks and stops. */
import type { EnvironmentError } from '../../base/errors.ts';
import type { SessionRecorder } from '../../evidence/write.ts';
import type { DetectorSet } from '../../policy/mask/index.ts';
import type { ConnectionInfo, PolicyEngine, Principal } from '../../policy/types.ts';
import type { Target } from './ports.ts';

/** Who asks, over which connection. */
export interface Caller {
  readonly principal: Principal;
  readonly connection: ConnectionInfo;
  readonly client: 'app' | 'native' | 'agent';
  readonly deviceId: string;
}

/** What decides sessions, and their recordings, which name it: both change at once or not at all. */
export interface ListenerPolicy {
  readonly engine: PolicyEngine;
  readonly detectors: DetectorSet;
  openRecording(client: { kind: Caller['client']; program: string; address: string }, onFailure: (error: EnvironmentError) => void): Promise<SessionRecorder>;
}

/** An open local endpoint. */
export interface Listener {
  readonly target: Target;
  readonly port: number;
  readonly sessions: readonly unknown[];
  /** Sessions that open from now on are decided by `policy`. @param endRunning why those that are open end; absent, they go on as they began */
  usePolicy(policy: ListenerPolicy, endRunning?: string): void;
  /** Ends its sessions and closes their recordings. */
  stop(): Promise<void>;
}

interface CommonEndpoint {
  readonly connection: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** The password is this endpoint's own and is gone when the process ends. */
export interface PostgresEndpoint extends CommonEndpoint {
  readonly protocol: 'postgres';
  readonly password: string;
  readonly database: string;
  readonly url: string;
}

/** The identity is this endpoint's own: the file goes when the endpoint closes, and the key opens nothing afterwards. */
export interface SshEndpoint extends CommonEndpoint {
  readonly protocol: 'ssh';
  /** To be included in ~/.ssh/config, or given to `ssh -F`: the connection's name is then a host. */
  readonly ssh_config: string;
  readonly identity_file: string;
}

export type Endpoint = PostgresEndpoint | SshEndpoint;

/** Protocols that this version serves. */
export const isServed = (protocol: string): protocol is Endpoint['protocol'] => protocol === 'postgres' || protocol === 'ssh';
