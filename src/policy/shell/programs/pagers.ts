/** Programs that open a pager or an editor by themselves where there is a terminal: from there any program can be started. */

const PAGED = new Set(['journalctl', 'systemctl', 'loginctl', 'machinectl', 'timedatectl', 'hostnamectl', 'localectl', 'networkctl', 'resolvectl', 'coredumpctl', 'bootctl', 'busctl', 'systemd-analyze', 'git']);
/** They ask for a text whatever is said of pagers. */
const EDITED = new Set(['commit', 'merge', 'rebase', 'tag', 'notes', 'cherry-pick', 'revert', 'pull', 'config', 'help', 'add', 'am', 'stash', 'branch', 'difftool', 'mergetool']);

/** `args`: `*` for one that is not known. */
export function opensPager(program: string, args: readonly string[]): boolean {
  if (!PAGED.has(program)) return false;
  if (program !== 'git') return !args.includes('--no-pager');
  return !(args.includes('--no-pager') || args.includes('-P')) || args.some((a) => EDITED.has(a));
}
