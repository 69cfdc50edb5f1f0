/** Files of the target, through the session's own SFTP channel. Every request is decided by the proxy; refusals say why. */
import type { Attributes, FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';
import { DeniedError, EnvironmentError, messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { refusalIn } from '../../contract/refusal.ts';
import type { RemoteEntry, RemoteListing } from '../../contract/ipc/terminal.ts';

/** SFTP status codes (draft-ietf-secsh-filexfer-02 section 7). */
const sftpStatus = { noSuchFile: 2, permissionDenied: 3, failure: 4 } as const;
/** File types in `st_mode`. */
const TYPE_MASK = 0o170000;
const KINDS: Readonly<Record<number, RemoteEntry['kind']>> = { 0o100000: 'file', 0o040000: 'directory', 0o120000: 'link' };

/** What the person is told: the proxy's refusals, which carry a reference, are told from the server's. */
export function sftpError(error: unknown, what: string): Error {
  const text = messageOf(error);
  const refusal = refusalIn(text);
  if (refusal !== undefined) return new DeniedError(refusal);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === sftpStatus.noSuchFile) return new EnvironmentError('env.io', `${what}: there is no such file or directory`);
  if (code === sftpStatus.permissionDenied) return new EnvironmentError('env.io', `${what}: the server does not permit it`);
  if (code === sftpStatus.failure) return new EnvironmentError('env.io', `${what}: the server could not do it${/^failure$/i.test(text) ? '' : ` (${text})`}`);
  return new EnvironmentError('env.io', `${what}: ${text}`, { cause: error });
}

/** One call of the library. @throws DeniedError, EnvironmentError */
export function asked<T>(what: string, call: (done: (error: Error | null | undefined, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => reject(sftpError(error, what));
    try {
      call((error, value) => {
        if (error) failed(error);
        else resolve(value);
      });
    } catch (error) {
      failed(error);
    }
  });
}

async function done(what: string, call: (callback: (error: Error | null | undefined) => void) => void): Promise<void> {
  await asked<undefined>(what, (cb) => call((error) => cb(error, undefined)));
}

const rights = (mode: number): string => Array.from('rwxrwxrwx', (letter, i) => ((mode >> (8 - i)) & 1 ? letter : '-')).join('');

function toEntry({ filename, attrs }: FileEntryWithStats): RemoteEntry {
  const size: number = Number.isSafeInteger(attrs.size) ? attrs.size : 0;
  return { name: filename, kind: KINDS[attrs.mode & TYPE_MASK] ?? 'other', sizeBytes: size, modifiedMs: Math.max(0, attrs.mtime) * 1_000, rights: rights(attrs.mode) };
}

/** Directories first, then by name. */
const inOrder = (a: RemoteEntry, b: RemoteEntry): number => Number(b.kind === 'directory') - Number(a.kind === 'directory') || a.name.localeCompare(b.name);

/** @param path empty: where the session begins */
export async function list(sftp: SFTPWrapper, path: string): Promise<RemoteListing> {
  const real = await asked<string>('the directory', (cb) => sftp.realpath(path === '' ? '.' : path, cb));
  const all = await asked<FileEntryWithStats[]>(real, (cb) => sftp.readdir(real, cb));
  const entries = all.filter((e) => e.filename !== '.' && e.filename !== '..').map(toEntry).sort(inOrder);
  return { path: real, entries: entries.slice(0, limits.remoteEntries), truncated: entries.length > limits.remoteEntries };
}

export const makeDirectory = (sftp: SFTPWrapper, path: string): Promise<void> => done(path, (cb) => sftp.mkdir(path, cb));

export const rename = (sftp: SFTPWrapper, from: string, to: string): Promise<void> => done(from, (cb) => sftp.rename(from, to, cb));

export const remove = (sftp: SFTPWrapper, path: string, directory: boolean): Promise<void> => done(path, (cb) => (directory ? sftp.rmdir(path, cb) : sftp.unlink(path, cb)));

/** A remote file that is open. */
export class RemoteFile {
  readonly path: string;
  readonly #sftp: SFTPWrapper;
  readonly #handle: Buffer;

  private constructor(sftp: SFTPWrapper, path: string, handle: Buffer) {
    this.#sftp = sftp;
    this.path = path;
    this.#handle = handle;
  }

  /** @param mode `wx`: it must not be there yet */
  static async open(sftp: SFTPWrapper, path: string, mode: 'r' | 'w' | 'wx'): Promise<RemoteFile> {
    const attributes: Attributes | object = mode === 'r' ? {} : { mode: 0o644 };
    return new RemoteFile(sftp, path, await asked<Buffer>(path, (cb) => sftp.open(path, mode, attributes as Attributes, cb)));
  }

  async sizeBytes(): Promise<number> {
    const stats = await asked<Stats>(this.path, (cb) => this.#sftp.fstat(this.#handle, cb));
    return Number.isSafeInteger(stats.size) ? stats.size : 0;
  }

  /** @returns how many bytes came; 0 at the end */
  read(into: Buffer, length: number, position: number): Promise<number> {
    return asked<number>(this.path, (cb) => this.#sftp.read(this.#handle, into, 0, length, position, (error, bytes) => cb(error, bytes)));
  }

  write(from: Buffer, offset: number, length: number, position: number): Promise<void> {
    return done(this.path, (cb) => this.#sftp.write(this.#handle, from, offset, length, position, cb));
  }

  close(): Promise<void> {
    return done(this.path, (cb) => this.#sftp.close(this.#handle, cb));
  }
}
