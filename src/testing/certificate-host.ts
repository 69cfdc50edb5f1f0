/** A real sshd that lets in whoever has a certificate of the CA that it is told to trust. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Sshd, startSshd } from './sshd.ts';

export interface CertificateHost extends Sshd {
  /** Writes TrustedUserCAKeys and RevokedKeys, which sshd reads at each sign-on. */
  trust(caKeys: string, krl?: Uint8Array): void;
  readonly caFile: string;
  readonly krlFile: string;
}

const version = (): number => Number(/OpenSSH_(\d+\.\d+)/.exec(spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr)?.[1]);

export async function startCertificateHost(): Promise<CertificateHost> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-certificate-host-'));
  const [caFile, krlFile] = [path.join(dir, 'ca.pub'), path.join(dir, 'revoked.krl')];
  const trust = (caKeys: string, krl?: Uint8Array): void => {
    writeFileSync(caFile, caKeys);
    writeFileSync(krlFile, krl ?? '');
  };
  trust('');
  // Tests fail to sign on many times from one address, which newer versions answer with a pause.
  const penalties = version() >= 9.8 ? ['PerSourcePenalties no'] : [];
  const sshd = await startSshd([`TrustedUserCAKeys ${caFile}`, `RevokedKeys ${krlFile}`, 'LogLevel VERBOSE', ...penalties]);
  return {
    ...sshd,
    ...{ trust, caFile, krlFile },
    stop: async () => {
      await sshd.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
