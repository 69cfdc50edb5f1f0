/**
 * Where a client's path leads, as the server says: `..`, links and home directories do not escape a rule. What is
 * decided is also what is asked of the server, so that a link that changes in between changes nothing.
 */
import { packetType, status } from '../../wire/sftp/protocol.ts';
import type { Answer, SftpServerSide } from './sftp-server.ts';

/** follow: the last part may be a link, which is followed. entry: the last part is meant itself. */
export type Meant = 'follow' | 'entry';

export type Resolved =
  | { readonly path: string }
  /** The server's own answer: there is no such directory, or it may not be looked into. */
  | { readonly answer: Answer }
  | { readonly refusal: string };

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const NOT_TEXT = 'names that are not UTF-8 cannot be decided on';

export class SftpPaths {
  readonly #server: SftpServerSide;

  constructor(server: SftpServerSide) {
    this.#server = server;
  }

  /** The directory in which the session begins; undefined when the server does not say. */
  async home(): Promise<string | undefined> {
    const home = await this.#realpath('.');
    return 'path' in home ? home.path : undefined;
  }

  async resolve(bytes: Buffer, meant: Meant): Promise<Resolved> {
    const path = textOfPath(bytes);
    if (path === undefined) return { refusal: NOT_TEXT };
    const { directory, name } = split(path);
    if (meant === 'follow' || name === undefined) {
      const whole = await this.#realpath(path);
      // Of something that does not exist yet, some servers resolve nothing: then its directory counts.
      const missing = 'answer' in whole && whole.answer.reply.type === 'status' && whole.answer.reply.code === status.NO_SUCH_FILE;
      if (!missing || name === undefined) return whole;
    }
    const parent = await this.#realpath(directory);
    return 'path' in parent ? { path: `${parent.path === '/' ? '' : parent.path}/${name}` } : parent;
  }

  async #realpath(path: string): Promise<Resolved> {
    const answer = await this.#server.ask(packetType.REALPATH, path);
    return pathOf(answer);
  }
}

export function textOfPath(bytes: Buffer): string | undefined {
  try {
    const text = strict.decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The path in an answer to REALPATH. */
export function pathOf(answer: Answer): Resolved {
  const { reply } = answer;
  if (reply.type === 'status') return { answer };
  const path = reply.type === 'name' && reply.first !== undefined ? textOfPath(reply.first) : undefined;
  if (path === undefined) return { refusal: NOT_TEXT };
  return isPlain(path) ? { path } : { refusal: 'the server does not say where this path leads' };
}

/** Absolute, and nothing in it that leads elsewhere. */
const isPlain = (path: string): boolean => path.startsWith('/') && !path.split('/').some((part) => part === '.' || part === '..');

/** @returns no name where the path ends in `/`, `.` or `..`: only the whole of it means something */
function split(path: string): { directory: string; name: string | undefined } {
  const at = path.lastIndexOf('/');
  const name = path.slice(at + 1);
  if (name === '' || name === '.' || name === '..') return { directory: path, name: undefined };
  return { directory: at < 0 ? '.' : at === 0 ? '/' : path.slice(0, at), name };
}
