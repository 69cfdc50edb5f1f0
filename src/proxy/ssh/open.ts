/** Opens the local endpoint of an SSH connection. */
import path from 'node:path';
import type { SshEndpoint } from '../core/endpoint.ts';
import type { Opening } from '../core/opening.ts';
import { ownHostKey, PinnedKeys } from './host-keys.ts';
import { sessionKey, writeIdentity } from './identity.ts';
import { SshListener } from './listener.ts';

export interface OpenSsh {
  readonly protocol: 'ssh';
  readonly endpoint: SshEndpoint;
  readonly listener: SshListener;
  /** For the app's own terminal: it signs on with a key that is in no file. */
  readonly app: { readonly user: string; readonly privateKey: string; readonly hostKey: string };
}

/** @throws EnvironmentError when the port is taken; ConfigError for a target without a host key, or a damaged key of our own */
export async function openSsh(o: Opening): Promise<OpenSsh> {
  const { target, user } = o;
  const connection = target.info.name;
  // A target whose key nobody registered is refused before anything opens.
  new PinnedKeys(connection, target.hostKeys ?? []);
  const hostKey = ownHostKey(o.dataDir);
  const native = sessionKey();
  const inApp = sessionKey();
  const app = { user: `${user}.app`, privateKey: inApp.privateKey, hostKey: hostKey.publicKey };
  const accounts = [
    { user, client: o.client, blob: native.blob },
    { user: app.user, client: 'app' as const, blob: inApp.blob },
  ];
  const listener = await o.onPort((port) => SshListener.start({ ...o.shared, target, accounts, hostKey, ...o.policy }, port));
  const files = writeIdentity({ dir: path.join(o.dataDir, 'run'), connection, port: listener.port, user, key: native, hostKey: hostKey.publicKey });
  listener.onStop(() => files.remove());
  return { protocol: 'ssh', endpoint: { connection, protocol: 'ssh', host: '127.0.0.1', port: listener.port, user, ssh_config: files.ssh_config, identity_file: files.identity_file }, listener, app };
}
