/** Every program that is known, by name. A name that is not here is an unknown program. */
import type { Handler } from '../run.ts';
import { BUILTINS } from './builtins.ts';
import { LANGUAGES } from './languages.ts';
import { MIXED } from './mixed.ts';
import { READERS } from './readers.ts';
import { isReadOnlyCall } from './read-only-calls.ts';
import { REMOTE } from './remote.ts';
import { SUBCOMMANDS } from './subcommands.ts';
import { SYSTEM } from './system.ts';
import { WRAPPERS } from './wrappers.ts';
import { WRITERS } from './writers.ts';

/** Later tables win: a program that is described in two is described better in the later one. */
const PROGRAMS = new Map<string, Handler>(Object.entries({ ...READERS, ...WRITERS, ...SYSTEM, ...LANGUAGES, ...SUBCOMMANDS, ...REMOTE, ...WRAPPERS, ...MIXED, ...BUILTINS }));

const showsOnly: Handler = ({ program, args }, run) => {
  for (const a of args) {
    if (a.text?.startsWith('-') === true) run.form(`${program} ${a.text}`);
    // A tool that checks a file may print what it does not understand of it.
    else if (a.text?.includes('/') === true && !a.text.startsWith('/dev/')) run.file('read', a, program);
  }
};

export function programHandler(program: string): Handler | undefined {
  const handler = PROGRAMS.get(program);
  if (handler === undefined) return undefined;
  return (call, run) => (isReadOnlyCall(program, call.args.map((a) => a.text)) ? showsOnly : handler)(call, run);
}
