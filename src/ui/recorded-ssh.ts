/** Records of SSH sessions in the words of the replay: what was asked of the host, and how it ended. */
import type { TimelineRecord } from '../contract/ipc/sessions.ts';
import type { ReadRecord } from '../evidence/read.ts';
import { formatBytes, plural } from './format.ts';

type Of<K extends TimelineRecord['kind']> = Extract<TimelineRecord, { kind: K }>;
export type SshRequestWords = Pick<Of<'request'>, 'what' | 'verb' | 'object' | 'details'>;
export type SshOutcomeWords = Pick<Of<'outcome'>, 'ok' | 'text' | 'moved'>;

const MISSING = '[content missing]';
/** Requests that only look where something is. Programs ask hundreds of them; those that are allowed are one step. */
const LOOKS = new Set(['stat', 'lstat', 'readlink', 'realpath', 'statvfs', 'expand']);
const FILE_VERBS: Readonly<Record<string, string>> = {
  open_read: 'Read file',
  open_write: 'Write file',
  open_read_write: 'Read and write file',
  opendir: 'List directory',
  mkdir: 'Make directory',
  rmdir: 'Remove directory',
  remove: 'Delete file',
  rename: 'Rename',
  hardlink: 'Make hard link',
  symlink: 'Make link',
  copy: 'Copy on the host',
  setstat: 'Change attributes',
  lsetstat: 'Change attributes',
  fsetstat: 'Change attributes',
  stat: 'Look at',
  lstat: 'Look at',
  readlink: 'Look at link',
  realpath: 'Resolve path',
  expand: 'Resolve path',
  statvfs: 'Look at file system',
};
/** Status codes of SFTP (draft-ietf-secsh-filexfer-02 section 7). */
const STATUS: Readonly<Record<number, string>> = { 1: 'end of file', 2: 'no such file', 3: 'permission denied', 4: 'failed', 5: 'bad message', 6: 'no connection', 7: 'connection lost', 8: 'not supported' };

const field = (r: ReadRecord, name: string): string => {
  if (r.removed.includes(name)) return MISSING;
  const value = r.fields[name];
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
};
const text = (r: ReadRecord, name: string): string => {
  const value = r.clear[name];
  return typeof value === 'string' ? value : '';
};
const number = (r: ReadRecord, name: string): number | undefined => {
  const value = r.clear[name];
  return typeof value === 'number' ? value : undefined;
};

export const isLook = (r: ReadRecord): boolean => r.kind === 'ssh.sftp' && r.clear['dec'] === 'allow' && LOOKS.has(text(r, 'op'));

/** Undefined for records that are no request. */
export function requestWords(r: ReadRecord): SshRequestWords | undefined {
  switch (r.kind) {
    case 'ssh.shell':
      return { what: 'shell', verb: 'Shell', object: '', details: terminalOf(r) };
    case 'ssh.exec':
      return r.clear['typed'] === true ? { what: 'line', verb: 'Typed', object: field(r, 'command'), details: [] } : { what: 'exec', verb: 'Command', object: field(r, 'command'), details: terminalOf(r) };
    case 'ssh.sftp': {
      const to = r.fields['new_path'] === undefined && !r.removed.includes('new_path') ? [] : [{ name: 'To', value: field(r, 'new_path') }];
      return { what: isLook(r) ? 'look' : 'file', verb: FILE_VERBS[text(r, 'op')] ?? text(r, 'op'), object: field(r, 'path'), details: to };
    }
    case 'ssh.forward':
      return { what: 'forward', verb: r.clear['dir'] === 'remote' ? 'Remote forward' : 'Forward to', object: `${field(r, 'host')}:${number(r, 'port') ?? '?'}`, details: r.clear['dir'] === 'remote' && number(r, 'port') === 0 ? [{ name: 'Port', value: 'any that is free' }] : [] };
    case 'ssh.agent':
      return { what: 'other', verb: 'Agent forwarding', object: '', details: [] };
    default:
      return undefined;
  }
}

/** What came of a remote forward or a forwarded agent, in a line. Undefined for other records. */
export function reachedWords(r: ReadRecord): string | undefined {
  switch (r.kind) {
    case 'ssh.forward.bound':
      return `The target listens on port ${number(r, 'port') ?? '?'}`;
    case 'ssh.forward.open':
      return `A connection from ${field(r, 'host')}:${number(r, 'port') ?? '?'} at the target`;
    case 'ssh.agent.open':
      return 'The target opens the agent';
    case 'ssh.agent.sign':
      return `The agent is asked to sign: ${[text(r, 'for'), field(r, 'user'), field(r, 'namespace'), 'with the key', field(r, 'key')].filter((word) => word !== '').join(' ')}`;
    case 'ssh.agent.end':
      return `The agent is closed; signatures: ${number(r, 'signed') ?? 0}`;
    default:
      return undefined;
  }
}

/** What is refused whatever policy says has no request of its own: its decision names it. */
export const refusedWords = (r: ReadRecord): SshRequestWords | undefined =>
  r.kind === 'policy.decision' && r.clear['q'] === undefined && (r.fields['request'] !== undefined || r.removed.includes('request')) ? { what: 'other', verb: 'Asked for', object: field(r, 'request'), details: [] } : undefined;

