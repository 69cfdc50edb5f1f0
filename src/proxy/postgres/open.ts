/** Opens the local endpoint of a PostgreSQL connection. */
import { randomBytes } from 'node:crypto';
import type { PostgresEndpoint } from '../core/endpoint.ts';
import type { Opening } from '../core/opening.ts';
import type { ControlPlane } from '../core/ports.ts';
import { listenerAccount } from './accept.ts';
import { PgListener } from './listener.ts';

export interface OpenPostgres {
  readonly protocol: 'postgres';
  readonly endpoint: PostgresEndpoint;
  readonly listener: PgListener;
  /** For the app's own workbench. */
  readonly app: { readonly user: string; readonly password: string };
}

/** @param leaseOwn lease for the proxy's own catalog connection @throws EnvironmentError when the port is taken */
export async function openPostgres(o: Opening, leaseOwn: () => ReturnType<ControlPlane['lease']>): Promise<OpenPostgres> {
  const { target, user } = o;
  const password = randomBytes(24).toString('base64url');
  const app = { user: `${user}.app`, password: randomBytes(24).toString('base64url') };
  const accounts = [listenerAccount(user, password, o.client), listenerAccount(app.user, app.password, 'app')];
  const listener = await o.onPort((port) => PgListener.start({ ...o.shared, target, accounts, ...o.policy, leaseOwn }, port));
  const database = target.info.database;
  const url = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${listener.port}/${encodeURIComponent(database)}`;
  return { protocol: 'postgres', endpoint: { connection: target.info.name, protocol: 'postgres', host: '127.0.0.1', port: listener.port, user, password, database, url }, listener, app };
}
