/** From the text of a command line to what it does. Never throws, does no I/O; what is not understood is `opaque`. */
import { messageOf } from '../../base/errors.ts';
import { shellLimits } from './limits.ts';
import { Session } from './session.ts';
import type { CommandAnalysis, ShellEnv } from './types.ts';

/** An exec request, or a line of `command` mode, without a terminal: starts in the home directory. With one: `{ ...EXEC, pty: true }`. */
export const EXEC: ShellEnv = { cwd: 'home', interactive: false };
/** A line typed into a shell that runs on the target. */
export const INTERACTIVE: ShellEnv = { cwd: 'unknown', interactive: true, pty: true };

const NOTHING = { commands: [], files: [], programs: [], forms: [], touches: [], opaque: [] } as const;

/**
 * Analyses a command line as a POSIX shell or bash would read it.
 * @example analyseCommand('sudo rm -rf /srv').touches // ['delete', 'delete-recursive', 'privilege']
 */
export function analyseCommand(text: string, env: ShellEnv = EXEC): CommandAnalysis {
  if (text.length > shellLimits.textChars) return { ...NOTHING, text, refusal: { code: 'limit', message: `the command line has ${text.length} characters; at most ${shellLimits.textChars} are read` } };
  if (text.includes('\0')) return { ...NOTHING, text, refusal: { code: 'encoding', message: 'the command line has a NUL in it' } };
  const session = new Session(env);
  try {
    if (env.interactive && /(^|[\s;&|()])#/.test(text)) session.collector.opaque('parse', 'some shells at a terminal do not take # for a comment');
    session.read(text, { depth: 0, via: [], directories: new Set([env.cwd === 'home' ? '~' : '?']), functions: new Map(), inside: new Set(), stdin: { kind: 'inherited' }, isShown: true, isOwnText: true });
    noteCombinations(session);
  } catch (error) {
    // A failure of ours, or a stack that is too deep for a hostile text: nothing of it is understood.
    session.collector.opaque('limit', `the analysis failed: ${messageOf(error)}`);
  }
  return session.collector.result(text);
}

const FETCHERS = ['curl', 'wget', 'fetch', 'aria2c', 'axel', 'lynx', 'w3m', 'ftp', 'lftp', 'tftp', 'GET', 'lwp-request', 'http', 'https', 'httpie', 'scp', 'nc', 'ncat'];
const PIPES = ['nc', 'ncat', 'netcat', 'socat', 'telnet', 'openssl'];
const RUNS_UNSEEN = ['stdin-code', 'source', 'eval', 'script'];

/** What two parts of a line do together: something is fetched and run, or a shell is tied to a connection. */
function noteCombinations({ collector }: Session): void {
  const { programs, opaque } = collector.result('');
  const runsUnseen = opaque.some((o) => RUNS_UNSEEN.includes(o.reason));
  if (runsUnseen && programs.some((p) => FETCHERS.includes(p))) collector.touch('download-run');
  if (opaque.some((o) => o.reason === 'stdin-code') && programs.some((p) => PIPES.includes(p))) collector.touch('reverse-shell');
}
