/** What is known of a shell command line before it is decided on. Made by `analyseCommand`; docs/ssh-decisions.md. */
import type { TextPlace } from '../types.ts';

/** What a command line is known to touch: Cedar's `context.touches`. Each has one meaning, documented in the Cedar schema. */
export const EFFECTS = [
  'delete',
  'delete-recursive',
  'overwrite',
  'disk',
  'power',
  'service',
  'process',
  'users',
  'permissions',
  'packages',
  'network-config',
  'kernel',
  'mount',
  'schedule',
  'containers',
  'history',
  'download-run',
  'reverse-shell',
  'privilege',
  'environment',
  'remote',
  'network',
  'database',
  'interactive',
  'changes',
  'unknown-program',
] as const;
export type Effect = (typeof EFFECTS)[number];

/** Why a part of a command line cannot be known from its text. */
export const OPAQUE_REASONS = [
  /** It does not parse, or other shells would read it differently. */
  'parse',
  /** The name of the program is made at run time. */
  'dynamic-command',
  /** An argument on which the meaning depends is made at run time. */
  'dynamic-argument',
  /** Text is run as commands: eval, a file, what comes over a pipe. */
  'eval',
  'source',
  'stdin-code',
  /** A program in another language, or a language inside a tool: perl -e, awk's system(). */
  'code',
  /** A script or program whose content is not known. */
  'script',
  /** A known program with an option or a form that this analysis does not know. */
  'unknown-option',
  /** A function or alias of the line takes a program's name. */
  'shadowed',
  /** A variable that changes what programs do: PATH, LD_PRELOAD, IFS, PAGER. */
  'environment',
  /** Nested deeper, or longer, than is followed. */
  'limit',
] as const;
export type OpaqueReason = (typeof OPAQUE_REASONS)[number];

export interface Opaque {
  readonly reason: OpaqueReason;
  /** In words, for the message. */
  readonly detail: string;
}

/** One program that is run, by the shell itself or by another program (`sudo`, `xargs`, `find -exec`). */
export interface SimpleCommand {
  /** Last part of the path: `rm` of `/bin/rm`. Empty when it is made at run time. */
  readonly program: string;
  /** As it was named, quotes and escapes removed. */
  readonly name: string;
  /** Values of the arguments; null for one that is made at run time. */
  readonly args: readonly (string | null)[];
  /** Programs that run it, outermost first: `sudo`, `xargs`. */
  readonly via: readonly string[];
  /** In the text that was analysed, where it stands there itself. */
  readonly at?: TextPlace;
}

/**
 * A file that the command line names. `path` is normalised: absolute, or `~/x` below the home directory, or `?/x` where the directory is not
 * known. Where `pattern` is true, `*` in it stands for anything within one part, `**` for anything at all.
 */
export interface FileAccess {
  readonly access: 'read' | 'write' | 'delete';
  readonly path: string;
  readonly pattern: boolean;
  /** The program, or `shell` for a redirection. */
  readonly by: string;
  /** What is below it is meant, too: `rm -r`, `grep -r`, `tar`. */
  readonly recursive: boolean;
}

export interface CommandAnalysis {
  readonly text: string;
  /** Every program that is run, those inside substitutions, wrappers, functions and branches included. */
  readonly commands: readonly SimpleCommand[];
  readonly files: readonly FileAccess[];
  /** Names of the programs, sorted, each once. */
  readonly programs: readonly string[];
  /** `program option` and `program subcommand` for each option, normalised: `rm -r`, `git push`, `git push --force`. */
  readonly forms: readonly string[];
  readonly touches: readonly Effect[];
  /** Empty: everything in the line is understood. */
  readonly opaque: readonly Opaque[];
  /** Denied whatever policy says: too long, NUL in it. */
  readonly refusal?: { readonly code: 'limit' | 'encoding'; readonly message: string };
}

/** What `analyseCommand` is told about where the line runs. */
export interface ShellEnv {
  /** Absolute path of the user's home directory on the target, where it is known. */
  readonly home?: string;
  /** Where the line starts: an exec starts in the home directory, a line of an interactive shell anywhere. */
  readonly cwd: 'home' | 'unknown';
  /** The line runs at a terminal: pagers and editors take keys. */
  readonly pty?: boolean;
  /** A shell at a terminal reads it: history expansion and aliases apply. */
  readonly interactive: boolean;
}
