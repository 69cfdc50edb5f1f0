/** What the shell itself knows how to do. */
import type { Field } from '../field.ts';
import { knownStart, staticField } from '../field.ts';
import type { Handler, Run } from '../run.ts';
import { optionTable, splitArguments } from '../options.ts';
import { shellOptions } from '../shell-options.ts';
import { applyOptions, each } from '../spec.ts';
import { STDIN_FILE } from './languages.ts';
import { joined, setsVariable } from './wrappers.ts';

const isOption = (f: Field): boolean => f.text !== undefined && /^[-+]/.test(f.text);

const cd: Handler = ({ program, args }, run) => {
  const [to] = args.filter((a) => a.text === undefined || !/^(-[LPe@]+|--)$/.test(a.text));
  if (to === undefined && program === 'pushd') return run.changeDirectory(undefined);
  if (to === undefined) return run.changeDirectory({ ...staticField('~'), home: true });
  run.changeDirectory(to.text === '-' ? undefined : to);
};

/** `x='a[$(reboot)]'` used as the name of a variable runs what is in it. */
function named(field: Field, run: Run, by: string): void {
  if (field.text === undefined || !/^[A-Za-z_]\w*(\+?=.*)?$/s.test(field.text)) run.opaque('eval', `${by} names a variable in a way that may run commands`);
}

/** export, declare, local, readonly: `NAME=value` each. */
const declares: Handler = ({ program, args }, run) => {
  const isValued = args.some((a) => !isOption(a) && a.pattern.includes('='));
  for (const a of args) {
    if (isOption(a)) {
      const computes = program === 'export' ? /^-[A-Za-z]*i/ : isValued ? /^-[A-Za-z]*[niEF]/ : /^-[A-Za-z]*[ni]/;
      if (computes.test(a.text ?? '')) run.opaque('eval', `${program} ${a.text ?? ''} reads values as names or arithmetic`);
      if (program === 'export' && /f/.test(a.text ?? '')) run.opaque('shadowed', 'a function is exported to other programs');
      continue;
    }
    const name = /^([A-Za-z_]\w*)(\+?=|$)/.exec(knownStart(a))?.[1];
    if (name === undefined) {
      run.opaque('eval', `${program} names a variable in a way that may run commands`);
      continue;
    }
    if (a.pattern.includes('=') || program === 'export') setsVariable(name, run);
  }
};

const unset: Handler = ({ program, args }, run) => {
  for (const a of args.filter((x) => !isOption(x))) {
    named(a, run, program);
    if (a.text !== undefined) setsVariable(a.text, run);
  }
};

const READ = optionTable('a:name= d= i= n= N= p= t= u= e r s E A:name= k= q');

/** A word that names a variable which the builtin sets. */
function sets(field: Field | undefined, run: Run, by: string): void {
  if (field === undefined) return;
  named(field, run, by);
  if (field.text !== undefined) setsVariable(field.text, run);
}

const read: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, READ);
  if (found.isUnsure || found.options.some((o) => o.rule === undefined)) run.opaque('unknown-option', `${program} with an option that is not known`);
  for (const o of found.options) if (o.rule?.mark === 'name') sets(o.value, run, program);
  for (const o of found.operands) sets(o, run, program);
};

const MAPFILE = optionTable('d= n= O= s= t u= C=code c=');

/** `mapfile -t lines < file`; `-C` runs what it is told. */
const mapfile: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, MAPFILE);
  applyOptions(program, found, MAPFILE, true, run);
  for (const o of found.operands) sets(o, run, program);
};

const getopts: Handler = ({ program, args }, run) => sets(args.filter((a) => a.text !== '--')[1], run, program);

const WAIT = optionTable('p:name= f n');

const wait: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, WAIT);
  if (found.isUnsure) run.opaque('dynamic-argument', `an argument of ${program} may be an option`);
  for (const o of found.options) if (o.rule?.mark === 'name') sets(o.value, run, program);
};

const set: Handler = ({ args }, run) => {
  const words = args.map((a) => a.text ?? '*');
  if (words.some((w, i) => w === 'history' && words[i - 1] === '+o')) run.touch('history');
  // set -x prints PS4, which is set to something harmless unless the line says otherwise.
  shellOptions(words, run);
};

const alias: Handler = ({ program, args }, run) => {
  for (const a of args) {
    const at = a.pattern.indexOf('=');
    if (at < 0) continue;
    run.opaque('shadowed', `${program} gives a name another meaning`);
    if (a.text !== undefined) run.shell(staticField(a.text.slice(at + 1)), program);
  }
};

const evaluate: Handler = ({ program, args }, run) => {
  const [first] = args;
  const words = first?.text === '--' ? args.slice(1) : args;
  if (words.length > 0) run.shell(joined(words), program);
};

const source: Handler = ({ program, args, stdin }, run) => {
  const [file] = args.filter((a) => a.text !== '--');
  if (file === undefined) return;
  run.file('read', file, program);
  if (STDIN_FILE.test(file.text ?? '') && stdin.kind === 'text') return run.shell(staticField(stdin.text), program);
  run.opaque('source', 'the shell runs a file whose content is not known');
};

const trap: Handler = ({ program, args }, run) => {
  const [code, ...signals] = args.filter((a) => a.text !== '--');
  if (code === undefined || signals.length === 0 || code.text === '-' || code.text === '' || (code.text !== undefined && /^(-[lp]|\d+)$/.test(code.text))) return;
  run.shell(code, program);
};

