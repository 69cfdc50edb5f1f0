/** What the terminal's specs stand on: a real sshd, a store of its own that knows it, and the app on top. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { resolveElectron } from '../scripts/electron-runtime.mjs';
import { startProcess } from '../src/testing/process.ts';
import { sshBundle } from '../src/testing/ssh-gateway.ts';
import { otherHostKey, startSshd, type Sshd } from '../src/testing/sshd.ts';
import { copyStoreTemplate } from '../src/testing/store-template.ts';
import { electronArgs, electronEnv, root, sallyport, screensDir } from './fixtures.ts';
import { Workstation } from './workstation.ts';

const people = [
  { subject: 'alice@example.com', name: 'Alice Berg', groups: ['engineering'] },
  { subject: 'carol@example.com', name: 'Carol Novak', groups: ['engineering', 'dba'] },
];

/** A shell that is the same everywhere: no start-up files, a short prompt, a home of its own. */
function shellIn(host: string, home: string): string {
  const file = path.join(host, 'shell');
  const bin = path.join(host, 'bin');
  mkdirSync(bin);
  for (const name of ['askfirst', 'forbidden']) writeFileSync(path.join(bin, name), `#!/bin/sh\necho ${name} has run\n`, { mode: 0o755 });
  const lines = [
    '#!/bin/sh',
    `export HOME='${home}' PATH='${bin}':"$PATH" PS1='$ ' HISTFILE=`,
    'cd',
    '[ -n "$SSH_ORIGINAL_COMMAND" ] || exec bash --norc --noprofile -i',
    `[ "$SSH_ORIGINAL_COMMAND" = internal-sftp ] && exec /usr/lib/openssh/sftp-server`,
    'exec bash --norc --noprofile -c "$SSH_ORIGINAL_COMMAND"',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o755 });
  return file;
}

export interface TerminalWorld {
  readonly dir: string;
  /** Where shells and files begin at the target. */
  readonly home: string;
  readonly sshd: Sshd;
  /** The app, with this person signed in. */
  launch(who: 'alice' | 'carol'): Promise<Workstation>;
  /** A command of Carol's. */
  carol(...args: readonly string[]): Promise<string>;
  /** The app is killed like by the system, without a word. */
  kill(station: Workstation): Promise<void>;
  stop(): Promise<void>;
}

/** Connections: web1 (mode observe), gated (gate), boxed (command), moved (whose key is not the registered one). What names `askfirst` waits for Carol, `forbidden` is denied. */
export async function startTerminalWorld(): Promise<TerminalWorld> {
  const dir = mkdtempSync(path.join(tmpdir(), 'sallyport-terminal-'));
  const home = path.join(dir, 'host', 'home');
  mkdirSync(home, { recursive: true });
  const sshd = await startSshd([`ForceCommand ${shellIn(path.join(dir, 'host'), home)}`]);
  const target = (name: string, labels: Readonly<Record<string, string>>): object => ({ name, protocol: 'ssh', host: '127.0.0.1', port: sshd.port, labels, host_keys: [sshd.hostKey], credentials: { user: sshd.user, private_key_file: sshd.keyFile } });
  const config = path.join(dir, 'store.yaml');
  const targets = [target('web1', { env: 'prod', team: 'shop' }), target('gated', { env: 'dev', shell: 'gate' }), target('boxed', { env: 'dev', shell: 'command' }), { ...target('moved', { env: 'dev' }), host_keys: [otherHostKey(dir)] }];
  writeFileSync(config, JSON.stringify({ data_dir: './store', organisation: 'Example Ltd', dev_idp: { people }, targets }), { mode: 0o600 });
  copyStoreTemplate(path.join(dir, 'store', 'store', 'pg'));
  const store = startProcess(process.execPath, [path.join(root, 'dist', 'cli', 'sallyport.mjs'), 'store', '--config', config], { cwd: dir });
  const ready = z.object({ event: z.literal('ready'), url: z.string() });
  const storeUrl = await store.waitForLine((line) => (line.startsWith('{"event":"ready"') ? ready.parse(JSON.parse(line)).url : undefined), 60_000);
  const executable = process.env['SALLYPORT_ELECTRON'] ?? (await resolveElectron()).path;
  const bundle = sshBundle();
  const open = new Set<Workstation>();
  return {
    ...{ dir, home, sshd },
    launch: async (who) => {
      const file = path.join(dir, `app-${who}.json`);
      writeFileSync(file, JSON.stringify({ storeUrl, dataDir: path.join(dir, `app-${who}`), bundle, demo: { autoSignIn: { subject: `${who}@example.com` } } }));
      const station = await Workstation.launch({ executable, args: electronArgs(file), env: electronEnv(), folder: screensDir });
      open.add(station);
      await station.signedIn();
      return station;
    },
    carol: (...args) => sallyport([...args, '--config', config, '--as', 'carol@example.com', '--groups', 'engineering,dba']),
    kill: async (station) => {
      open.delete(station);
      const child = station.app.process();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    stop: async () => {
      for (const station of open) await station.close();
      await store.stop();
      await sshd.stop();
      for (const folder of [dir, bundle]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes a file of this many bytes that do not compress and do not repeat. */
export function randomFile(file: string, megabytes: number): void {
  execFileSync('dd', ['if=/dev/urandom', `of=${file}`, 'bs=1M', `count=${megabytes}`, 'status=none']);
}
