/** Variables that change what programs do, or what the shell itself runs. */

/** Given to one program, these change how it writes and nothing else. */
const HARMLESS = /^(HISTTIMEFORMAT|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLORTERM|COLUMNS|LINES|DEBIAN_FRONTEND|NO_COLOR|CLICOLOR|CLICOLOR_FORCE|FORCE_COLOR|DEBUG|VERBOSE|QUIET|CI|PGDATABASE|PGUSER|PGHOST|PGPORT|RUST_BACKTRACE|RUST_LOG|LOG_LEVEL|NAME|ID|ENVIRONMENT|STAGE|APP_ENV|RAILS_ENV|RACK_ENV|NODE_ENV)$/;
/** Set in the shell, these take effect without being given to a program. */
const SHELL =
  /^(PATH|IFS|ENV|HOME|SHELL|CDPATH|FPATH|fpath|path|cdpath|PS[0-4]|PROMPT|PROMPT_COMMAND|RPROMPT|SHELLOPTS|BASHOPTS|BASH_.*|GLOBIGNORE|EXECIGNORE|FUNCNEST|TMPDIR|INPUTRC|FCEDIR|FCEDIT|EDITOR|VISUAL|.*PAGER|BROWSER|LD_.*|DYLD_.*|.*_OPTIONS|.*_OPTS|.*OPT|GIT_.*|SSH_.*|SUDO_.*|PYTHON.*|PERL.*|RUBY.*|NODE_.*|JAVA_.*|_JAVA.*|JDK_.*|LESS.*|MORE|MAN.*|.*RC|.*_CONFIG.*|XDG_.*|.*_RSH|.*_SSH|.*PATH|MAKEFLAGS|MAKEFILES|TAR_.*|GREP_.*|GZIP|XZ_.*|ZIPOPT|UNZIP|DOCKER_.*|KUBE.*|SYSTEMD_.*|CURL_.*|WGET.*|PSQL.*|RIPGREP_.*|TERMINFO.*|TERMCAP|NLSPATH|LOCPATH|GCONV_.*|HOSTALIASES|RES_OPTIONS|MALLOC_.*|GLIBC_.*|POSIXLY_CORRECT|precmd_functions|preexec_functions|chpwd_functions|module_path|aliases|functions|commands|galiases|BASH)$/;
/** How times are shown is no matter of what is kept. */
const HISTORY = /^(HIST(?!TIMEFORMAT$).*|SAVEHIST)$/;

export type VariableKind = 'harmless' | 'history' | 'shell';

/** What assigning the variable in the shell does. */
export function shellVariable(name: string): VariableKind {
  if (HISTORY.test(name)) return 'history';
  return SHELL.test(name) && !HARMLESS.test(name) ? 'shell' : 'harmless';
}

/** What giving the variable to a program does: upper-case names that are not known may mean anything to it. */
export function givenVariable(name: string): VariableKind {
  const kind = shellVariable(name);
  if (kind !== 'harmless' || HARMLESS.test(name) || /^[a-z_][a-z0-9_]*$/.test(name)) return kind;
  return 'shell';
}
