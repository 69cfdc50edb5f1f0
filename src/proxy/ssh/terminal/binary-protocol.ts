/** Programs whose output is a protocol of their own and no text: it is never altered, policy decides on the program. */
import type { SimpleCommand } from '../../../policy/shell/types.ts';

const ALWAYS = new Set(['git-upload-pack', 'git-receive-pack', 'git-upload-archive', 'git-lfs-transfer', 'sftp-server', 'internal-sftp']);
const WITH: Readonly<Record<string, RegExp>> = {
  git: /^(?:upload-pack|receive-pack|upload-archive)$/,
  rsync: /^--server$/,
  scp: /^-[A-Za-z]*[tf][A-Za-z]*$/,
  borg: /^serve$/,
  svnserve: /^(?:-t|--tunnel)$/,
  hg: /^--stdio$/,
};

/** @param commands of the analysed command line; only a line that is this one program and nothing else qualifies */
export function isBinaryProtocol(commands: readonly SimpleCommand[]): boolean {
  const [command, ...others] = commands;
  if (command === undefined || others.length > 0) return false;
  const pattern = WITH[command.program];
  return ALWAYS.has(command.program) || (pattern !== undefined && command.args.some((a) => a !== null && pattern.test(a)));
}
