/**
 * What a stock `ssh` needs to reach an endpoint: a key pair of this session, the listener's key as known_hosts, and an
 * ssh_config that names both. Nothing of the user's own ~/.ssh is touched.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newEd25519 } from './host-keys.ts';

/** A key pair whose private half is in this process's memory, and maybe in a file that goes with it. */
export interface SessionKey {
  /** OpenSSH form. */
  readonly privateKey: string;
  /** Wire form. */
  readonly blob: Buffer;
}

export function sessionKey(): SessionKey {
  const { text, key } = newEd25519('sallyport session');
  return { privateKey: text, blob: key.getPublicSSH() };
}

export interface IdentityFiles {
  readonly ssh_config: string;
  readonly identity_file: string;
  /** Removes them. What is left of a crash opens nothing: the key was known to the process that is gone. */
  remove(): void;
}

export interface IdentityOptions {
  /** `<data>/run`; a directory of the connection's name is made in it. */
  readonly dir: string;
  readonly connection: string;
  readonly port: number;
  readonly user: string;
  readonly key: SessionKey;
  /** Type and base64 of the listener's key. */
  readonly hostKey: string;
}

export function writeIdentity(o: IdentityOptions): IdentityFiles {
  const dir = path.join(o.dir, o.connection);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const at = (name: string): string => path.join(dir, name);
  const alias = `sallyport-${o.connection}`;
  writeFileSync(at('id_ed25519'), o.key.privateKey, { mode: 0o600, flag: 'wx' });
  writeFileSync(at('known_hosts'), `${alias} ${o.hostKey}\n`, { mode: 0o600, flag: 'wx' });
  const config = [
    `# Connection ${o.connection} through Sallyport. Written at each start, removed at the end.`,
    `Host ${o.connection}`,
    '  HostName 127.0.0.1',
    `  Port ${o.port}`,
    `  User ${o.user}`,
    `  IdentityFile ${quoted(at('id_ed25519'))}`,
    '  IdentitiesOnly yes',
    // An agent may be forwarded where policy permits it; the key of this run is not put into it.
    '  AddKeysToAgent no',
    '  PreferredAuthentications publickey',
    `  HostKeyAlias ${alias}`,
    `  UserKnownHostsFile ${quoted(at('known_hosts'))}`,
    '  StrictHostKeyChecking yes',
    '  UpdateHostKeys no',
    '  Ciphers ^aes128-gcm@openssh.com',
  ];
  writeFileSync(at('config'), `${config.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  return { ssh_config: at('config'), identity_file: at('id_ed25519'), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A file name as ssh_config takes it: in quotes, and a percent sign is not the start of a token. */
const quoted = (file: string): string => `"${file.replaceAll('%', '%%')}"`;
