/** Splits arguments into options and operands the way getopt does, by what is known of a program's options. */
import { knownStart, rest } from './field.ts';
import type { Field } from './field.ts';
import type { Effect } from './types.ts';

/** What an option's value, or an operand, is to the program. */
/** `number`: a number; anything else is an operand after all, which is read. `names`: a file that names the files to work on. */
export const ROLES = ['ignore', 'number', 'read', 'write', 'delete', 'code', 'script', 'names'] as const;
export type Role = (typeof ROLES)[number];

export interface OptionRule {
  readonly takesValue: boolean;
  readonly role: Role;
  readonly effect?: Effect;
  /** What the option means to a handler: `recursive`, `command`. */
  readonly mark?: string;
}

export type OptionTable = ReadonlyMap<string, OptionRule>;

/**
 * Reads the short notation of the tables: `n= o=write r:recursive k!process x:command=`. `=` takes a value, with its role;
 * `:` gives a mark; `!` an effect. One letter is a short option, more a long one.
 */
export function optionTable(notation: string): OptionTable {
  const table = new Map<string, OptionRule>();
  for (const item of notation.split(/\s+/).filter((x) => x !== '')) {
    const m = /^([^=:!]+)(?::([\w-]+))?(?:!([a-z-]+))?(=([a-z]*))?$/.exec(item);
    if (m?.[1] === undefined) throw new Error(`not an option: ${item}`);
    const [, name, mark, effect, value, role] = m;
    table.set(name, {
      takesValue: value !== undefined,
      role: (ROLES as readonly string[]).includes(role ?? '') ? (role as Role) : 'ignore',
      ...(mark === undefined ? {} : { mark }),
      ...(effect === undefined ? {} : { effect: effect as Effect }),
    });
  }
  return table;
}

export interface FoundOption {
  /** Without dashes. */
  readonly name: string;
  readonly rule: OptionRule | undefined;
  readonly value?: Field;
}

export interface Arguments {
  readonly options: readonly FoundOption[];
  readonly operands: readonly Field[];
  /** An argument may be an option: its beginning is not known. */
  readonly isUnsure: boolean;
}

export interface OptionStyle {
  /** Options end at the first operand, as for programs that run another one. */
  readonly stopsAtOperand?: boolean;
  /** `-name value` with one dash: find, java, openssl. */
  readonly singleDashLong?: boolean;
}

/** An abbreviated long option means each option that it could be; the most telling one counts. */
function longRule(table: OptionTable, name: string): OptionRule | undefined {
  const exact = table.get(name);
  if (exact !== undefined && name.length > 1) return exact;
  const candidates = [...table].filter(([k]) => k.length > 1 && k.startsWith(name)).map(([, rule]) => rule);
  return candidates.find((r) => r.role !== 'ignore' || r.effect !== undefined || r.mark !== undefined) ?? candidates[0];
}

export function splitArguments(args: readonly Field[], table: OptionTable, style: OptionStyle = {}): Arguments {
  const options: FoundOption[] = [];
  const operands: Field[] = [];
  let isUnsure = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === undefined) break;
    const start = knownStart(arg);
    const isOption = !arg.home && start.startsWith('-') && start !== '-';
    if (arg.text === '--') {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (!isOption) {
      // A number or a name of the system begins with no dash.
      if (arg.text === undefined && start === '' && !arg.home && arg.noDash !== true && (arg.dynamic || arg.splits)) isUnsure = true;
      operands.push(arg);
      if (style.stopsAtOperand === true) {
        operands.push(...args.slice(i + 1));
        break;
      }
      continue;
    }
    const found = start.startsWith('--') || style.singleDashLong === true ? longOption(arg, start, args[i + 1], table, style) : shortOptions(arg, start, args[i + 1], table);
    options.push(...found.options);
    if (found.isUnsure) isUnsure = true;
    if (found.tookNext) i++;
  }
  return { options, operands, isUnsure };
}

const NAMES_FILE: ReadonlySet<Role> = new Set<Role>(['read', 'write', 'delete', 'script', 'names']);

interface Found {
  readonly options: readonly FoundOption[];
  readonly tookNext: boolean;
  readonly isUnsure: boolean;
}

function longOption(arg: Field, start: string, next: Field | undefined, table: OptionTable, style: OptionStyle): Found {
  const dashes = start.startsWith('--') ? 2 : 1;
  const equals = start.indexOf('=');
  const name = start.slice(dashes, equals < 0 ? undefined : equals);
  const rule = style.singleDashLong === true ? table.get(name) : longRule(table, name);
  if (equals >= 0) return { options: [{ name, rule, value: rest(arg, equals + 1) }], tookNext: false, isUnsure: false };
  if (arg.text === undefined) return { options: [{ name, rule }], tookNext: false, isUnsure: true };
  if (rule?.takesValue !== true) return { options: [{ name, rule }], tookNext: false, isUnsure: false };
  return { options: [next === undefined ? { name, rule } : { name, rule, value: next }], tookNext: true, isUnsure: next?.splits === true };
}

function shortOptions(arg: Field, start: string, next: Field | undefined, table: OptionTable): Found {
  const options: FoundOption[] = [];
  for (let i = 1; i < start.length; i++) {
    const name = start.charAt(i);
    const rule = table.get(name);
    if (rule?.takesValue !== true) {
      // No letter of an option is a slash or a dot: `-f/etc/shadow` gives a value to an option that is not in the table.
      if (rule === undefined && /[/.~]/.test(start.charAt(i + 1))) return { options: [...options, { name, rule, value: rest(arg, i + 1) }], tookNext: false, isUnsure: false };
      options.push({ name, rule });
      continue;
    }
    const attached = i + 1 < arg.pattern.length;
    // Programs written in Go take `-f=x` for `-f x`.
    const value = attached ? rest(arg, NAMES_FILE.has(rule.role) && start.charAt(i + 1) === '=' ? i + 2 : i + 1) : next;
    options.push(value === undefined ? { name, rule } : { name, rule, value });
    return { options, tookNext: !attached, isUnsure: !attached && next?.splits === true };
  }
  return { options, tookNext: false, isUnsure: arg.text === undefined };
}
