/** What the auditor's pages are looked at with: a real PostgreSQL, a real store, a real gateway, and people at work. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { spawn, type IPty } from '@lydell/node-pty';
import { chromium, type Browser, type Page } from '@playwright/test';
import { z } from 'zod';
import { devAdminFile, devTokenReply } from '../src/contract/store/index.ts';
import { createStoreClient, type DeviceSigner, type StoreClient } from '../src/proxy/core/store-client.ts';
import { openDeviceFile } from '../src/proxy/core/store-client-device.ts';
import { builtCommand, gatewayConfig, type pgConnect, TestGateway } from '../src/testing/gateway.ts';
import { startPostgres } from '../src/testing/postgres-server.ts';
import { runProcess, startProcess } from '../src/testing/process.ts';
import { createShop } from '../src/testing/shop.ts';
import { startSshd, type Sshd } from '../src/testing/sshd.ts';
import { screensDir } from './fixtures.ts';

const people = [
  { subject: 'alice@example.com', name: 'Alice Berg', groups: ['engineering'] },
  { subject: 'carol@example.com', name: 'Carol Novak', groups: ['engineering', 'dba'] },
  { subject: 'ann@example.com', name: 'Ann Ruiz', groups: ['audit'] },
  { subject: 'petra@example.com', name: 'Petra Lind', groups: ['privacy'] },
  { subject: 'sam@example.com', name: 'Sam Okoro', groups: ['appsec'] },
  { subject: 'rosa@example.com', name: 'Rosa Admin', groups: ['platform'] },
];
const roles = { engineer: ['engineering'], approver: ['dba'], auditor: ['audit'], privacy_officer: ['privacy'], security: ['appsec'], admin: ['platform'] };
/** Whose machines need nobody's approval: they sign in these tests. */
const preauthorised = ['petra@example.com', 'sam@example.com'];

/** Chromium of the system's packages: the browser that Playwright would download is not needed. */
export function chromiumPath(): string {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'].find((file) => existsSync(file));
  if (found === undefined) throw new Error('no Chromium is installed: apt-get install chromium');
  return found;
}

export const startBrowser = (): Promise<Browser> => chromium.launch({ executablePath: chromiumPath(), args: ['--disable-background-networking', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])] });

export interface AuditorWorld {
  readonly url: string;
  /** Everything that the gateway and the store keep. */
  readonly dir: string;
  /** Files of the host. */
  readonly hostDir: string;
  /** Where the store keeps recordings. */
  readonly objects: string;
  /** The organisation's public keys, as they are handed to auditors. */
  readonly trustFile: string;
  /** Sessions that are closed and receipted, in the order in which they began. */
  readonly sessions: readonly string[];
  /** Signs in with a machine of their own, as app and commands do; it waits for approval unless it is preauthorised. */
  person(subject: string): Promise<StorePerson>;
  stop(): Promise<void>;
}

export interface StorePerson {
  readonly client: StoreClient;
  readonly device: DeviceSigner;
  /** A request of theirs to the store. @throws Error when it is refused */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
}

const ready = z.object({ event: z.literal('ready'), url: z.string() });

/**
 * People work through a gateway with its store inside; then the same store is started by itself, with sign-in for
 * auditors, on what the gateway has left.
 */
