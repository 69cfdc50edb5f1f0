/**
 * Variables whose value is known: assigned exactly once in the whole text, where the shell surely comes by before it is
 * used. Everything else is a value of run time.
 */
import { forEachChild } from 'unbash';
import type { ParsedScript, SyntaxNode } from 'unbash';
import type { Value } from './expand.ts';

/** Builtins that set variables by name: with one of them in the text no value is followed. */
const SETTERS = new Set(['read', 'declare', 'typeset', 'local', 'readonly', 'mapfile', 'readarray', 'getopts', 'printf', 'let', 'unset', 'eval', 'source', '.', 'set', 'shift', 'coproc', 'vared', 'zparseopts']);

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
    if (node.type === 'Command' && node.name !== undefined && (SETTERS.has(node.name.value) || node.name.parts !== undefined)) this.#isFollowed = false;
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
    if (!this.#isFollowed || !isCertain || values === undefined || this.#counts.get(name) !== 1) this.#values.delete(name);
    else this.#values.set(name, values);
  }

  forget(name: string): void {
    this.#values.delete(name);
  }
}
