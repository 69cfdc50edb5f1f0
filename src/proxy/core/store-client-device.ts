/** Device keys in files, for headless use: the gateway, the approvals command, tests. The app keeps its key in the OS keychain. */
import { chmodSync, closeSync, constants, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import { parseDeviceId } from '../../base/ids.ts';
import { type Device, deviceIdOf } from '../../contract/store/index.ts';
import { ed25519Signer, generateSeed } from '../../evidence/sign.ts';
import type { Signer } from '../../evidence/types.ts';
import type { DeviceSigner } from './store-client-http.ts';

const keyFile = z.strictObject({ v: z.literal(1), alg: z.literal('Ed25519'), seed: z.string() });

/** A signer with its device id. */
export function withDeviceId(signer: Signer): DeviceSigner {
  return { keyId: signer.keyId, alg: signer.alg, publicKey: signer.publicKey, sign: (m) => signer.sign(m), deviceId: parseDeviceId(deviceIdOf(signer.publicKey)) };
}

/** For programs that nobody watches: says at the start what leases would say later. @throws EnvironmentError env.store */
export function requireApproved(device: Device): void {
  if (device.state === 'pending') throw new EnvironmentError('env.store', `this device waits for the approval of an administrator of the store: sallyport devices approve ${device.device_id}`);
}

/**
 * Loads `<dir>/device.json`, or makes a new Ed25519 key there (mode 0600). A file that cannot be read or is open to
 * others is refused, never replaced: a lost key would strand the spool that it signed.
 * @throws EnvironmentError env.io
 */
export function openDeviceFile(dir: string): DeviceSigner {
  const path = join(dir, 'device.json');
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    let text = readPrivate(path);
    if (text === undefined) {
      createPrivate(dir, path, `${JSON.stringify({ v: 1, alg: 'Ed25519', seed: toBase64(generateSeed()) })}\n`);
      text = readPrivate(path) ?? '';
    }
    return withDeviceId(ed25519Signer(fromBase64(keyFile.parse(JSON.parse(text)).seed)));
  } catch (cause) {
    if (cause instanceof EnvironmentError) throw cause;
    // zod's and JSON's messages could quote the content; the path is enough.
    throw new EnvironmentError('env.io', cause instanceof Error && 'syscall' in cause ? `the device key ${path} cannot be used: ${messageOf(cause)}` : `the device key ${path} is damaged`);
  }
}

/** Directory of a person's device key under the data directory. Any subject makes exactly one safe name. */
export const personDeviceDir = (dataDir: string, subject: string): string =>
  join(dataDir, 'devices', subject.replace(/[^A-Za-z0-9@_-]|^\.+/g, (c) => (c === '.' ? c : Array.from(Buffer.from(c), (b) => `%${b.toString(16).padStart(2, '0')}`).join(''))).replace(/^\.+/, (dots) => '%2e'.repeat(dots.length)));

function readPrivate(path: string): string | undefined {
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) throw new EnvironmentError('env.io', `the device key ${path} can be read by others: set its mode to 0600`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written aside, synced and linked: two processes that race end with one key. */
function createPrivate(dir: string, path: string, text: string): void {
  const temp = join(dir, `.${randomBytes(8).toString('hex')}.tmp`);
  const fd = openSync(temp, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    chmodSync(temp, 0o600);
    linkSync(temp, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(temp);
  }
}
