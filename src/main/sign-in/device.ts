/** The device's signing key in the app: in the system's keychain where there is a real one, else in memory only. */
import path from 'node:path';
import * as electron from 'electron';
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { loadDevice, memoryDevice, type Device, type SeedProtection } from '../../proxy/core/device.ts';

export interface AppDevice {
  readonly device: Device;
  readonly protection: 'os' | 'memory';
  /** Where this key's recordings lie. A key that ends with the program cannot go on with the sequence of an earlier one. */
  readonly dir: string;
}

/**
 * The calls that answer at once: newer versions of Electron prefer promises, older ones have no others. The key is
 * read once, before anything else is going on.
 */
interface SyncStorage {
  isEncryptionAvailable(): boolean;
  getSelectedStorageBackend(): string;
  encryptString(text: string): Buffer;
  decryptString(bytes: Buffer): string;
}
const safeStorage: SyncStorage = electron.safeStorage;

/** `basic_text` is encryption with a key that everybody knows: the same as none. */
function isProtected(): boolean {
  if (!safeStorage.isEncryptionAvailable()) return false;
  return process.platform !== 'linux' || safeStorage.getSelectedStorageBackend() !== 'basic_text';
}

const keychain: SeedProtection = {
  protect: (seed) => safeStorage.encryptString(toBase64(seed)),
  unprotect: (stored) => fromBase64(safeStorage.decryptString(Buffer.from(stored))),
};

/** Keys in memory last as long as the program, by person: who signs in again, or waits for approval, has the same one. */
const inMemory = new Map<string, Device>();

/** After a refusal: the next sign-in asks with a new key. One in the system's keychain stays. */
export const forgetMemoryKey = (personDir: string): void => void inMemory.delete(personDir);

/** @throws ConfigError for a key file that does not open: it is never replaced, a lost key would strand its spool */
export function openDevice(personDir: string): AppDevice {
  if (isProtected()) return { device: loadDevice(personDir, keychain), protection: 'os', dir: personDir };
  const device = inMemory.get(personDir) ?? memoryDevice();
  inMemory.set(personDir, device);
  return { device, protection: 'memory', dir: path.join(personDir, 'memory', device.id) };
}
