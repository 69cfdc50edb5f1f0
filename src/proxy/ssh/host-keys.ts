/** Host keys: the proxy's own, by which clients know the listener, and those of targets, which are pinned. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import ssh2, { type ParsedKey, type ServerHostKeyAlgorithm } from 'ssh2';
import { BugError, ConfigError } from '../../base/errors.ts';
import { writeDurable } from '../../evidence/files.ts';

const FILE = 'ssh_host_ed25519_key';

export interface OwnHostKey {
  /** OpenSSH form. */
  readonly privateKey: string;
  /** Type and base64, as in known_hosts. */
  readonly publicKey: string;
}

/** The key of this data directory, made at the first use. @throws ConfigError for a damaged file, or one that others can read */
export function ownHostKey(dataDir: string): OwnHostKey {
  const file = path.join(dataDir, FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    text = newEd25519('sallyport').text;
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeDurable(file, text);
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) throw new ConfigError('is readable by others on this machine', { file, fix: `chmod 600 ${file}` });
  const key = parsed(text);
  if (key?.isPrivateKey() !== true || key.type !== 'ssh-ed25519') throw new ConfigError('does not hold an Ed25519 key', { file, fix: 'restore it, or delete it: a new one is made, and ssh_config includes are written anew' });
  return { privateKey: text, publicKey: `${key.type} ${key.getPublicSSH().toString('base64')}` };
}

/**
 * A new key pair. One in 256 that the library makes has a public half that begins with a zero byte, which it leaves out;
 * such a key no program reads, and another is made.
 */
export function newEd25519(comment: string): { text: string; key: ParsedKey } {
  for (let tries = 0; tries < 100; tries++) {
    const text = ssh2.utils.generateKeyPairSync('ed25519', { comment }).private;
    const key = parsed(text);
    if (key !== undefined) return { text, key };
  }
  throw new BugError('no key could be made');
}

/** Undefined for text that is no key, and for a key with a passphrase. */
export function parsed(key: string | Buffer): ParsedKey | undefined {
  const result: ParsedKey | readonly ParsedKey[] | Error = ssh2.utils.parseKey(key);
  if (result instanceof Error) return undefined;
  return 'type' in result ? result : result[0];
}

/** Whether it is a private key that needs a passphrase. */
export function isEncrypted(key: string): boolean {
  const result: unknown = ssh2.utils.parseKey(key);
  return result instanceof Error && (result.message.startsWith('Encrypted ') || key.includes('BEGIN ENCRYPTED PRIVATE KEY'));
}

/** As OpenSSH prints it. @param blob the public key in its wire form */
export const fingerprint = (blob: Uint8Array): string => `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

export const sameKey = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

const SIGNED_BY: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** The keys that a target may present. */
export class PinnedKeys {
  readonly #blobs: readonly Buffer[];
  /** What to offer in the key exchange: a target is asked for a key of a registered type only. */
  readonly algorithms: readonly ServerHostKeyAlgorithm[];

  /** @param lines `ssh-ed25519 AAAA...` @throws ConfigError when there is none, or one that is no key */
  constructor(connection: string, lines: readonly string[]) {
    const place = { field: `connection ${connection}, host_key`, fix: 'take it from the host itself: its /etc/ssh/ssh_host_*_key.pub' };
    if (lines.length === 0) throw new ConfigError('no host key is registered, and a key is never trusted at first sight', place);
    const keys = lines.map((line) => parsed(line));
    const algorithms = new Set<ServerHostKeyAlgorithm>();
    this.#blobs = keys.map((key) => {
      const names = key === undefined || key.isPrivateKey() ? undefined : SIGNED_BY[key.type];
      if (key === undefined || names === undefined) throw new ConfigError('is not a host key', place);
      for (const name of names) algorithms.add(name);
      return key.getPublicSSH();
    });
    this.algorithms = [...algorithms];
  }

  matches(blob: Uint8Array): boolean {
    return this.#blobs.some((known) => sameKey(known, blob));
  }

  get fingerprints(): string[] {
    return this.#blobs.map(fingerprint);
  }
}
