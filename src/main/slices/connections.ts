/** The targets of this person, whether they answer, and the local endpoints for native clients. */
import { connect } from 'node:net';
import { ConfigError } from '../../base/errors.ts';
import { connectionsSlice, type Connection, type Endpoint, type Health, type NativeKind, type SshEndpoint } from '../../contract/ipc/connections.ts';
import type { SliceHandlers } from '../../contract/ipc/slice.ts';
import type { Target } from '../../proxy/core/ports.ts';
import type { PostgresEndpoint, SshEndpoint as ProxySshEndpoint } from '../../proxy/core/endpoint.ts';
import { copySecret, copyText } from '../app/clipboard.ts';
import { describeError } from '../app/log.ts';
import type { Work } from '../work/work.ts';
import type { SliceContext } from './context.ts';

const PROBE_MS = 5_000;

/** Why no connection came about, and where to look. */
const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the port is closed: nothing listens there, or a firewall refuses',
  ENOTFOUND: 'its name is not known here: check the address, or the VPN',
  EAI_AGAIN: 'its name could not be looked up: check the network or VPN',
  EHOSTUNREACH: 'there is no way to it from here: check the network or VPN',
  ENETUNREACH: 'there is no way to it from here: check the network or VPN',
  ETIMEDOUT: 'it does not answer: check the network or VPN',
};

/** TCP only: the target is not asked for anything, so a probe leaves no trace in anybody's session list. */
export function probe(host: string, port: number): Promise<Health> {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (health: Health): void => {
      socket.destroy();
      resolve(health);
    };
    socket.setTimeout(PROBE_MS, () => end({ state: 'down', message: `it does not answer within ${PROBE_MS / 1000} s: check the network or VPN`, checkedMs: Date.now() }));
    socket.once('connect', () => end({ state: 'up', latencyMs: performance.now() - began, checkedMs: Date.now() }));
    socket.once('error', (error: NodeJS.ErrnoException) => end({ state: 'down', message: unreachable[error.code ?? ''] ?? error.message, checkedMs: Date.now() }));
  });
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Texts for native clients. The password is the endpoint's own and opens nothing else. */
export function endpointTexts(e: PostgresEndpoint, sessions: number): Endpoint {
  const { host, port, user, password, database, url } = e;
  return {
    ...{ host, port, user, password, database, url, sessions },
    psql: `PGPASSWORD=${quote(password)} psql -h ${host} -p ${port} -U ${quote(user)} -d ${quote(database)}`,
    pgService: `[${e.connection}]\nhost=${host}\nport=${port}\nuser=${user}\npassword=${password}\ndbname=${database}\n`,
    env: `export PGHOST=${host}\nexport PGPORT=${port}\nexport PGUSER=${quote(user)}\nexport PGPASSWORD=${quote(password)}\nexport PGDATABASE=${quote(database)}\n`,
  };
}

/** Commands of OpenSSH; the connection's name is the host. The identity is in a file that goes with the endpoint. */
export function sshTexts({ host, port, user, connection, ssh_config: config }: ProxySshEndpoint, sessions: number): SshEndpoint {
  return { host, port, user, sessions, ssh: `ssh -F ${quote(config)} ${connection}`, sftp: `sftp -F ${quote(config)} ${connection}`, include: `Include "${config}"` };
}

/** The text, and whether the endpoint's password is in it. @throws ConfigError for a kind that the connection's protocol does not have */
function nativeText({ name, endpoint, sshEndpoint }: Connection, kind: NativeKind): { readonly text: string; readonly secret: boolean } {
  const texts: Readonly<Partial<Record<NativeKind, string>>> = {
    ...(endpoint === undefined ? {} : { psql: endpoint.psql, url: endpoint.url, pg_service: endpoint.pgService, env: endpoint.env, password: endpoint.password }),
    ...(sshEndpoint === undefined ? {} : { ssh: sshEndpoint.ssh, sftp: sshEndpoint.sftp, ssh_include: sshEndpoint.include }),
  };
  const text = texts[kind];
  if (text === undefined) throw new ConfigError(`connection "${name}" has no ${kind}`);
  return { text, secret: endpoint !== undefined };
}

export function connectionsHandlers(context: SliceContext): { handlers: SliceHandlers<typeof connectionsSlice>; changed(): void } {
  const health = new Map<string, Health>();
  const view = (work: Work): Connection[] => work.runtime.targets.map((t) => toConnection(work, t, health.get(t.info.name) ?? { state: 'unknown' }));
  const changed = (): void => context.emit(connectionsSlice, 'changed', view(context.need()));
  const probeAll = async (work: Work): Promise<void> => {
    await Promise.all(
      work.runtime.targets.map(async (t) => {
        health.set(t.info.name, { state: 'checking' });
        health.set(t.info.name, await probe(t.host, t.port));
      }),
    );
    if (!work.signal.aborted) context.emit(connectionsSlice, 'changed', view(work));
  };
  const inBackground = (work: Work): void => void probeAll(work).catch((error: unknown) => context.log.write('warning', 'probe.failed', describeError(error)));
  const probed = new WeakSet<Work>();
  const opened = async (name: string): Promise<Connection> => {
    const work = context.need();
    await work.runtime.openEndpoint(name);
    changed();
    const connection = view(work).find((c) => c.name === name);
    if (connection === undefined) throw new ConfigError(`there is no connection "${name}" for you`);
    return connection;
  };
  const handlers: SliceHandlers<typeof connectionsSlice> = {
    list: () => {
      const work = context.need();
      if (!probed.has(work)) {
        probed.add(work);
        inBackground(work);
      }
      return view(work);
    },
    refresh: async () => {
      const work = context.need();
      await work.runtime.refreshTargets();
      inBackground(work);
      return view(work);
    },
    openEndpoint: ({ name }) => opened(name),
    closeEndpoint: async ({ name }) => {
      await context.need().runtime.closeEndpoint(name);
      changed();
      return null;
    },
    copyNative: async ({ name, kind }) => {
      const connection = await opened(name);
      const { text, secret } = nativeText(connection, kind);
      await (secret ? copySecret(text) : copyText(text));
      return connection;
    },
  };
  return { handlers, changed };
}

function toConnection(work: Work, t: Target, health: Health): Connection {
  const { name, protocol, labels, database, tls } = t.info;
  const endpoint = work.runtime.endpointOf(name);
  return {
    ...{ name, protocol, labels: { ...labels }, database, tls, health, address: `${t.host}:${t.port}` },
    ...(endpoint?.protocol !== 'postgres' ? {} : { endpoint: endpointTexts(endpoint, work.runtime.sessionsOf(name)) }),
    ...(endpoint?.protocol !== 'ssh' ? {} : { sshEndpoint: sshTexts(endpoint, work.runtime.sessionsOf(name)) }),
  };
}
