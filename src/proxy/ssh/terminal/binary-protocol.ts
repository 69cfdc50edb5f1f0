/** Programs whose output is a protocol of their own and no text: it is never altered, policy decides on the program. */
import type { SimpleCommand } from '../../../policy/shell/types.ts';

const ALWAYS = new Set(['git-upload-pack', 'git-receive-pack', 'git-upload-archive', 'git-lfs-transfer', 'sftp-server', 'internal-sftp']);
type Args = readonly (string | null)[];
const first = (args: Args, pattern: RegExp): boolean => typeof args[0] === 'string' && pattern.test(args[0]);
/** Other programs, by the form that speaks one: `git log upload-pack` does not. */
const WITH: Readonly<Record<string, (args: Args) => boolean>> = {
  git: (args) => first(args, /^(?:upload-pack|receive-pack|upload-archive)$/),
  rsync: (args) => first(args, /^--server$/),
  scp: (args) => args.slice(0, args.indexOf('--') < 0 ? undefined : args.indexOf('--')).some((a) => a !== null && /^-[A-Za-z]*[tf][A-Za-z]*$/.test(a)),
  borg: (args) => first(args, /^serve$/),
  svnserve: (args) => first(args, /^(?:-t|--tunnel)$/),
  hg: (args) => args.includes('serve') && args.includes('--stdio') && args.every((a) => a !== null && (['-R', 'serve', '--stdio'].includes(a) || a === args[args.indexOf('-R') + 1])),
};
/** Where a program of this name is the one that is meant; a script of that name elsewhere may print anything. */
const INSTALLED = /^(?:[^/]+|\/(?:usr|bin|sbin|opt|nix|snap)\/(?!.*\/\.\.?\/).+)$/;

/** @param commands of the analysed command line; only a line that is this one program and nothing else qualifies */
export function isBinaryProtocol(commands: readonly SimpleCommand[]): boolean {
  const [command, ...others] = commands;
  if (command === undefined || others.length > 0 || !INSTALLED.test(command.name)) return false;
  return ALWAYS.has(command.program) || WITH[command.program]?.(command.args) === true;
}
