/**
 * Variables whose value is known: assigned exactly once in the whole text, where the shell surely comes by before it is
 * used. Everything else is a value of run time.
 */
import { forEachChild } from 'unbash';
import type { Command, ParsedScript, SyntaxNode } from 'unbash';
import type { Value } from './expand.ts';

/** Builtins that set variables by name: with one of them in the text no value is followed. */
const SETTERS = new Set(['read', 'declare', 'typeset', 'local', 'readonly', 'mapfile', 'readarray', 'getopts', 'printf', 'let', 'unset', 'eval', 'source', '.', 'set', 'shift', 'coproc', 'vared', 'zparseopts', 'trap', 'wait']);
/** What follows may be one of them. */
const PREFIXES = new Set(['command', 'builtin', 'time', 'exec', 'noglob']);
/** The shell gives these values of its own, whatever is assigned. */
const OWN = /^(_|PWD|OLDPWD|REPLY|RANDOM|SRANDOM|SECONDS|LINENO|EPOCH.*|BASH.*|DIRSTACK|FUNCNAME|GROUPS|UID|EUID|PPID|HOSTNAME|PIPESTATUS|OPTARG|OPTIND|MAPFILE|COPROC.*|COLUMNS|LINES|HISTCMD|COMP_.*|READLINE_.*|MATCH|MBEGIN|MEND|match|mbegin|mend|argv|ARGV|ARGC|status|pipestatus|reply|ZSH_.*|KSH_.*|TTY|ERRNO|LOGNAME|USERNAME|\d+)$/;

export class Variables {
  readonly #counts = new Map<string, number>();
  readonly #values = new Map<string, readonly Value[]>();
  #isFollowed = true;

  constructor(script: ParsedScript) {
    const stack: SyntaxNode[] = [script];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      this.#look(node);
      forEachChild(node, (child) => stack.push(child));
    }
  }

  #look(node: SyntaxNode): void {
    if (node.type === 'Assignment') this.#count(node.name);
    if (node.type === 'For' || node.type === 'Select') this.#count(node.name.value);
    if (node.type === 'ParameterExpansion' && node.operation?.type === 'Default' && node.operation.operator.includes('=')) this.#count(node.parameter);
    if (node.type === 'Redirect' && node.descriptor?.type === 'FileDescriptorVariable') this.#count(node.descriptor.name);
    if (node.type === 'Command' && maySet(node)) this.#isFollowed = false;
    if (node.type === 'ArithmeticBinary' && /^[-+*/%&|^<>]*=$/.test(node.operator) && !['==', '<=', '>='].includes(node.operator)) this.#isFollowed = false;
    if (node.type === 'ArithmeticUnary' && (node.operator === '++' || node.operator === '--')) this.#isFollowed = false;
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  isAssigned(name: string): boolean {
    return !this.#isFollowed || this.#counts.has(name);
  }

  values(name: string): readonly Value[] | undefined {
    return this.#values.get(name);
  }

  /** `isCertain`: whatever follows in the text runs after this assignment. */
  set(name: string, values: readonly Value[] | undefined, isCertain: boolean): void {
    if (!this.#isFollowed || !isCertain || values === undefined || this.#counts.get(name) !== 1 || OWN.test(name)) this.#values.delete(name);
    else this.#values.set(name, values);
  }

  known(): ReadonlyMap<string, readonly Value[]> {
    return new Map(this.#values);
  }

  restore(known: ReadonlyMap<string, readonly Value[]>): void {
    this.#values.clear();
    for (const [name, values] of known) this.#values.set(name, values);
  }

  forget(name: string): void {
    this.#values.delete(name);
  }
}

/** The command may set variables by name. */
function maySet({ name, args }: Command): boolean {
  if (name === undefined) return false;
  if (SETTERS.has(name.value) || name.parts !== undefined) return true;
  return PREFIXES.has(name.value) && args.some((a) => a.type === 'Assignment' || a.parts !== undefined || SETTERS.has(a.value));
}
