/** Objects by key: on a file system or in S3-compatible storage. Written once: an object never changes after it is there. */
import { BugError } from '../../base/errors.ts';

export interface ObjectInfo {
  readonly name: string;
  readonly bytes: number;
}

/** @throws EnvironmentError from every method when the storage cannot do it now */
export interface ObjectStore {
  /** Durable when it resolves. 'exists' when the key is taken: nothing was written. */
  putNew(key: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  /** Durable replacement, for objects that are rewritten whole. */
  replace(key: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is no such object. */
  get(key: string): Promise<Buffer | undefined>;
  /** Objects under a prefix that ends with `/`, names relative to it, sorted. */
  list(prefix: string): Promise<readonly ObjectInfo[]>;
  /** The object and every version of it that the storage kept. No error when there is none. */
  remove(key: string): Promise<void>;
  /** Versions from before the last `replace`, where the storage keeps such. */
  removeEarlier(key: string): Promise<void>;
  /** Resolves when the storage answers. */
  check(): Promise<void>;
}

const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export const isSegment = (name: string): boolean => SEGMENT.test(name);

/** The parts of a key, each a plain name: no key leads out of the storage. @throws BugError */
export function keyParts(key: string): string[] {
  const parts = key.split('/');
  if (!parts.every(isSegment)) throw new BugError(`bad object key ${JSON.stringify(key)}`);
  return parts;
}

/** The parts of a prefix, with or without its last slash. */
export const prefixParts = (prefix: string): string[] => keyParts(prefix.replace(/\/$/, ''));

export const byName = (a: ObjectInfo, b: ObjectInfo): number => (a.name < b.name ? -1 : 1);
