/**
 * Variables whose value is known: assigned exactly once in the whole text, where the shell surely comes by before it is
 * used. Those that are only ever given integers are numbers, however often. Everything else is a value of run time.
 */
import { forEachChild } from 'unbash';
import type { Command, ParsedScript, SyntaxNode, Word, WordPart } from 'unbash';
import { isAssignment, nameOf } from './expand.ts';
import type { Value } from './expand.ts';
import { printsNumber } from './output.ts';

/** Builtins that set variables by name: with one of them in the text no value is followed. */
const SETTERS = new Set(['read', 'export', 'declare', 'typeset', 'local', 'readonly', 'mapfile', 'readarray', 'getopts', 'printf', 'let', 'unset', 'eval', 'source', '.', 'set', 'shift', 'coproc', 'vared', 'zparseopts', 'trap', 'wait']);
/** Calls of them that set none, word by word: `printf '%s'`, `set -eu`, `wait $!`. */
const SETS_NONE: ReadonlyMap<string, (args: readonly Word[]) => boolean> = new Map([
  ['printf', ([first]: readonly Word[]) => first !== undefined && /^[^-$`*?[{~]/.test(first.value)],
  ['set', (args: readonly Word[]) => args.every((a) => /^(-[euxvfC]+|-[euxvfC]*o|pipefail|errexit|nounset|xtrace)$/.test(a.text))],
  ['wait', (args: readonly Word[]) => args.every((a) => /^(\$!|\d+|%\d+)$/.test(a.text))],
  ['export', (args: readonly Word[]) => args.every((a) => /^(-[np]|[A-Za-z_]\w*)$/.test(a.text))],
]);
/** What follows may be one of them. */
const PREFIXES = new Set(['command', 'builtin', 'time', 'exec', 'noglob']);
/** The shell gives these values of its own, whatever is assigned. */
const OWN = /^(_|PWD|OLDPWD|REPLY|RANDOM|SRANDOM|SECONDS|LINENO|EPOCH.*|BASH.*|DIRSTACK|FUNCNAME|GROUPS|UID|EUID|PPID|HOSTNAME|PIPESTATUS|OPTARG|OPTIND|MAPFILE|COPROC.*|COLUMNS|LINES|HISTCMD|COMP_.*|READLINE_.*|MATCH|MBEGIN|MEND|match|mbegin|mend|argv|ARGV|ARGC|status|pipestatus|reply|ZSH_.*|KSH_.*|TTY|ERRNO|LOGNAME|USERNAME|\d+)$/;

interface Known {
  readonly values: ReadonlyMap<string, readonly Value[]>;
  readonly numbers: ReadonlySet<string>;
}

/** `5`, `$?`, `$((x + 1))`; in a list `{1..9}` and `$(seq 3)`, too: an integer, or several, whatever happens. */
function isInteger(word: Word, inList = false): boolean {
  const [only, ...more] = word.parts ?? [];
  if (only === undefined) return /^\d+$/.test(word.text);
  if (more.length > 0) return false;
  if (only.type === 'DoubleQuoted') return only.parts.length === 1 && only.parts[0] !== undefined && computes(only.parts[0]);
  if (only.type === 'SimpleExpansion') return /^\$[?#$]$/.test(only.text);
  if (inList && only.type === 'BraceExpansion') return /^\{\d+\.\.\d+(\.\.\d+)?\}$/.test(only.text);
  if (inList && only.type === 'CommandExpansion' && /^\$\(\s*seq( \d+){1,3}\s*\)$/.test(only.text)) return true;
  return computes(only);
}

const computes = (part: WordPart): boolean => part.type === 'ArithmeticExpansion' || (part.type === 'CommandExpansion' && part.script !== undefined && printsNumber(part.script));

export class Variables {
  readonly #counts = new Map<string, number>();
  readonly #values = new Map<string, readonly Value[]>();
  /** Given something else than an integer anywhere in the text. */
  readonly #others = new Set<string>();
  readonly #numbers = new Set<string>();
  #isFollowed = true;

  constructor(script: ParsedScript) {
    const stack: SyntaxNode[] = [script];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      this.#look(node);
      forEachChild(node, (child) => stack.push(child));
    }
  }

  #look(node: SyntaxNode): void {
    if (node.type === 'Assignment') this.#count(node.name, node.append !== true && node.index === undefined && node.value.type === 'Word' && isInteger(node.value));
    if (node.type === 'For') this.#count(node.name.value, node.wordlist?.every((w) => isInteger(w, true)) === true);
    if (node.type === 'Select') this.#count(node.name.value);
    if (node.type === 'ParameterExpansion' && node.operation?.type === 'Default' && node.operation.operator.includes('=')) this.#count(node.parameter);
    if (node.type === 'Redirect' && node.descriptor?.type === 'FileDescriptorVariable') this.#count(node.descriptor.name);
    if (node.type === 'Command' && maySet(node)) this.#isFollowed = false;
    const set = node.type === 'ArithmeticBinary' && isAssignment(node.operator) ? node.left : node.type === 'ArithmeticUnary' && (node.operator === '++' || node.operator === '--') ? node.operand : undefined;
    if (set === undefined) return;
    const name = nameOf(set);
    if (name === undefined) this.#isFollowed = false;
    // Twice: its text is not known.
    else for (let i = 0; i < 2; i++) this.#count(name, true);
  }

  #count(name: string, isNumber = false): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    if (!isNumber) this.#others.add(name);
  }

  isNumber(name: string): boolean {
    return this.#numbers.has(name);
  }

  /** An assignment is made; what follows where it stands runs after it. */
  setNumber(name: string): void {
    if (this.#isFollowed && !this.#others.has(name) && !OWN.test(name)) this.#numbers.add(name);
  }

  numbers(): ReadonlySet<string> {
    return new Set(this.#numbers);
  }

  /** What was set since then may not have been. */
  keepNumbers(then: ReadonlySet<string>): void {
    for (const name of this.#numbers) if (!then.has(name)) this.#numbers.delete(name);
  }

  isAssigned(name: string): boolean {
    return !this.#isFollowed || this.#counts.has(name);
  }

  /** Clients may set upper-case names only, and only those that policy lists. */
  isUnset(name: string): boolean {
    return /^[a-z_][a-z0-9_]*$/.test(name) && !OWN.test(name) && !this.isAssigned(name);
  }

  values(name: string): readonly Value[] | undefined {
    return this.#values.get(name);
  }

  /** `isCertain`: whatever follows in the text runs after this assignment. */
  set(name: string, values: readonly Value[] | undefined, isCertain: boolean): void {
    if (!this.#isFollowed || !isCertain || values === undefined || this.#counts.get(name) !== 1 || OWN.test(name)) this.#values.delete(name);
    else this.#values.set(name, values);
  }

  known(): Known {
    return { values: new Map(this.#values), numbers: new Set(this.#numbers) };
  }

  restore({ values, numbers }: Known): void {
    this.#values.clear();
    for (const [name, value] of values) this.#values.set(name, value);
    this.#numbers.clear();
    for (const name of numbers) this.#numbers.add(name);
  }

  forget(name: string): void {
    this.#values.delete(name);
    this.#numbers.delete(name);
  }
}

/** The command may set variables by name. */
function maySet({ name, args }: Command): boolean {
  if (name === undefined) return false;
  if (name.parts !== undefined) return true;
  if (SETTERS.has(name.value)) return SETS_NONE.get(name.value)?.(args.filter((a) => a.type === 'Word')) !== true;
  return PREFIXES.has(name.value) && args.some((a) => a.type === 'Assignment' || a.parts !== undefined || SETTERS.has(a.value));
}
