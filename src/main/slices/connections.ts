/** The targets of this person, whether they answer, and the local endpoints for native clients. */
import { connect } from 'node:net';
import { ConfigError } from '../../base/errors.ts';
import { connectionsSlice, type Connection, type Endpoint, type Health, type NativeKind } from '../../contract/ipc/connections.ts';
import type { SliceHandlers } from '../../contract/ipc/slice.ts';
import type { Target } from '../../proxy/core/ports.ts';
import type { Endpoint as AnyEndpoint, PostgresEndpoint as ProxyEndpoint } from '../../proxy/core/endpoint.ts';
import { copySecret } from '../app/clipboard.ts';
import { describeError } from '../app/log.ts';
import type { Work } from '../work/work.ts';
import type { SliceContext } from './context.ts';

const PROBE_MS = 5_000;

/** TCP only: the target is not asked for anything, so a probe leaves no trace in anybody's session list. */
export function probe(host: string, port: number): Promise<Health> {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (health: Health): void => {
      socket.destroy();
      resolve(health);
    };
    socket.setTimeout(PROBE_MS, () => end({ state: 'down', message: `no answer within ${PROBE_MS / 1000} s`, checkedMs: Date.now() }));
    socket.once('connect', () => end({ state: 'up', latencyMs: performance.now() - began, checkedMs: Date.now() }));
    socket.once('error', (error) => end({ state: 'down', message: error.message, checkedMs: Date.now() }));
  });
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Texts for native clients. The password is the endpoint's own and opens nothing else. */
export function endpointTexts(e: ProxyEndpoint, sessions: number): Endpoint {
  const { host, port, user, password, database, url } = e;
  return {
    ...{ host, port, user, password, database, url, sessions },
    psql: `PGPASSWORD=${quote(password)} psql -h ${host} -p ${port} -U ${quote(user)} -d ${quote(database)}`,
    pgService: `[${e.connection}]\nhost=${host}\nport=${port}\nuser=${user}\npassword=${password}\ndbname=${database}\n`,
    env: `export PGHOST=${host}\nexport PGPORT=${port}\nexport PGUSER=${quote(user)}\nexport PGPASSWORD=${quote(password)}\nexport PGDATABASE=${quote(database)}\n`,
  };
}

/** Texts for clients of databases only. @throws ConfigError */
function database(endpoint: AnyEndpoint): ProxyEndpoint {
  if (endpoint.protocol !== 'postgres') throw new ConfigError(`connection "${endpoint.connection}" is no database`);
  return endpoint;
}

const textOf = (e: Endpoint, kind: NativeKind): string => ({ psql: e.psql, url: e.url, pg_service: e.pgService, env: e.env, password: e.password })[kind];

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
  const opened = async (name: string): Promise<Endpoint> => {
    const work = context.need();
    const endpoint = endpointTexts(database(await work.runtime.openEndpoint(name)), work.runtime.sessionsOf(name));
    changed();
    return endpoint;
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
      const endpoint = await opened(name);
      // Every form holds the endpoint's password.
      await copySecret(textOf(endpoint, kind));
      return endpoint;
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
  };
}
