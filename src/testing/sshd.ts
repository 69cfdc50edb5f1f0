/** A real OpenSSH server with a configuration, keys and a port of its own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.ts';
import { startProcess, type RunningProcess } from './process.ts';

export interface Sshd {
  readonly port: number;
  readonly dir: string;
  /** Who may sign on. */
  readonly user: string;
  /** Type and base64. */
  readonly hostKey: string;
  /** The private key of `user`. */
  readonly keyFile: string;
  readonly log: () => string;
  stop(): Promise<void>;
}

/** @param settings lines of sshd_config */
export async function startSshd(settings: readonly string[] = []): Promise<Sshd> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-sshd-'));
  // Where sshd that runs as root drops its rights; Debian makes it when the service starts.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  for (const name of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path.join(dir, name)]);
  const port = await freePort();
  const config = [
    // sshd takes the first of two.
    ...settings,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${path.join(dir, 'host')}`,
    `AuthorizedKeysFile ${path.join(dir, 'user.pub')}`,
    'UsePAM no',
    'StrictModes no',
    'PidFile none',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'PrintLastLog no',
    'MaxSessions 100',
    'MaxStartups 100',
    'AcceptEnv *',
    'Subsystem sftp internal-sftp',
  ];
  writeFileSync(path.join(dir, 'sshd_config'), `${config.join('\n')}\n`);
  const server = startProcess('/usr/sbin/sshd', ['-D', '-e', '-f', path.join(dir, 'sshd_config')]);
  await listening(server, port);
  const hostKey = readFileSync(path.join(dir, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  return {
    ...{ port, dir, hostKey, user: os.userInfo().username, keyFile: path.join(dir, 'user'), log: () => server.stderr },
    stop: async () => {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A piece of a private key, to look for where it must not be. */
export function canaryOf(keyFile: string): string {
  const lines = readFileSync(keyFile, 'utf8').split('\n');
  // A middle line of the base64: it holds private bytes and nothing that others share.
  return lines[3] ?? '';
}

/** A public key of nobody. */
export function otherHostKey(dir: string): string {
  const file = path.join(dir, 'other');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
}

async function listening(server: RunningProcess, port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    const gone = await Promise.race([server.ended(), new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 50))]);
    if (gone) throw new Error(`sshd did not start: ${gone.stderr}`);
  }
}
