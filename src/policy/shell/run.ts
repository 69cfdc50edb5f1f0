/** What a handler of a program may say and ask: one program being run, with its arguments. */
import type { Field } from './field.ts';
import type { Effect, FileAccess, OpaqueReason } from './types.ts';

/** What a program reads as its standard input. */
export type Stdin = { readonly kind: 'inherited' } | { readonly kind: 'pipe' } | { readonly kind: 'file' } | { readonly kind: 'text'; readonly text: string };

export interface Invocation {
  readonly program: string;
  readonly args: readonly Field[];
  readonly stdin: Stdin;
  /** Programs that run this one, outermost first. */
  readonly via: readonly string[];
}

export interface Run {
  touch(...effects: readonly Effect[]): void;
  opaque(reason: OpaqueReason, detail: string): void;
  form(text: string): void;
  file(access: FileAccess['access'], path: Field, by: string, recursive?: boolean): void;
  /** Analyses text that a shell runs. `elsewhere`: on another host or in another root, where files are not this host's. */
  shell(code: Field | undefined, by: string, elsewhere?: boolean): void;
  /** Analyses a program and its arguments that `by` runs. */
  program(argv: readonly Field[], by: string, stdin: Stdin, elsewhere?: boolean): void;
  /** The directory changes from here on; undefined: to one that is not known. */
  changeDirectory(to: Field | undefined): void;
  setVariable(name: string): void;
}

export type Handler = (call: Invocation, run: Run) => void;
