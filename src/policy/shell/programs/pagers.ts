/** Programs that open a pager or an editor by themselves where there is a terminal: from there any program can be started. */

const PAGED = new Set(['journalctl', 'systemctl', 'loginctl', 'machinectl', 'timedatectl', 'hostnamectl', 'localectl', 'networkctl', 'resolvectl', 'coredumpctl', 'bootctl', 'busctl', 'systemd-analyze', 'git', 'nmcli', 'dpkg', 'dpkg-query', 'apt', 'apt-get', 'aptitude']);
/** They ask for a text whatever is said of pagers. */
const EDITED = new Set(['commit', 'merge', 'rebase', 'tag', 'notes', 'cherry-pick', 'revert', 'pull', 'config', 'help', 'add', 'am', 'stash', 'branch', 'difftool', 'mergetool']);

/**
 * `args`: `*` for one that is not known. `isShown`: standard output may be the terminal; pagers are for that only.
 */
export function opensPager(program: string, args: readonly string[], isShown: boolean): boolean {
  if (!PAGED.has(program)) return false;
  if (program !== 'git') return isShown && !args.includes('--no-pager');
  return (isShown && !isUnpaged(args)) || args.some((a) => EDITED.has(a));
}

/** `git --no-pager log`; behind the subcommand `-P` is something else. */
function isUnpaged(args: readonly string[]): boolean {
  for (let at = 0; args[at]?.startsWith('-') === true; at++) {
    if (args[at] === '--no-pager' || args[at] === '-P') return true;
    if (/^(-[Cc]|--(git-dir|work-tree|namespace|exec-path|config-env))$/.test(args[at] ?? '')) at++;
  }
  return false;
}
