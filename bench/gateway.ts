import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { startProcess } from '../src/testing/process.ts';
import type { Endpoint, Route, WorkDir } from './servers.ts';

const root = join(import.meta.dirname, '..');
export const STARTER: string = join(root, 'resources', 'bundles', 'starter');

export interface GatewaySettings {
  /** Directory of the bundle. */
  readonly bundle: string;
  /** As in gateway.yaml. */
  readonly connections: readonly Readonly<Record<string, unknown>>[];
  /** Leave a CPU profile in artifacts/profile when it ends. */
  readonly profile: boolean;
}

export interface RunningGateway<T> {
  /** One for each connection, in their order. */
  readonly listeners: readonly T[];
  readonly pid: number | undefined;
  readonly stop: () => Promise<unknown>;
}

/**
 * The gateway as people run it: decisions, masking, recording and upload to an embedded store, all on.
 * @param listener what a listener of the ready line looks like
 * @throws Error when the command has not been built or does not get ready
 */
export async function runGateway<T>(work: WorkDir, { bundle, connections, profile }: GatewaySettings, listener: z.ZodType<T>): Promise<RunningGateway<T>> {
  const command = process.env['SALLYPORT_COMMAND'] ?? join(root, 'dist', 'cli', 'sallyport.mjs');
  if (!existsSync(command)) throw new Error('the command is not built; run npm run build');
  const folder = work.folder('gateway');
  const config = join(folder, 'gateway.yaml');
  writeFileSync(config, stringify({ data_dir: join(folder, 'data'), store: 'embedded', identity: { dev: { subject: 'alice@example.com', groups: ['engineering'] } }, bundle, connections }), { mode: 0o600 });
  const gateway = startProcess(process.execPath, [...(profile ? ['--cpu-prof', '--cpu-prof-dir', join(root, 'artifacts', 'profile')] : []), command, 'gateway', '--config', config], { cwd: folder });
  const readyLine = z.object({ event: z.literal('ready'), listeners: z.array(listener).length(connections.length) });
  const ready = await gateway.waitForLine((line) => {
    try {
      return readyLine.safeParse(JSON.parse(line)).data;
    } catch {
      return undefined;
    }
  }, 120_000);
  return { listeners: ready.listeners, pid: gateway.pid, stop: () => gateway.stop(30_000) };
}

const postgresListener = z.object({ host: z.string(), port: z.number(), user: z.string(), password: z.string(), database: z.string() });

/** A gateway with the starter bundle in front of a database. @param profile see `GatewaySettings` */
export async function startGateway(work: WorkDir, target: Endpoint, profile: boolean): Promise<Route> {
  const connection = {
    name: 'bench',
    protocol: 'postgres',
    target: { host: target.host, port: target.port, database: target.database, tls: 'disable' },
    credentials: { user: target.user, password: target.password },
    labels: { env: 'prod' },
    listen: { port: 0 },
  };
  const { listeners, pid, stop } = await runGateway(work, { bundle: STARTER, connections: [connection], profile }, postgresListener);
  const endpoint = listeners[0];
  if (endpoint === undefined) throw new Error('the gateway has no listener');
  return { name: 'sallyport', endpoint, pid, stop };
}
