/** `sallyport gateway` in front of a real sshd, and the stock clients that go through it. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bundleDir, TestGateway, type GatewayEvent } from './gateway.ts';
import { bundleFiles } from './policy.ts';
import type { PostgresServer } from './postgres-server.ts';
import { runProcess, type ProcessResult, type RunOptions } from './process.ts';
import type { Sshd } from './sshd.ts';

/** Everything is allowed but what names `forbidden`; what names `askfirst` waits for a dba. Connections labelled shell=MODE have that mode. */
const POLICIES = `
@id("all")
permit(principal, action, resource);
@id("all-remote")
permit(principal, action in [Action::"ssh:remote_forward", Action::"ssh:agent_forward"], resource);
@id("no-forbidden-program")
@reason("this program is not run here")
forbid(principal, action == Action::"ssh:exec", resource) when { context.programs.contains("forbidden") };
@id("no-forbidden-file")
@reason("this file is not for you")
forbid(principal, action in Action::"ssh:files", resource is File) when { resource.name like "forbidden*" };
@id("no-port-one")
@reason("this port is not for you")
forbid(principal, action == Action::"ssh:forward", resource is Endpoint) when { resource.port == 1 };
@id("no-port-two")
@reason("no listener here")
forbid(principal, action == Action::"ssh:remote_forward", resource is Endpoint) when { resource.port == 2 };
@id("ask-first-port-three")
@reason("somebody else looks first")
@approve("dba")
forbid(principal, action == Action::"ssh:remote_forward", resource is Endpoint) when { resource.port == 3 } unless { context.approved };
@id("no-agent")
@reason("the agent stays at home")
forbid(principal, action == Action::"ssh:agent_forward", resource in Label::"agent=no");
@id("ask-first-agent")
@reason("somebody else looks first")
@approve("dba")
forbid(principal, action == Action::"ssh:agent_forward", resource in Label::"agent=ask") unless { context.approved };
@id("ask-first")
@reason("somebody else looks first")
@approve("dba")
forbid(principal, action == Action::"ssh:exec", resource) when { context.programs.contains("askfirst") } unless { context.approved };
@id("ask-first-file")
@reason("somebody else looks first")
@approve("dba")
forbid(principal, action in Action::"ssh:files", resource is File) when { resource.name like "askfirst*" } unless { context.approved };
@id("approves")
permit(principal in Group::"dba", action == Action::"approve", resource);
`;
const TERMINAL = 'mode: observe\nuncertain: deny\nenv: [LANG, LC_*]\nrules:\n  - { labels: { shell: gate }, mode: gate, uncertain: deny }\n  - { labels: { shell: command }, mode: command, uncertain: deny }\n';

export function sshBundle(changes: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-ssh-bundle-'));
  for (const [name, bytes] of bundleFiles({ 'policies/main.cedar': POLICIES, 'terminal.yaml': TERMINAL, ...changes })) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), bytes);
  }
  return dir;
}

/** The same, with the data classes of the starter bundle, whose detectors mask. */
export const maskingBundle = (): string =>
  sshBundle({
    'classification.yaml': readFileSync(path.join(bundleDir('starter'), 'classification.yaml'), 'utf8'),
    'policies/unmask.cedar': '@id("nothing-in-clear")\n@reason("values stay hidden")\nforbid(principal, action == Action::"unmask", resource);\n',
  });

export interface SshConnection {
  readonly name: string;
  readonly port?: number;
  readonly hostKey?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly credentials?: Readonly<Record<string, string>>;
}

export interface SshListener {
  readonly connection: string;
  readonly port: number;
  readonly user: string;
  readonly ssh_config: string;
  readonly identity_file: string;
}

export class SshWorld {
  readonly gateway: TestGateway;

  private constructor(gateway: TestGateway) {
    this.gateway = gateway;
  }

  static async start(sshd: Sshd, connections: readonly SshConnection[], o: { bundle?: string; groups?: readonly string[] } = {}): Promise<SshWorld> {
    const config = {
      connections: connections.map((c) => ({
        name: c.name,
        protocol: 'ssh',
        target: { host: '127.0.0.1', port: c.port ?? sshd.port, host_key: c.hostKey ?? sshd.hostKey },
        credentials: c.credentials ?? { user: sshd.user, private_key_file: sshd.keyFile },
        labels: c.labels ?? {},
        listen: { port: 0 },
      })),
    };
    // The database server of this gateway is never connected to.
    const server = { host: '127.0.0.1', port: 1 } as PostgresServer;
    return new SshWorld(await TestGateway.start({ server, bundle: o.bundle ?? sshBundle(), groups: o.groups ?? ['engineering'], config }));
  }

  listener(connection: string): SshListener {
    return this.gateway.listener(connection) as unknown as SshListener;
  }

  /** `ssh` with the generated configuration. */
  ssh(connection: string, args: readonly string[], options: RunOptions = {}): Promise<ProcessResult> {
    return this.run('ssh', ['-F', this.listener(connection).ssh_config, ...args], options);
  }

  run(program: string, args: readonly string[], options: RunOptions = {}): Promise<ProcessResult> {
    return runProcess(program, args, { env: { PATH: process.env['PATH'] ?? '', HOME: this.gateway.dir, LC_ALL: 'C.UTF-8' }, ...options });
  }

  /** The command line that other programs (rsync, git) are told to use. */
  command(connection: string): string {
    return `ssh -F ${this.listener(connection).ssh_config}`;
  }

  events(name: string): readonly GatewayEvent[] {
    return this.gateway.events.filter((e) => e.event === name);
  }

  stop(): Promise<void> {
    return this.gateway.stop();
  }
}
