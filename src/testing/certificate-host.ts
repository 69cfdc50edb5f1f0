/** A real sshd that lets in whoever has a certificate of the store's CA, and nobody else. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.ts';
import { startProcess } from './process.ts';

export interface CertificateHost {
  readonly port: number;
  readonly dir: string;
  /** The account that sshd can sign in: the one that runs the tests. */
  readonly user: string;
  /** Type and base64. */
  readonly hostKey: string;
  /** Writes TrustedUserCAKeys and RevokedKeys, which sshd reads at each sign-on. */
  trust(caKeys: string, krl?: Uint8Array): void;
  /** All that sshd has logged. */
  log(): string;
  stop(): Promise<void>;
}

const version = (): number => Number(/OpenSSH_(\d+\.\d+)/.exec(spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr)?.[1]);

export async function startCertificateHost(settings: readonly string[] = []): Promise<CertificateHost> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-sshd-'));
  const at = (name: string): string => path.join(dir, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('host_key')]);
  writeFileSync(at('ca.pub'), '');
  writeFileSync(at('revoked.krl'), '');
  // Where sshd confines itself when root starts it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  const config = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${at('host_key')}`,
    `PidFile ${at('pid')}`,
    `TrustedUserCAKeys ${at('ca.pub')}`,
    `RevokedKeys ${at('revoked.krl')}`,
    'AuthorizedKeysFile none',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'LogLevel VERBOSE',
    // Tests fail to sign on many times from one address, which newer versions answer with a pause.
    ...(version() >= 9.8 ? ['PerSourcePenalties no'] : []),
    ...settings,
  ];
  writeFileSync(at('sshd_config'), `${config.join('\n')}\n`);
  // It logs to stderr; the helper waits for lines of stdout.
  const server = startProcess('sh', ['-c', 'exec "$0" "$@" 2>&1', '/usr/sbin/sshd', '-D', '-e', '-f', at('sshd_config')]);
  await server.waitForLine((line) => (line.includes('Server listening on') ? true : undefined), 30_000);
  return {
    port,
    dir,
    user: os.userInfo().username,
    hostKey: readFileSync(at('host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ').trim(),
    trust: (caKeys, krl) => {
      writeFileSync(at('ca.pub'), caKeys);
      writeFileSync(at('revoked.krl'), krl ?? '');
    },
    log: () => server.stdout,
    stop: async () => {
      server.kill('SIGTERM');
      await server.ended();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
