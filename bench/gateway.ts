import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { startProcess } from '../src/testing/process.ts';
import type { Endpoint, Route, WorkDir } from './servers.ts';

const root = join(import.meta.dirname, '..');

const readyLine = z.object({
  event: z.literal('ready'),
  listeners: z.array(z.object({ connection: z.string(), host: z.string(), port: z.number(), user: z.string(), password: z.string(), database: z.string() })).min(1),
});

function parseReady(line: string): z.infer<typeof readyLine> | undefined {
  try {
    return readyLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/**
 * The gateway as people run it: the starter bundle, masking, recording and upload to an embedded store, all on.
 * @param profile leave a CPU profile in artifacts/profile when it ends
 * @throws Error when the command has not been built or does not get ready
 */
export async function startGateway(work: WorkDir, target: Endpoint, profile: boolean): Promise<Route> {
  const command = join(root, 'dist', 'cli', 'sallyport.mjs');
  if (!existsSync(command)) throw new Error('the command is not built; run npm run build');
  const folder = work.folder('gateway');
  const config = join(folder, 'gateway.yaml');
  writeFileSync(config, stringify({
    data_dir: join(folder, 'data'),
    store: 'embedded',
    identity: { dev: { subject: 'alice@example.com', groups: ['engineering'] } },
    bundle: join(root, 'resources', 'bundles', 'starter'),
    connections: [{
      name: 'bench',
      protocol: 'postgres',
      target: { host: target.host, port: target.port, database: target.database, tls: 'disable' },
      credentials: { user: target.user, password: target.password },
      labels: { env: 'prod' },
      listen: { port: 0 },
    }],
  }), { mode: 0o600 });
  const gateway = startProcess(process.execPath, [...(profile ? ['--cpu-prof', '--cpu-prof-dir', join(root, 'artifacts', 'profile')] : []), command, 'gateway', '--config', config], { cwd: folder });
  const ready = await gateway.waitForLine(parseReady, 120_000);
  const listener = ready.listeners[0];
  if (listener === undefined) throw new Error('the gateway has no listener');
  const { host, port, user, password, database } = listener;
  return { name: 'sallyport', endpoint: { host, port, user, password, database }, pid: gateway.pid, stop: () => gateway.stop(30_000) };
}
