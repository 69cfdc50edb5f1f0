/**
 * Requests of SSH sessions as recordings tell them, and as policy is asked about them: command lines are read again by
 * the same grammar, operations of SFTP mean the same questions as in the relay (src/proxy/ssh/sftp-requests.ts).
 */
import type { ReadRecord } from '../../evidence/read.ts';
import { analyseCommand, EXEC, INTERACTIVE } from '../shell/analyse.ts';
import type { SshRequest } from '../types.ts';

export type PastSsh =
  | { readonly kind: 'shell' }
  | { readonly kind: 'exec' | 'line'; readonly command: string; readonly pty?: true }
  | { readonly kind: 'sftp'; readonly op: string; readonly path: string; readonly newPath?: string }
  | { readonly kind: 'forward'; readonly direction: 'local' | 'remote'; readonly host: string; readonly port: number }
  | { readonly kind: 'agent' };

/** What bytes that are not UTF-8 are read as: what was meant is not in the recording. */
const REPLACEMENT = '\ufffd';

/** `undefined`: no request of SSH. `gone`: one whose text is not in the recording. */
export function pastSsh(r: ReadRecord): PastSsh | 'gone' | undefined {
  switch (r.kind) {
    case 'ssh.shell':
      return { kind: 'shell' };
    case 'ssh.exec': {
      const { command } = r.fields;
      if (typeof command !== 'string' || command.includes(REPLACEMENT)) return 'gone';
      return r.clear['typed'] === true ? { kind: 'line', command } : { kind: 'exec', command, ...(r.clear['pty'] === true ? { pty: true } : {}) };
    }
    case 'ssh.sftp': {
      const { path, new_path: newPath } = r.fields;
      const { op } = r.clear;
      if (typeof path !== 'string' || typeof op !== 'string' || r.removed.length > 0) return 'gone';
      return { kind: 'sftp', op, path, ...(typeof newPath === 'string' ? { newPath } : {}) };
    }
    case 'ssh.forward': {
      const { host } = r.fields;
      const { port } = r.clear;
      const direction = r.clear['dir'] === 'remote' ? 'remote' : 'local';
      return typeof host === 'string' && typeof port === 'number' ? { kind: 'forward', direction, host, port } : 'gone';
    }
    case 'ssh.agent':
      return { kind: 'agent' };
    default:
      return undefined;
  }
}

/** In words, for people and for grouping. */
export function sshWords(past: PastSsh): string {
  switch (past.kind) {
    case 'shell':
      return 'an interactive shell';
    case 'exec':
    case 'line':
      return past.command;
    case 'sftp':
      return `sftp ${past.op} ${past.path}${past.newPath === undefined ? '' : ` -> ${past.newPath}`}`;
    case 'forward':
      return past.direction === 'local' ? `forward to ${past.host}:${past.port}` : `remote forward of ${past.host === '' ? '*' : past.host}:${past.port}`;
    case 'agent':
      return 'agent forwarding';
  }
}

type Sftp = Extract<SshRequest, { kind: 'sftp' }>;
const OPERATIONS: Readonly<Record<string, readonly Sftp['operation'][]>> = {
  open_read: ['read'],
  open_write: ['write'],
  open_read_write: ['read', 'write'],
  mkdir: ['write'],
  setstat: ['write'],
  lsetstat: ['write'],
  fsetstat: ['write'],
  symlink: ['write'],
  remove: ['delete'],
  rmdir: ['delete'],
  rename: ['rename'],
  hardlink: ['rename'],
};

/** The questions; all must be allowed. */
export function sshQuestionsOf(past: PastSsh): readonly SshRequest[] {
  switch (past.kind) {
    case 'shell':
    case 'forward':
    case 'agent':
      return [past];
    case 'exec':
      // At a terminal pagers and editors take keys.
      return [{ kind: 'exec', command: analyseCommand(past.command, { ...EXEC, pty: past.pty === true }) }];
    case 'line':
      return [{ kind: 'shell', command: analyseCommand(past.command, INTERACTIVE) }];
    case 'sftp':
      return fileQuestions(past);
  }
}

function fileQuestions({ op, path, newPath }: Extract<PastSsh, { kind: 'sftp' }>): readonly Sftp[] {
  const home = homeIn(path);
  const base = { kind: 'sftp' as const, ...(home === undefined ? {} : { home }) };
  // A copy on the host reads one file and writes the other.
  if (op === 'copy') return [{ ...base, operation: 'read', path, ...(newPath === undefined ? {} : { newPath }) }, ...(newPath === undefined ? [] : [{ ...base, operation: 'write' as const, path: newPath }])];
  return (OPERATIONS[op] ?? ['list']).map((operation) => ({ ...base, operation, path, ...(newPath === undefined ? {} : { newPath }) }));
}

/** The home directory is not recorded: where homes usually are. */
const homeIn = (path: string): string | undefined => /^(?:\/root|\/home\/[^/]+)(?=\/|$)/.exec(path)?.[0];
