/** Looks for the private half of Ed25519 keys in files: raw, hex, base64, PKCS#8, OpenSSH, JWK; in bytes or in text. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fingerprint } from '../proxy/ssh/host-keys.ts';
import { encodePublicKey } from '../wire/ssh/public-key.ts';

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * @param wanted fingerprints of public keys, as OpenSSH prints them
 * @param skip directories and files that are not read
 * @returns files that hold the private half of one of them, and how many bytes were looked at
 */
export function filesWithSeeds(dir: string, wanted: readonly string[], skip: (file: string) => boolean): { readonly found: readonly string[]; readonly bytes: number } {
  const publics = new Set(wanted);
  const found: string[] = [];
  let bytes = 0;
  const done = new Set<string>();
  // A running process renames its files: one that is gone when its turn comes is looked for under its new name.
  for (let again = true; again; ) {
    again = false;
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      const file = path.relative(dir, path.join(entry.parentPath, entry.name));
      if (!entry.isFile() || skip(file) || done.has(file)) continue;
      const content = readIfThere(path.join(dir, file));
      if (content === undefined) {
        again = true;
        continue;
      }
      done.add(file);
      bytes += content.length;
      if (seeds(content).some((seed) => publics.has(publicOf(seed)))) found.push(file);
    }
  }
  return { found, bytes };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Every place where the private half begins in the forms in which such keys are written. */
function seeds(content: Buffer): Buffer[] {
  const text = content.toString('latin1');
  const hex = (text.match(/[0-9a-fA-F]{64,128}/g) ?? []).map((h) => Buffer.from(h, 'hex'));
  // Lines of PEM belong together.
  const base64 = (text.replaceAll(/(?<=[A-Za-z0-9+/]{40})(\r?\n|\\n)(?=[A-Za-z0-9+/=])/g, '').match(/[A-Za-z0-9+/_-]{43,}/g) ?? []).map((b) => Buffer.from(b, 'base64'));
  return [content, ...hex, ...base64].flatMap((bytes) => [...(bytes.length <= 64 ? [bytes] : []), ...afterLengths(bytes)]).flatMap((b) => (b.length >= 32 ? [b.subarray(0, 32)] : []));
}

/** What follows a length: an ASN.1 octet string of 32 bytes (PKCS#8), an SSH string of 64 or 32 (OpenSSH's own form). */
function afterLengths(bytes: Buffer): Buffer[] {
  return [Buffer.of(4, 32), Buffer.of(0, 0, 0, 64), Buffer.of(0, 0, 0, 32)].flatMap((length) => {
    const found: Buffer[] = [];
    for (let at = bytes.indexOf(length); at >= 0; at = bytes.indexOf(length, at + 1)) found.push(bytes.subarray(at + length.length));
    return found;
  });
}

function publicOf(seed: Buffer): string {
  const { x } = createPublicKey(createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
  return fingerprint(encodePublicKey(Buffer.from(x ?? '', 'base64url')));
}