const printf: Handler = ({ program, args }, run) => {
  const [first, second] = args;
  // Some shells compute what is printed as a number.
  if (/%[^a-zA-Z%]*[diouxXcfFeEgG*]/.test(first?.text ?? '%d') && args.slice(1).some((a) => /\[.*[$`]/s.test(a.text ?? ''))) run.opaque('eval', `${program} may compute what it prints, which may run commands`);
  if (first?.text?.startsWith('-v') !== true && first?.text !== undefined) return;
  if (first?.text === undefined && first !== undefined && knownStart(first) !== '' && !knownStart(first).startsWith('-')) return;
  if (first?.text === undefined) return;
  const name = first.text === '-v' ? second : staticField(first.text.slice(2));
  if (name !== undefined) {
    named(name, run, program);
    if (name.text !== undefined) setsVariable(name.text, run);
  }
};

/** Some shells compute the operands of these, and an index in them may run commands. */
const COMPARES = /^-(eq|ne|lt|le|gt|ge)$/;

/** A number, a value that has nothing but letters and digits, or none. */
const isNumeric = (f: Field): boolean => (f.text === undefined ? f.isUnset === true || (!f.dynamic && !f.splits) : /^\s*[-+]?\d*\s*$/.test(f.text));

const test: Handler = ({ program, args }, run) => {
  for (const [i, a] of args.entries()) {
    if (COMPARES.test(a.text ?? '') && [args[i - 1], args[i + 1]].some((f) => f !== undefined && !isNumeric(f))) run.opaque('eval', `${program} may compute a value of run time, which may run commands`);
  }
  for (const [i, a] of args.entries()) if ((a.text === '-v' || a.text === '-R') && args[i + 1] !== undefined) named(args[i + 1] ?? a, run, program);
};

/** Some shells compute the operands of these. */
const counts: Handler = ({ program, args }, run) => {
  run.form(program);
  for (const a of args) {
    if (a.text === undefined ? a.dynamic : !/^(-?\w*|\+?\d+|%\d+|--)$/.test(a.text)) run.opaque('eval', `${program} may compute its operand, which may run commands`);
  }
};

/** `jobs -x cmd args` runs a program. */
const jobs: Handler = ({ program, args, stdin }, run) => {
  const at = args.findIndex((a) => a.text === undefined || /^-[a-z]*x/.test(a.text));
  if (at >= 0) run.program(args.slice(at + 1), program, stdin);
};

const history: Handler = ({ program, args }, run) => {
  if (args.some((a) => a.text === undefined || !/^\d+$/.test(a.text))) run.touch('history');
  for (const a of args) run.form(`${program} ${a.text ?? '*'}`);
};

const shopt: Handler = ({ args }, run) => {
  const changes = args.filter((a) => !isOption(a)).map((a) => a.text ?? '*');
  if (changes.some((c) => !/^(nullglob|failglob|checkwinsize|cmdhist|lithist|histappend|inherit_errexit|lastpipe|nocasematch|huponexit)$/.test(c)) && args.some((a) => a.text === '-s' || a.text === undefined || /^-[a-z]*[su]/.test(a.text))) {
    run.opaque('parse', 'shopt changes how the rest is read');
  }
};

/** Things of the shell that may run a string later, or that set variables from input. */
const later = (what: string): Handler => ({ program }, run) => run.opaque('eval', `${program} ${what}`);

/** zsh's words before a command that change how it is read. */
const unread: Handler = ({ program, args, stdin }, run) => {
  run.opaque('eval', `${program} changes how the rest is read`);
  if (args.length > 0) run.program(args, program, stdin);
};

export const BUILTINS: Readonly<Record<string, Handler>> = {
  ...each('bg fg disown umask dirs unalias logout suspend', { operands: 'ignore' }),
  ...Object.fromEntries('exit return break continue shift ulimit'.split(' ').map((n) => [n, counts])),
  jobs,
  cd,
  chdir: cd,
  pushd: cd,
  popd: (_call, run) => run.changeDirectory(undefined),
  export: declares,
  declare: declares,
  typeset: declares,
  local: declares,
  readonly: declares,
  unset,
  read,
  getopts,
  wait,
  set,
  alias,
  eval: evaluate,
  source,
  '.': source,
  trap,
  printf,
  test,
  '[': test,
  history,
  fc: (_call, run) => {
    run.touch('history');
    run.opaque('eval', 'fc runs lines of the history');
  },
  shopt,
  let: later('computes at run time'),
  mapfile,
  readarray: mapfile,
  bind: later('binds keys to commands'),
  complete: later('may run commands'),
  compgen: later('may run commands'),
  compopt: later('may run commands'),
  enable: later('loads or switches builtins'),
  hash: ({ program, args }, run) => {
    if (args.some((a) => a.text === undefined || /p/.test(a.text))) run.opaque('shadowed', `${program} -p gives a name another program`);
  },
  setopt: later('changes how the rest is read'),
  unsetopt: later('changes how the rest is read'),
  emulate: later('changes how the rest is read'),
  zmodload: later('loads modules'),
  autoload: later('loads functions'),
  noglob: unread,
  nocorrect: unread,
  coproc: later('runs in the background'),
};
