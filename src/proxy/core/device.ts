/** The device's signing key: who holds it decides how it is protected; this file only reads and makes it. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { parseDeviceId, type DeviceId } from '../../base/ids.ts';
import { writeDurable } from '../../evidence/files.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { ed25519Signer, generateSeed } from '../../evidence/sign.ts';
import type { Signer } from '../../evidence/types.ts';
import { deviceIdOf } from '../../evidence/verify-crypto.ts';

export interface Device {
  readonly id: DeviceId;
  readonly signer: Signer;
}

/** Wraps the seed at rest: the app gives the operating system's keychain, the gateway a file that only its user may read. */
export interface SeedProtection {
  protect(seed: Uint8Array): Uint8Array;
  unprotect(stored: Uint8Array): Uint8Array;
}

const plain: SeedProtection = { protect: (seed) => seed, unprotect: (stored) => stored };

export function deviceOf(seed: Uint8Array): Device {
  const signer = ed25519Signer(seed);
  return { id: parseDeviceId(deviceIdOf(signer.publicKey, nodeSha256)), signer };
}

/** A key that lives as long as the process: where the system offers no protection. */
export const memoryDevice = (): Device => deviceOf(generateSeed());

/** @throws ConfigError for a damaged file, or one that others on the machine can read. */
export function loadDevice(dir: string, protection: SeedProtection = plain): Device {
  const file = path.join(dir, 'device.key');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  let text: string | undefined;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (text === undefined) {
    const seed = generateSeed();
    writeDurable(file, `${toBase64(protection.protect(seed))}\n`);
    return deviceOf(seed);
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) throw new ConfigError('is readable by others on this machine', { file, fix: `chmod 600 ${file}` });
  try {
    const seed = protection.unprotect(fromBase64(text.trim()));
    if (seed.length !== 32) throw new Error('wrong length');
    return deviceOf(seed);
  } catch {
    throw new ConfigError('does not hold a device key', { file, fix: 'restore it, or delete it and enrol this device again' });
  }
}