export async function startWorld(): Promise<AuditorWorld> {
  mkdirSync(screensDir, { recursive: true });
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const server = await startPostgres();
    undo.push(() => server.stop());
    await createShop(server, 40);
    const sshd = await startSshd();
    undo.push(() => sshd.stop());
    const connections = [
      ...z.array(z.unknown()).parse(gatewayConfig({ server })['connections']),
      { name: 'web1', protocol: 'ssh', target: { host: '127.0.0.1', port: sshd.port, host_key: sshd.hostKey }, credentials: { user: sshd.user, private_key_file: sshd.keyFile }, labels: { env: 'dev' }, listen: { port: 0 } },
    ];
    const gateway = await TestGateway.start({ server, config: { connections } });
    undo.push(() => gateway.stop());
    const sessions = await work(gateway, sshd);
    const trustFile = path.join(gateway.dataDir, 'trust.json');
    await gateway.halt();
    const config = path.join(gateway.dir, 'store.yaml');
    writeFileSync(config, JSON.stringify({ data_dir: './data', organisation: 'Example Ltd', listen: { host: '127.0.0.1', port: 0 }, dev_idp: { people }, roles, services, devices: { enrolment: 'approval', preauthorised: preauthorised.map((p) => deviceOf(gateway.dir, p).deviceId) } }), { mode: 0o600 });
    const store = startProcess(process.execPath, [await builtCommand(), 'store', '--config', config], { cwd: gateway.dir });
    undo.push(async () => {
      await store.stop();
    });
    const url = await store.waitForLine((line) => (line.startsWith('{"event":"ready"') ? ready.parse(JSON.parse(line)).url : undefined), 60_000);
    return { url, dir: gateway.dir, hostDir: sshd.dir, objects: path.join(gateway.dataDir, 'store', 'objects'), trustFile, sessions, person: (subject) => signedIn(gateway.dataDir, gateway.dir, subject), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const services = [
  { name: 'deploy', issuer: 'https://token.ci.example.com', audience: 'https://store.example.com', claims: { repository: 'example/shop', ref: 'refs/heads/*', environment: 'production' }, groups: ['ci-deploy'], minutes: 15 },
  { name: 'nightly-report', issuer: 'https://token.ci.example.com', audience: 'https://store.example.com', claims: { repository: 'example/reports' }, groups: ['ci-report'], minutes: 60 },
];

const deviceOf = (dir: string, subject: string): DeviceSigner => openDeviceFile(path.join(dir, 'machines', subject));

async function signedIn(dataDir: string, dir: string, subject: string): Promise<StorePerson> {
  const admin = devAdminFile.parse(JSON.parse(readFileSync(path.join(dataDir, 'store', 'dev-admin.json'), 'utf8')));
  const groups = people.find((p) => p.subject === subject)?.groups ?? [];
  const reply = await fetch(`${admin.url}/v1/dev/token`, { method: 'POST', headers: { 'content-type': 'application/json', 'sallyport-dev-secret': admin.secret }, body: JSON.stringify({ subject, groups }) });
  const device = deviceOf(dir, subject);
  const client = createStoreClient({ url: admin.url, device });
  const { token } = await client.signIn(devTokenReply.parse(await reply.json()).id_token);
  await client.enrolDevice(`${subject.split('@')[0] ?? ''}'s laptop`);
  const call: StorePerson['call'] = async (method, at, body) => {
    const response = await fetch(admin.url + at, { method, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${at}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return { client, device, call };
}

/** Runs a statement; that it is refused or fails is part of the day. */
const tries = (client: Awaited<ReturnType<typeof pgConnect>>, sql: string): Promise<unknown> => client.query(sql).catch(() => undefined);

/** Three sessions of Alice: one with everything in it, one quiet, and one on a host. */
async function work(gateway: TestGateway, sshd: Sshd): Promise<string[]> {
  const first = await gateway.connect('shop', { application_name: 'psql' });
  await tries(first, 'SELECT id, name, email, phone, age FROM customers ORDER BY id LIMIT 25');
  await tries(first, 'SELECT o.id, c.name, c.email, o.tags\n  FROM orders o\n  JOIN customers c ON c.id = o.customer_id\n WHERE o.id < 12\n ORDER BY o.id');
  await tries(first, 'SELECT label, n FROM plain WHERE id <= 8');
  await tries(first, 'SELECT nothing FROM customers_of_yesterday');
  await tries(first, 'DROP DATABASE shop');
  const { mark } = gateway;
  const held = tries(first, 'UPDATE plain SET n = n + 1');
  const asked = await gateway.waitEvent((e) => e.event === 'request.held', mark);
  const { refusal } = await gateway.decide('approve', String(asked['approval_id']), 'quarterly correction, ticket OPS-4711');
  if (refusal !== undefined) throw new Error(`the approval was refused: ${refusal}`);
  await held;
  await tries(first, 'SELECT count(*) FROM customers');
  await first.end();
  const second = await gateway.connect('shop', { application_name: 'nightly-report' });
  await tries(second, 'SELECT id, who, contact FROM contacts ORDER BY id LIMIT 5');
  await tries(second, 'SELECT sum(n), avg(n) FROM plain');
  await second.end();
  await onHost(gateway, sshd);
  const closed = async (count: number): Promise<string[]> => {
    const at = gateway.mark;
    const ids = gateway.events.filter((e) => e.event === 'session.closed').map((e) => String(e['session_id']));
    if (ids.length >= count) return ids;
    await gateway.waitEvent((e) => e.event === 'session.closed', at);
    return closed(count);
  };
  const sessions = await closed(3);
  await gateway.uploaded(sessions);
  return sessions;
}

/** A shell in which a list is coloured, a program has the whole screen, and the window grows; a command; a file down. One connection. */
async function onHost(gateway: TestGateway, sshd: Sshd): Promise<void> {
  writeFileSync(path.join(sshd.dir, 'release-notes.txt'), Array.from({ length: 40 }, (_, i) => `release ${i}: change ${i * 7}\n`).join(''));
  const shared = ['-F', String(Reflect.get(gateway.listener('web1'), 'ssh_config')), '-o', 'ControlMaster=auto', '-o', `ControlPath=${sshd.dir}/m`, '-o', 'ControlPersist=20'];
  const env = { PATH: process.env['PATH'] ?? '', HOME: gateway.dir, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };
  await typedShell(spawn('ssh', [...shared, 'web1'], { name: 'xterm-256color', cols: 100, rows: 28, env }), [
    `cd ${sshd.dir}; echo moved; sleep 1`,
    `printf '\\033]0;evil\\007\\033[1;32mready\\033[0m for \\033[4mthe day\\033[0m\\n'; ls --color=always`,
    // Without its directory the policy would not know what is read.
    `wc -l ${sshd.dir}/release-notes.txt`,
    `printf '\\033[?1049h\\033[2J\\033[3;5Hthe \\033[33mquarterly\\033[0m ledger\\033[7m page 1 \\033[0m'; sleep 1; printf '\\033[?1049l'`,
  ]);
  const run = async (program: string, args: readonly string[], status: number): Promise<void> => {
    const { code, stderr } = await runProcess(program, [...args], { env });
    if (code !== status) throw new Error(`${program} ended with ${code}: ${stderr}`);
  };
  await run('ssh', [...shared, 'web1', 'uname -s; echo problems >&2; exit 4'], 4);
  await run('scp', ['-q', ...shared, `web1:${sshd.dir}/release-notes.txt`, `${sshd.dir}/copy`], 0);
  await run('ssh', [...shared, '-O', 'exit', 'web1'], 0);
}

const SHELL_MS = 60_000;
/** Bash turns bracketed paste on and off around its prompts. */
const PROMPT = /[#$] $/;

/** Types lines as people do: each when the prompt is back. Leaves with status 3. */
async function typedShell(pty: IPty, lines: readonly string[]): Promise<void> {
  let shown = '';
  let seen: () => void = () => undefined;
  const ended = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
  pty.onData((text) => {
    shown += text;
    seen();
  });
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`the shell on the host does not go on: ${shown.slice(-2_000)}`)), SHELL_MS).unref();
  });
  const shows = (what: RegExp): Promise<void> =>
    Promise.race([
      new Promise<void>((resolve) => {
        seen = () => {
          if (what.test(shown.replaceAll(/.\[\?2004[hl]/g, ''))) resolve();
        };
        seen();
      }),
      late,
    ]);
  for (const line of lines) {
    await shows(PROMPT);
    shown = '';
    pty.write(`${line}\r`);
    if (!line.startsWith('cd ')) continue;
    // The window grows while a command runs: a prompt would be drawn anew, and taken for the next.
    await shows(/[\r\n]moved\r\n/);
    pty.resize(112, 30);
  }
  await shows(PROMPT);
  pty.write('exit 3\r');
  const code = await Promise.race([ended, late]);
  if (code !== 3) throw new Error(`the shell on the host ended with ${code}: ${shown}`);
}

/** Goes in by the front door: the store, its identity provider, and back to where the link led. */
export async function signIn(page: Page, url: string, at = '/', who = 'Ann Ruiz'): Promise<void> {
  await page.goto(url + at);
  await page.getByRole('link', { name: 'Continue with' }).click();
  await page.getByRole('button', { name: who }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

export const picture = (page: Page, name: string): Promise<Buffer> => page.screenshot({ path: path.join(screensDir, `${name}.png`) });
