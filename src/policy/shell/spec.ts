/** Programs that are described by a line of a table: which options take values, what the operands are, what it touches. */
import type { Field } from './field.ts';
import { optionTable, splitArguments } from './options.ts';
import type { Arguments, FoundOption, OptionTable, Role } from './options.ts';
import type { Handler, Run } from './run.ts';
import type { Effect } from './types.ts';

export interface Spec {
  /** In the notation of `optionTable`. */
  readonly options?: string;
  /** Roles of the operands in order; the last one repeats: `ignore read`. Default `read`. */
  readonly operands?: string;
  readonly touches?: readonly Effect[];
  /** An option that is not in the table makes the command opaque. */
  readonly strict?: boolean;
  /** Reads what is below its operands without an option for it. */
  readonly recursive?: boolean;
}

/** The options of a call in the normal form of `context.forms`. */
export function noteForms(program: string, options: readonly FoundOption[], run: Run): void {
  for (const o of options) {
    run.form(`${program} ${o.name.length === 1 ? '-' : '--'}${o.name}`);
    if (o.rule?.mark !== undefined) run.form(`${program} ${o.rule.mark}`);
  }
}

/** Applies the roles of the options' values. Returns the marks that were found. */
export function applyOptions(program: string, found: Arguments, table: OptionTable, strict: boolean, run: Run): ReadonlySet<string> {
  noteForms(program, found.options, run);
  const marks = new Set<string>();
  for (const o of found.options) {
    if (o.rule === undefined) {
      if (strict) run.opaque('unknown-option', `${program}: option ${o.name} is not known`);
      // Whatever it means, its value may be a file.
      else if (o.value !== undefined && (o.value.text?.includes('/') ?? true)) run.file('read', o.value, program);
      continue;
    }
    if (o.rule.mark !== undefined) marks.add(o.rule.mark);
    if (o.rule.effect !== undefined) run.touch(o.rule.effect);
    if (o.value !== undefined) applyRole(o.rule.role, o.value, program, run, false);
    else if (o.rule.role === 'code') run.opaque('code', `${program} --${o.name} runs other programs`);
  }
  // A number says nothing of files, and what it would take from them is read less.
  const matters = strict || [...table.values()].some((r) => (r.role !== 'ignore' && r.role !== 'number') || r.effect !== undefined);
  if (found.isUnsure && matters) run.opaque('dynamic-argument', `an argument of ${program} may be an option`);
  return marks;
}

export function applyRole(role: Role, value: Field, program: string, run: Run, recursive: boolean): void {
  switch (role) {
    case 'ignore':
      return;
    case 'number':
      if (/^[-+]?\d+[A-Za-z]*$/.test(value.text ?? '')) return;
      return run.file('read', value, program, recursive);
    case 'read':
    case 'write':
    case 'delete':
      if (value.text !== '-') run.file(role, value, program, recursive);
      return;
    case 'names':
      if (value.text !== '-') run.file('read', value, program);
      return run.opaque('dynamic-argument', `${program} works on the files that its input names`);
    case 'code':
      return run.opaque('code', `${program} is given code or a program to run`);
    case 'script':
      run.file('read', value, program);
      return run.opaque('script', `${program} runs a file whose content is not known`);
  }
}

/** Makes the handler of a described program. */
export function handlerOf(spec: Spec): Handler {
  const table = optionTable(spec.options ?? '');
  const roles = (spec.operands ?? 'read').split(' ') as Role[];
  return ({ program, args }, run) => {
    if (spec.touches !== undefined) run.touch(...spec.touches);
    const found = splitArguments(args, table);
    const marks = applyOptions(program, found, table, spec.strict === true, run);
    const recursive = spec.recursive === true || marks.has('recursive');
    for (const [i, operand] of found.operands.entries()) applyRole(roles[Math.min(i, roles.length - 1)] ?? 'read', operand, program, run, recursive);
  };
}

/** The same description for several programs: `cat tac nl`. */
export function each(names: string, spec: Spec): Record<string, Handler> {
  const handler = handlerOf(spec);
  return Object.fromEntries(names.split(/\s+/).filter((n) => n !== '').map((n) => [n, handler]));
}
