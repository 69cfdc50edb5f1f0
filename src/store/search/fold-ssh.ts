/** Requests of SSH sessions as the index takes them: what was asked, in words that are searched for. Pure. */
import type { ReadRecord } from '../../evidence/read.ts';
import { clearInt, clearText, fieldText } from './fold-parts.ts';

export interface SshAsked {
  readonly text: string;
  /** `exec`, `line`, `shell`, `read`, `write`, `list`, `delete`, `rename`, `forward`, `agent`, `sign`, `typed`. */
  readonly verbs: readonly string[];
  readonly redacted: boolean;
}

/** Operations of SFTP by what they do. Those that only look where something is are not here. */
const FILE_VERBS: Readonly<Record<string, readonly string[]>> = {
  open_read: ['read'],
  open_write: ['write'],
  open_read_write: ['read', 'write'],
  opendir: ['list'],
  mkdir: ['write'],
  setstat: ['write'],
  lsetstat: ['write'],
  fsetstat: ['write'],
  symlink: ['write'],
  copy: ['read', 'write'],
  remove: ['delete'],
  rmdir: ['delete'],
  rename: ['rename'],
  hardlink: ['rename'],
};
/** Something that was typed and is more than one key. */
const TYPED_CHARS_MIN = 2;

/** Undefined for records that are no request, and for allowed looks at a path: programs ask hundreds of them. */
export function sshAsked(r: ReadRecord): SshAsked | undefined {
  switch (r.kind) {
    case 'ssh.exec':
      return { text: fieldText(r, 'command'), verbs: [r.clear['typed'] === true ? 'line' : 'exec'], redacted: r.removed.includes('command') };
    case 'ssh.shell':
      return { text: 'shell', verbs: ['shell'], redacted: false };
    case 'ssh.sftp':
      return file(r);
    case 'ssh.forward':
      return { text: `${r.clear['dir'] === 'remote' ? 'remote forward of' : 'forward to'} ${fieldText(r, 'host')}:${clearInt(r, 'port') ?? '?'}`, verbs: ['forward'], redacted: r.removed.includes('host') };
    case 'ssh.agent':
      return { text: 'agent forwarding', verbs: ['agent'], redacted: false };
    default:
      return undefined;
  }
}

/** A signature that the target asked of the client's agent. */
export const signAsked = (r: ReadRecord): SshAsked => ({ text: `agent: ${clearText(r, 'for')} ${fieldText(r, 'user')}${fieldText(r, 'namespace')} with the key ${fieldText(r, 'key')}`, verbs: ['sign'], redacted: r.removed.length > 0 });

function file(r: ReadRecord): SshAsked | undefined {
  const op = clearText(r, 'op');
  const verbs = FILE_VERBS[op];
  if (verbs === undefined && clearText(r, 'dec') === 'allow') return undefined;
  const to = fieldText(r, 'new_path');
  return { text: `sftp ${op} ${fieldText(r, 'path')}${to === '' ? '' : ` -> ${to}`}`, verbs: verbs ?? ['list'], redacted: r.removed.length > 0 };
}

/** What is refused whatever policy says is named by its decision. */
export const refusedRequest = (r: ReadRecord): string => fieldText(r, 'request');

/** A line that was typed into a shell that is only watched. Undefined for single keys. */
export function typedLine(r: ReadRecord): string | undefined {
  const line = fieldText(r, 'data').replaceAll(/\p{Cc}/gu, ' ').trim();
  return line.length < TYPED_CHARS_MIN ? undefined : line;
}

/** How it ended, where it ended otherwise than well. */
export function sshError(r: ReadRecord): string | undefined {
  const status = clearInt(r, 'status');
  if (r.kind === 'ssh.exit') return typeof r.clear['signal'] === 'string' ? `signal ${clearText(r, 'signal')}`.slice(0, 20) : status === undefined ? 'no status' : status === 0 ? undefined : `exit ${status}`;
  return r.kind === 'ssh.sftp.end' && status !== undefined && status !== 0 ? `sftp ${status}` : undefined;
}
