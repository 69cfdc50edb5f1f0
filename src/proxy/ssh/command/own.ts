/** Lines of a shell of mode `command` that are about the shell itself, told by the grammar and not by their looks. */
import type { Assignment, Command, Word, WordPart } from 'unbash';
import { parseShell } from '../../../policy/shell/parse.ts';

export type Own =
  /** `text`: the command without comments. `to`: `-`, nothing (home), or something that the target works out. */
  | { readonly kind: 'cd'; readonly text: string; readonly to: 'home' | 'previous' | 'elsewhere' }
  /** Variables: the statement is written before each later line. */
  | { readonly kind: 'remember'; readonly statement: string }
  | { readonly kind: 'exit'; readonly status: number | undefined }
  | { readonly kind: 'history' }
  /** It would have no effect: why. */
  | { readonly kind: 'pointless'; readonly reason: string };

/** They change the shell that reads them, which ends with the line. */
const CHANGES_SHELL = new Set(['alias', 'unalias', 'set', 'shopt', 'umask', 'ulimit', 'trap', 'declare', 'typeset', 'readonly', 'bind', 'enable', 'complete', 'hash']);
const NEEDS_SHELL = new Set(['fg', 'bg', 'jobs', 'disown', 'suspend', 'pushd', 'popd', 'dirs']);
const NAME = /^[A-Za-z_]\w*$/;
const LATER = 'each line runs in a shell of its own';

/** @returns undefined for a line that is run at the target */
export function ownLine(line: string): Own | undefined {
  const parsed = parseShell(line);
  if ('problem' in parsed) return undefined;
  const [only, ...more] = parsed.script.commands;
  if (only === undefined || more.length > 0 || only.background === true) return undefined;
  if (only.command.type === 'Function') return { kind: 'pointless', reason: `a function does not last: ${LATER}. Define and call it in one line` };
  if (only.command.type !== 'Command' || only.command.redirects.length > 0) return undefined;
  return simple(only.command, line.slice(only.command.pos, only.command.end));
}

function simple(command: Command, text: string): Own | undefined {
  const { args } = command;
  if (command.name === undefined) return assignments(command, text);
  const name = command.name.parts === undefined ? command.name.value : undefined;
  if (name === undefined || command.prefix.length > 0) return undefined;
  const words = args.map((a) => (a.type === 'Word' && a.parts === undefined ? a.value : undefined));
  switch (name) {
    case 'cd':
      return { kind: 'cd', text, to: words.length === 0 ? 'home' : words.length === 1 && words[0] === '-' ? 'previous' : 'elsewhere' };
    case 'export':
    case 'unset':
      return declared(name, args, text);
    case 'exit':
    case 'logout':
      return words.length === 0 ? { kind: 'exit', status: undefined } : words.length === 1 && /^\d{1,3}$/.test(words[0] ?? '') ? { kind: 'exit', status: Number(words[0]) & 0xff } : undefined;
    case 'history':
      return words.length === 0 ? { kind: 'history' } : undefined;
    default:
      if (NEEDS_SHELL.has(name)) return { kind: 'pointless', reason: `${name} needs a shell that goes on: ${LATER}` };
      return CHANGES_SHELL.has(name) && words.length > 0 && !(words.length === 1 && words[0] === '-p') ? { kind: 'pointless', reason: `${name} does not last: ${LATER}. Put it in front of the commands that it is for, with a semicolon` } : undefined;
  }
}

function assignments({ prefix }: Command, text: string): Own | undefined {
  if (prefix.length === 0) return undefined;
  return prefix.every((p) => p.type === 'Assignment' && isKept(p)) ? { kind: 'remember', statement: text } : notKept();
}

function declared(name: 'export' | 'unset', args: readonly (Word | Assignment)[], text: string): Own | undefined {
  const [first] = args;
  if (first === undefined || (first.type === 'Word' && first.value.startsWith('-'))) return undefined;
  const kept = args.every((a) => (a.type === 'Assignment' ? name === 'export' && isKept(a) : a.parts === undefined && NAME.test(a.value)));
  return kept ? { kind: 'remember', statement: text } : notKept();
}

const notKept = (): Own => ({ kind: 'pointless', reason: `only plain values and other variables are kept, since they are written before each later line: ${LATER}. Use the value in the line that makes it` });

function isKept(a: Assignment): boolean {
  return a.index === undefined && a.value.type === 'Word' && (a.value.parts ?? []).every(isStill);
}

/** It is the same each time it is worked out, and nothing is run for it. */
function isStill(part: WordPart): boolean {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return true;
    case 'SimpleExpansion':
      return /^\$(?!RANDOM$|SECONDS$|EPOCH|SRANDOM$|BASHPID$)[A-Za-z_]\w*$/.test(part.text);
    case 'ParameterExpansion':
      return part.operation === undefined && part.prefix === undefined && part.index === undefined && NAME.test(part.parameter);
    case 'DoubleQuoted':
      return part.parts.every(isStill);
    default:
      return false;
  }
}