function terminalOf(r: ReadRecord): { name: string; value: string }[] {
  const [cols, rows] = [number(r, 'cols'), number(r, 'rows')];
  const size = cols === undefined || rows === undefined ? [] : [{ name: 'Terminal', value: `${cols} × ${rows}${r.fields['term'] === undefined ? '' : `, ${field(r, 'term')}`}` }];
  const env = r.fields['env'] === undefined && !r.removed.includes('env') ? [] : [{ name: 'Environment', value: field(r, 'env') }];
  return [...size, ...env];
}

/** Undefined for records that end nothing. */
export function outcomeWords(r: ReadRecord): SshOutcomeWords | undefined {
  switch (r.kind) {
    case 'ssh.exit':
      return exit(r);
    case 'ssh.sftp.end':
      return file(r);
    case 'ssh.forward.end':
      return { ok: true, text: r.fields['reason'] === undefined ? 'Closed' : `Closed: ${field(r, 'reason')}`, moved: [moved('Sent', r, 'sent'), moved('Received', r, 'received')] };
    default:
      return undefined;
  }
}

function exit(r: ReadRecord): SshOutcomeWords {
  const status = number(r, 'status');
  const signal = text(r, 'signal');
  const words = signal !== '' ? `Ended by signal ${signal}` : status === undefined ? 'Ended without an exit status: the connection went first' : `Exit status ${status}`;
  const all = [moved('Input', r, 'in'), moved('Output', r, 'out'), moved('Error output', r, 'err')];
  return { ok: status === 0, text: words, moved: all.filter((m) => m.sizeBytes > 0) };
}

function file(r: ReadRecord): SshOutcomeWords {
  const status = number(r, 'status');
  const failures = number(r, 'failures') ?? 0;
  const problems = [
    ...(status === undefined || status === 0 ? [] : [STATUS[status] ?? `status ${status}`]),
    ...(failures === 0 ? [] : [`${plural(failures, 'write')} that the host did not take`]),
    ...(r.clear['closed'] === false ? ['still open when the session ended'] : []),
  ];
  const all = [moved('Downloaded', r, 'read'), moved('Uploaded', r, 'written')].filter((m) => m.sizeBytes > 0);
  const done = all.length === 0 ? 'Done' : all.map((m) => `${m.what} ${formatBytes(m.sizeBytes)}`).join(', ');
  return { ok: problems.length === 0, text: problems.length === 0 ? done : `${all.length === 0 ? '' : `${done}; `}${problems.join(', ')}`, moved: all };
}

function moved(what: string, r: ReadRecord, name: string): Of<'outcome'>['moved'][number] {
  const sha256 = text(r, `${name}_sha256`);
  // The digest is over what moved in the order in which it moved.
  const note = text(r, `${name}_order`) === '' ? {} : { note: 'not from its beginning to its end: the digest is of the bytes as they moved' };
  return { what, sizeBytes: number(r, name) ?? 0, ...(sha256 === '' ? {} : { sha256 }), ...note };
}

const ESC = String.fromCharCode(0x1b);
const ARROWS: Readonly<Record<string, string>> = { A: '↑', B: '↓', C: '→', D: '←' };
/** A cursor or function key, or a control character. */
const KEY = new RegExp(`${ESC}(?:\\[|O)([A-D])|${ESC}\\[[0-?]*[ -/]*[@-~]|\\r\\n?|\\p{Cc}`, 'gu');

function sign(key: string, arrow: string | undefined): string {
  if (arrow !== undefined) return ARROWS[arrow] ?? '';
  if (key.startsWith(ESC)) return '⎋';
  const code = key.charCodeAt(0);
  if (code === 13 || code === 10) return '⏎';
  if (code === 9) return '⇥';
  return code === 8 || code === 127 ? '⌫' : `^${String.fromCharCode((code % 0x20) + 0x40)}`;
}

/** What ends a line at a terminal: Enter, ^C, ^D. */
const ENDS_LINE = new RegExp(`[\\r\\n${String.fromCharCode(3, 4)}]`);

/** Of what was typed without an end of line, this much is kept: full-screen programs are used for hours without one. */
const MAX_TYPED = 500;

/** What was typed on a channel since its last end of line: people type slower than records are written. */
export interface Typing {
  readonly data: string;
  readonly hidden: number;
}

/** @returns with what this record adds */
export function typedOn({ data, hidden }: Typing, r: ReadRecord): Typing {
  const more = r.fields['data'];
  const all = typeof more === 'string' ? data + more : data;
  return { data: all.length > MAX_TYPED ? `…${all.slice(-MAX_TYPED)}` : all, hidden: hidden + (number(r, 'hidden') ?? 0) };
}

/** What was typed, once it ends a line: keys as signs. Undefined until then. */
export function typedWords({ data, hidden }: Typing): string | undefined {
  if (!ENDS_LINE.test(data)) return undefined;
  const shown = data.replace(KEY, (key: string, arrow: string | undefined) => sign(key, arrow));
  return `Typed: ${shown}${hidden > 0 ? ` (${plural(hidden, 'character')} not shown)` : ''}`;
}

/** Classes that stood on the screen in clear until they were painted over. */
export function exposedWords(r: ReadRecord): string | undefined {
  const classes = r.clear['exposed'];
  return Array.isArray(classes) ? `A value of ${classes.map(String).join(', ')} stood on the screen in clear for a moment` : undefined;
}
