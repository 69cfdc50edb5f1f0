/** The servers of the SSH part: one sshd, and `sallyport gateway` in front of it. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { startSshd, type Sshd } from '../src/testing/sshd.ts';
import { runGateway, STARTER } from './gateway.ts';
import type { WorkDir } from './servers.ts';

/** One way to the host that is measured. */
export interface SshRoute {
  readonly name: string;
  /** Host alias in `config`. */
  readonly host: string;
  readonly config: string;
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
}

export interface SshWorld {
  /** OpenSSH to OpenSSH, with the cipher that Sallyport's ssh_config puts first. */
  readonly direct: SshRoute;
  /** OpenSSH to OpenSSH as it is without any configuration. */
  readonly stock: SshRoute;
  /** The starter bundle on a connection labelled `env: prod`. */
  readonly sallyport: SshRoute;
  /** The same with shells, which the starter bundle refuses in production, in these modes. */
  readonly observe: SshRoute;
  readonly gate: SshRoute;
  /** The gateway's process. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** The starter bundle, with shells by label instead of none in production. */
function benchBundle(work: WorkDir): string {
  const dir = join(work.folder('bundle'), 'starter');
  cpSync(STARTER, dir, { recursive: true });
  // Its tests say which shells there are.
  rmSync(join(dir, 'tests'), { recursive: true });
  writeFileSync(join(dir, 'terminal.yaml'), 'mode: observe\nuncertain: observe\nenv: [LANG, LC_*]\nrules:\n  - { labels: { shell: gate }, mode: gate, uncertain: observe }\n');
  return dir;
}

/** A host that is reached without Sallyport, configured as Sallyport configures its own. */
function directRoute(work: WorkDir, sshd: Sshd, name: string, settings: readonly string[]): SshRoute {
  const dir = work.folder(name);
  const knownHosts = join(dir, 'known_hosts');
  writeFileSync(knownHosts, `${name} ${sshd.hostKey}\n`);
  const config = join(dir, 'config');
  const lines = [
    'HostName 127.0.0.1', `Port ${sshd.port}`, `User ${sshd.user}`, `IdentityFile ${sshd.keyFile}`, 'IdentitiesOnly yes', 'IdentityAgent none', 'PreferredAuthentications publickey',
    `HostKeyAlias ${name}`, `UserKnownHostsFile ${knownHosts}`, 'StrictHostKeyChecking yes', 'UpdateHostKeys no', ...settings,
  ];
  writeFileSync(config, `Host ${name}\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return { name, host: name, config, port: sshd.port, user: sshd.user, keyFile: sshd.keyFile };
}

const listener = z.object({ connection: z.string(), port: z.number(), user: z.string(), ssh_config: z.string(), identity_file: z.string() });

export async function startSshWorld(work: WorkDir, profile: boolean): Promise<SshWorld> {
  const sshd = await startSshd();
  try {
    const connection = (name: string, labels: Record<string, string>): Record<string, unknown> => ({
      name,
      protocol: 'ssh',
      target: { host: '127.0.0.1', port: sshd.port, host_key: sshd.hostKey },
      credentials: { user: sshd.user, private_key_file: sshd.keyFile },
      labels: { env: 'prod', ...labels },
      listen: { port: 0 },
    });
    const gateway = await runGateway(work, { bundle: benchBundle(work), connections: [connection('sallyport', {}), connection('observe', {}), connection('gate', { shell: 'gate' })], profile }, listener);
    const routes = gateway.listeners.map((l): SshRoute => ({ name: l.connection, host: l.connection, config: l.ssh_config, port: l.port, user: l.user, keyFile: l.identity_file }));
    const [sallyport, observe, gate] = routes;
    if (sallyport === undefined || observe === undefined || gate === undefined || gateway.pid === undefined) throw new Error('the gateway does not listen');
    return {
      direct: directRoute(work, sshd, 'direct', ['Ciphers ^aes128-gcm@openssh.com']),
      stock: directRoute(work, sshd, 'stock', []),
      ...{ sallyport, observe, gate, pid: gateway.pid },
      stop: async () => {
        await gateway.stop();
        await sshd.stop();
      },
    };
  } catch (error) {
    await sshd.stop();
    throw error;
  }
}

const SETTLED_SHARE = 0.05;
const SETTLED_AFTER_MS = 1_000;

/** Waits until a process that has just started does next to nothing. */
export async function settled(pid: number): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const before = cpuSeconds(pid);
    await delay(SETTLED_AFTER_MS);
    if (cpuSeconds(pid) - before < (SETTLED_SHARE * SETTLED_AFTER_MS) / 1000) return;
  }
}

/** Processor time of a process so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
