/** Open handles of an SFTP session: what they stand for, and what moved through them. */
import { createHash, type Hash } from 'node:crypto';
import { MalformedError } from '../../base/errors.ts';
import type { ClearValue } from '../../evidence/record.ts';
import type { Recorded } from './journal.ts';

/** sshd allows about as many. */
const MAX_HANDLES = 1_024;

/** One direction of one file. The digest is over the bytes in the order they moved; `whole` says that this is the file's own order, from its start. */
class Moved {
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;
  #whole = true;

  add(offset: bigint, data: Uint8Array): void {
    if (offset !== BigInt(this.#bytes)) this.#whole = false;
    this.#hash.update(data);
    this.#bytes += data.length;
  }

  clear(name: 'read' | 'written'): Record<string, ClearValue> {
    return this.#bytes === 0 ? { [name]: 0 } : { [name]: this.#bytes, [`${name}_sha256`]: this.#hash.digest('hex'), ...(this.#whole ? {} : { [`${name}_order`]: 'other' }) };
  }
}

export class SftpFile {
  readonly path: string;
  readonly request: Recorded;
  /** What was decided when it was opened. */
  readonly grants: { readonly read: boolean; readonly write: boolean; readonly directory: boolean };
  readonly #read = new Moved();
  readonly #written = new Moved();
  /** Writes that the server did not take. */
  failures = 0;

  constructor(path: string, request: Recorded, grants: SftpFile['grants']) {
    this.path = path;
    this.request = request;
    this.grants = grants;
  }

  read(offset: bigint, data: Uint8Array): void {
    this.#read.add(offset, data);
  }

  wrote(offset: bigint, data: Uint8Array): void {
    this.#written.add(offset, data);
  }

  /** Once, at its end. */
  summary(): Record<string, ClearValue> {
    return { ...this.#read.clear('read'), ...this.#written.clear('written'), ...(this.failures > 0 ? { failures: this.failures } : {}) };
  }
}

export class SftpFiles {
  readonly #files = new Map<string, SftpFile>();

  /** @throws MalformedError for a handle that is open already, or one too many */
  opened(handle: Buffer, file: SftpFile): void {
    const key = handle.toString('latin1');
    if (this.#files.has(key)) throw new MalformedError('malformed.value', 'the server gave one handle twice');
    if (this.#files.size >= MAX_HANDLES) throw new MalformedError('malformed.length', `more than ${MAX_HANDLES} files open at once`);
    this.#files.set(key, file);
  }

  get(handle: Buffer): SftpFile | undefined {
    return this.#files.get(handle.toString('latin1'));
  }

  closed(handle: Buffer): SftpFile | undefined {
    const file = this.get(handle);
    this.#files.delete(handle.toString('latin1'));
    return file;
  }

  /** Everything that is still open; nothing is open afterwards. */
  takeAll(): SftpFile[] {
    const all = [...this.#files.values()];
    this.#files.clear();
    return all;
  }
}
