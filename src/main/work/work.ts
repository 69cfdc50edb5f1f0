/** What exists while a person is signed in: their store session, their device, the proxy, and the active policy. */
import type { SignedInIdentity } from '../../proxy/core/ports.ts';
import type { ProxyRuntime } from '../../proxy/core/runtime.ts';
import type { StoreClient } from '../../proxy/core/store-client.ts';
import type { Device } from '../../proxy/core/device.ts';
import type { BundleFiles } from '../../policy/bundle/files.ts';
import type { CompiledBundle } from '../../policy/bundle/load.ts';
import type { UpdaterStatus } from '../../proxy/core/bundle-updater.ts';
import type { PolicyEngine } from '../../policy/types.ts';

export interface ActiveBundle {
  readonly engine: PolicyEngine;
  /** The files as they were read at activation: a change on disk does not show up as the active policy. */
  readonly files: BundleFiles;
  /** As it was compiled when it was admitted. */
  readonly compiled: CompiledBundle;
  readonly activatedMs: number;
  /** How it came here; undefined for a source directory. */
  readonly distribution: UpdaterStatus | undefined;
}

export interface Work {
  readonly client: StoreClient;
  readonly identity: SignedInIdentity;
  readonly device: Device;
  readonly keyProtection: 'os' | 'memory';
  readonly runtime: ProxyRuntime;
  /** What decides at this moment. */
  readonly bundle: ActiveBundle;
  /** The person's own folder: history, and the device key where it is kept. */
  readonly personDir: string;
  /** Ends when the work ends. */
  readonly signal: AbortSignal;
  /** Looks at the store's policy now. Never throws: what came of it is in `bundle`. */
  checkPolicy(): Promise<void>;
  /** Ends sessions, closes recordings, uploads for a bounded time, ends the store session. Never throws. */
  stop(): Promise<void>;
}
