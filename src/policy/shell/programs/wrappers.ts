/** Programs that run other programs. An option that is not in their table makes the line opaque: what follows could be read wrongly. */
import { optionTable, splitArguments } from '../options.ts';
import type { Arguments } from '../options.ts';
import { UNKNOWN_FIELD, staticField } from '../field.ts';
import type { Field } from '../field.ts';
import type { Handler, Invocation, Run } from '../run.ts';
import { applyOptions } from '../spec.ts';
import { givenVariable } from '../environment.ts';
import type { Effect } from '../types.ts';

interface Wrapper {
  readonly options: string;
  /** Operands before the program: `timeout 5 cmd`. */
  readonly skip?: number;
  readonly touches?: readonly Effect[];
  /** `NAME=value` may stand before the program. */
  readonly assigns?: boolean;
  /** The program runs elsewhere, or later: not with this standard input. */
  readonly elsewhere?: boolean;
  /** What it does without a program. */
  readonly alone?: (run: Run, marks: ReadonlySet<string>, found: Arguments) => void;
}

const STOP = { stopsAtOperand: true } as const;

function wrapper(spec: Wrapper): Handler {
  const table = optionTable(spec.options);
  return (call, run) => {
    if (spec.touches !== undefined) run.touch(...spec.touches);
    const found = splitArguments(call.args, table, STOP);
    const marks = applyOptions(call.program, found, table, true, run);
    if (marks.has('show') || marks.has('list')) return;
    const operands = found.operands.slice(spec.skip ?? 0);
    const argv = spec.assigns === true ? withoutAssignments(operands, run) : operands;
    if (argv.length === 0) return spec.alone?.(run, marks, found);
    run.program(argv, call.program, spec.elsewhere === true ? { kind: 'pipe' } : call.stdin, spec.elsewhere);
  };
}

function withoutAssignments(operands: readonly Field[], run: Run): readonly Field[] {
  let at = 0;
  for (const o of operands) {
    const m = /^([A-Za-z_]\w*)=/.exec(o.pattern);
    if (m?.[1] === undefined) break;
    setsVariable(m[1], run);
    at++;
  }
  return operands.slice(at);
}

export function setsVariable(name: string, run: Run): void {
  run.setVariable(name);
  const kind = givenVariable(name);
  if (kind === 'harmless') return;
  run.touch(kind === 'history' ? 'history' : 'environment');
  if (kind === 'shell') run.opaque('environment', `${name} changes what programs do`);
}

const asShell = (run: Run): void => {
  run.touch('interactive');
  run.opaque('stdin-code', 'a shell reads what comes next');
};

const SUDO = 'u= user= g= group= h= host= p= prompt= C= close-from= T= r= t= A b E:env preserve-env:env H i:shell login:shell s:shell shell:shell k K n S v l:list list:list e:edit edit:edit D= chdir= R=code U= other-user= non-interactive stdin background set-home reset-timestamp validate V';

const sudo = wrapper({
  options: SUDO,
  touches: ['privilege'],
  assigns: true,
  alone: (run, marks) => {
    if (marks.has('shell')) asShell(run);
  },
});

/** `sudo -e file` edits files; all other forms run a program. */
const sudoOrEdit: Handler = (call, run) => {
  const found = splitArguments(call.args, optionTable(SUDO), STOP);
  if (!found.options.some((o) => o.rule?.mark === 'edit')) return sudo(call, run);
  run.touch('privilege', 'interactive');
  for (const o of found.operands) run.file('write', o, call.program);
};

const SU = optionTable('c:command=ignore command:command=ignore session-command:command=ignore l:login login:login m p preserve-environment s=code shell=code g= group= G= supp-group= P pty f fast w= whitelist-environment= u=');

/** `su - alice -c 'text'`: the text is for alice's shell; without it a shell opens. */
const su: Handler = ({ program, args }, run) => {
  run.touch('privilege');
  const found = splitArguments(args, SU);
  applyOptions(program, found, SU, true, run);
  const commands = found.options.filter((o) => o.rule?.mark === 'command');
  for (const c of commands) run.shell(c.value, program);
  // A lone dash is -l.
  const operands = found.operands[0]?.text === '-' ? found.operands.slice(1) : found.operands;
  const [first, ...rest] = operands;
  if (program === 'runuser' && commands.length === 0 && found.options.some((o) => o.name === 'u') && first !== undefined) return run.program(operands, program, { kind: 'inherited' });
  // `su root -- -c text`: what follows the name is for the shell.
  if (rest.length === 2 && rest[0]?.text === '-c') return run.shell(rest[1], program);
  if (rest.length > 0) run.opaque('unknown-option', `${program} gives arguments to a shell`);
  else if (commands.length === 0) asShell(run);
};

const ENV = optionTable('i ignore-environment u=unset unset= C:chdir= chdir:chdir= S:split=ignore split-string:split=ignore 0 null v debug block-signal default-signal ignore-signal a= argv0=');

const env: Handler = (call, run) => {
  // A lone dash is -i.
  const dash = call.args.findIndex((a) => a.text === '-');
  const args = dash >= 0 && call.args.slice(0, dash).every((a) => a.text?.startsWith('-') === true && a.text !== '--') ? call.args.filter((_a, i) => i !== dash) : call.args;
  const found = splitArguments(args, ENV, STOP);
  const marks = applyOptions(call.program, found, ENV, true, run);
  if (marks.has('chdir')) run.changeDirectory(found.options.find((o) => o.rule?.mark === 'chdir')?.value);
  const split = found.options.filter((o) => o.rule?.mark === 'split');
  // env -S has a syntax of its own, near to the shell's: `${VAR}`, `\c`, `#`.
  for (const s of split) {
    if (s.value?.text === undefined || /[\\$#]/.test(s.value.text)) run.opaque('eval', 'env -S splits text that is not plain');
    run.shell(s.value, call.program);
  }
  const argv = withoutAssignments(found.operands, run);
  if (split.length > 0 && argv.length > 0) return run.opaque('eval', 'env -S with arguments');
  if (argv.length > 0) run.program(argv, call.program, call.stdin);
};

const XARGS = optionTable('0 null a=read arg-file=read d= delimiter= E= e eof I:replace= i:replace replace:replace L= l max-lines= n= max-args= P= max-procs= p interactive o open-tty r no-run-if-empty s= max-chars= t verbose x exit process-slot-var:variable= show-limits R= S= J:replace=');

/** The arguments come from standard input: as operands of the program, at its end or where the placeholder stands. */
const xargs: Handler = ({ program, args, stdin }, run) => {
  const found = splitArguments(args, XARGS, STOP);
  applyOptions(program, found, XARGS, true, run);
  for (const o of found.options) if (o.rule?.mark === 'variable') setsVariable(o.value?.text ?? 'PATH', run);
  const replace = found.options.find((o) => o.rule?.mark === 'replace');
  if (found.operands.length === 0) return;
  const mark = replace === undefined ? undefined : (replace.value?.text ?? '{}');
  const given = mark === undefined && stdin.kind === 'text' && found.options.length === 0 ? plainWords(stdin.text) : undefined;
  const argv = mark === undefined ? [...found.operands, ...(given ?? [UNKNOWN_FIELD])] : found.operands.map((o) => filled(o, mark));
  run.program(argv, program, { kind: 'pipe' });
};

/** The words of a text that has no quotes in it. */
function plainWords(text: string): readonly Field[] | undefined {
  return /['"\\]/.test(text) ? undefined : text.split(/\s+/).filter((w) => w !== '').map(staticField);
}

/** The field with a value of run time where the placeholder stands. */
export function filled(field: Field, mark: string): Field {
  if (mark === '' || !field.pattern.includes(mark)) return field;
  return { text: undefined, pattern: field.pattern.replaceAll(mark, '**'), home: field.home, dynamic: true, splits: false };
}

const parallel: Handler = ({ args }, run) => {
  run.opaque('eval', 'parallel makes commands from its input');
  const words = args.filter((a) => a.text !== undefined && !a.text.startsWith('-'));
  const end = args.findIndex((a) => /^:::/.test(a.text ?? ''));
  const given = end < 0 ? [] : args.slice(end + 1).filter((a) => !/^:::/.test(a.text ?? ''));
  // Options of the program stay with it, from its name on.
  const start = args.findIndex((a) => a === words[0]);
  const command = end < 0 ? words : args.slice(start, end);
  if (start < 0 || command.length === 0) return;
  run.program([...command, ...(given.length > 0 ? given : [UNKNOWN_FIELD])], 'parallel', { kind: 'pipe' });
};

/** `watch cmd args`: joined with blanks and given to sh -c, unless -x. */
const watch: Handler = (call, run) => {
  const table = optionTable('n= interval= d differences t no-title b beep e errexit g chgexit c color p precise x:exec exec:exec q= equexit= w no-wrap r no-rerun s= C f');
  const found = splitArguments(call.args, table, STOP);
  const marks = applyOptions(call.program, found, table, true, run);
  if (marks.has('exec')) return run.program(found.operands, call.program, { kind: 'pipe' });
  run.shell(joined(found.operands), call.program);
};

/** The text that a program makes of its arguments for a shell. */
export function joined(fields: readonly Field[]): Field | undefined {
  const parts = fields.map((f) => (f.home ? undefined : f.text));
  return parts.some((p) => p === undefined) ? undefined : staticField(parts.join(' '));
}

/** `at now < file`, `batch`: what comes on standard input runs later. */
const at: Handler = ({ program, args, stdin }, run) => {
  const table = optionTable('f=script q= t= m M v l:list c:list d:delete r:delete V');
  const found = splitArguments(args, table);
  const marks = applyOptions(program, found, table, true, run);
  if (marks.has('list')) return;
  run.touch('schedule');
  if (marks.has('delete')) return;
  if (stdin.kind === 'text') return run.shell(staticField(stdin.text), program);
  run.opaque('stdin-code', `${program} runs what it reads`);
};

const busybox: Handler = (call: Invocation, run: Run) => {
  const [applet] = call.args;
  if (applet === undefined) return;
  if (applet.text?.startsWith('--') === true) return applet.text === '--help' || applet.text === '--list' || applet.text === '--list-full' ? undefined : run.touch('changes', 'unknown-program');
  run.program(call.args, call.program, call.stdin);
};

/** tmux and screen start programs, type into others and run whatever they are told. */
const multiplexer: Handler = ({ program, args }, run) => {
  const words = args.map((a) => a.text);
  if (words.length === 1 && ['ls', 'list-sessions', '-ls', '-list', '-V', '-v'].includes(words[0] ?? '')) return;
  run.touch('interactive');
  run.opaque('eval', `${program} runs what it is told`);
  for (const [i, a] of args.entries()) {
    if (a.text?.includes(' ') === true) run.shell(a, program);
    else if (i > 0 && a.text !== undefined && !a.text.startsWith('-') && args[i + 1] !== undefined && program === 'screen') run.program(args.slice(i), program, { kind: 'pipe' });
  }
};


const FLOCK = wrapper({ options: 's x e u n w= o c E= F v nonblock timeout= close shared exclusive', skip: 1 });

/** `flock file cmd args`, `flock file -c text`. */
const flock: Handler = (call, run) => {
  const at = call.args.findIndex((a) => a.text === '-c' || a.text === '--command');
  if (at > 0) return run.shell(call.args[at + 1], call.program);
  FLOCK(call, run);
};

const FIND_EXEC = new Set(['-exec', '-execdir', '-ok', '-okdir']);
const FIND_VALUES = new Set('-name -iname -path -ipath -wholename -regex -iregex -regextype -type -xtype -size -mtime -mmin -atime -amin -ctime -cmin -newer -anewer -cnewer -samefile -user -group -uid -gid -perm -maxdepth -mindepth -links -inum -fstype -lname -ilname -printf -context -used -D'.split(' '));
const FIND_FLAGS = new Set('-print -print0 -prune -quit -ls -depth -d -mount -xdev -daystart -follow -empty -readable -writable -executable -nouser -nogroup -true -false -not -a -and -o -or ! ( ) , -H -L -P -noleaf -ignore_readdir_race -noignore_readdir_race -warn -nowarn -help -version -O0 -O1 -O2 -O3 -E -X -s -x'.split(' '));

const find: Handler = ({ program, args }, run) => {
  const starts: Field[] = [];
  let at = 0;
  for (; at < args.length; at++) {
    const a = args[at];
    if (a === undefined || /^[-(!,]/.test(a.pattern)) {
      if (a?.text === '-H' || a?.text === '-L' || a?.text === '-P') continue;
      break;
    }
    starts.push(a);
  }
  if (starts.length === 0) starts.push(staticField('.'));
  for (const s of starts) if (s.dynamic) run.opaque('dynamic-argument', 'find starts where it is told at run time');
  const below = starts.map((s): Field => ({ ...s, text: undefined, pattern: `${s.pattern}/**`, splits: false }));
  for (; at < args.length; at++) at = findTerm(program, args, at, below, run);
};

/** One term of find's expression; returns the index of its last argument. */
function findTerm(program: string, args: readonly Field[], at: number, below: readonly Field[], run: Run): number {
  const term = args[at]?.text;
  if (term === undefined) {
    run.opaque('dynamic-argument', 'a term of find is made at run time');
    return at;
  }
  run.form(`${program} ${term}`);
  if (FIND_EXEC.has(term)) {
    const end = args.findIndex((a, i) => i > at && (a.text === ';' || (a.text === '+' && args[i - 1]?.text === '{}')));
    const argv = args.slice(at + 1, end < 0 ? undefined : end);
    run.program(argv.flatMap((a) => (a.text === '{}' ? below : [found(a)])), program, { kind: 'inherited' });
    if (/^(.*\/)?(rm|unlink|shred|rmdir)$/.test(argv[0]?.text ?? '')) removesBelow(program, below, run);
    return end < 0 ? args.length : end;
  }
  if (term === '-delete') {
    removesBelow(program, below, run);
    return at;
  }
  if (term === '-fprint' || term === '-fprint0' || term === '-fls' || term === '-fprintf') {
    const file = args[at + 1];
    if (file !== undefined) run.file('write', file, program);
    return at + (term === '-fprintf' ? 2 : 1);
  }
  if (term === '-files0-from') {
    run.opaque('dynamic-argument', 'find starts where a file says');
    return at + 1;
  }
  if (FIND_VALUES.has(term) || /^-newer[aBcmt]{2}$/.test(term)) return at + 1;
  if (!FIND_FLAGS.has(term)) run.opaque('unknown-option', `find: ${term} is not known`);
  return at;
}

function removesBelow(program: string, below: readonly Field[], run: Run): void {
  run.touch('delete', 'delete-recursive');
  for (const b of below) run.file('delete', b, program, true);
}

/** `{}` within an argument. */
const found = (a: Field): Field => filled(a, '{}');

const SCRIPT = optionTable('c:command=ignore command:command=ignore a append e return f flush force q quiet t= timing=write T=write log-timing=write O=write log-out=write I=write log-in=write B=write log-io=write E= echo= m= logging-format= o= output-limit=');

/** `script -c text file`: the text is for a shell; without it a shell opens. */
const script: Handler = ({ program, args }, run) => {
  run.touch('interactive');
  const found = splitArguments(args, SCRIPT);
  applyOptions(program, found, SCRIPT, true, run);
  const commands = found.options.filter((o) => o.rule?.mark === 'command');
  for (const c of commands) run.shell(c.value, program);
  const [file, ...rest] = found.operands;
  if (file !== undefined) run.file('write', file, program);
  if (rest.length > 0) run.program(rest, program, { kind: 'inherited' });
  else if (commands.length === 0) asShell(run);
};

/** `ionice -c 3 -p 1`: another process is changed; `ionice -p 1` shows. */
const changesProcess = (run: Run, marks: ReadonlySet<string>): void => {
  if (marks.has('process') && marks.has('sets')) run.touch('process');
};

/** `taskset 1 cmd`, `taskset -p 1` shows, `taskset -p 1 1234` changes that process. */
function scheduler(options: string): Handler {
  const table = optionTable(options);
  const runs = wrapper({ options, skip: 1, alone: () => undefined });
  return (call, run) => {
    const found = splitArguments(call.args, table, STOP);
    if (!found.options.some((o) => o.rule?.mark === 'process')) return runs(call, run);
    applyOptions(call.program, found, table, true, run);
    if (found.operands.length !== 1) run.touch('process');
  };
}

/** `sg group -c text`. */
const sg: Handler = ({ program, args }, run) => {
  run.touch('users', 'privilege');
  const [, first, ...more] = args.filter((a) => a.text !== '-');
  if (first === undefined) return asShell(run);
  run.shell(first.text === '-c' ? more[0] : first, program);
};

export const WRAPPERS: Readonly<Record<string, Handler>> = {
  sudo: sudoOrEdit,
  sudoedit: (call, run) => {
    run.touch('privilege', 'interactive');
    for (const a of call.args) if (a.text?.startsWith('-') !== true) run.file('write', a, call.program);
  },
  doas: wrapper({ options: 'u= C=read n s:shell L', touches: ['privilege'], assigns: true, alone: (run, marks) => (marks.has('shell') ? asShell(run) : undefined) }),
  su,
  runuser: su,
  sg,
  env,
  xargs,
  parallel,
  watch,
  at,
  batch: at,
  busybox,
  toybox: busybox,
  tmux: multiplexer,
  screen: multiplexer,
  byobu: multiplexer,
  find,
  command: wrapper({ options: 'p v:show V:show', alone: () => undefined }),
  builtin: wrapper({ options: '' }),
  exec: wrapper({ options: 'c l a=', alone: () => undefined }),
  nohup: wrapper({ options: 'help version' }),
  nice: wrapper({ options: 'n= adjustment= 1 2 3 4 5 6 7 8 9 0' }),
  ionice: wrapper({ options: 'c:sets= class:sets= n:sets= classdata:sets= p:process= pid:process= P:process= u:process= t ignore', alone: changesProcess }),
  chrt: scheduler('a b d f i o r p:process pid:process m v R T= P= D='),
  taskset: scheduler('a p:process c cpu-list all-tasks pid:process'),
  timeout: wrapper({ options: 's= signal= k= kill-after= v verbose f foreground p preserve-status', skip: 1 }),
  time: wrapper({ options: 'p v f= format= o=write output=write a append verbose portability quiet q' }),
  stdbuf: wrapper({ options: 'i= o= e= input= output= error=' }),
  setsid: wrapper({ options: 'c f w ctty fork wait' }),
  unbuffer: wrapper({ options: 'p' }),
  catchsegv: wrapper({ options: '' }),
  linux32: wrapper({ options: '' }),
  linux64: wrapper({ options: '' }),
  setarch: wrapper({ options: 'B F I L R S T X Z v', skip: 1 }),
  flock,
  strace: wrapper({ options: 'e= f ff o=write p= s= c C t tt ttt T y yy v x xx q qq r k i d D h V a= b= E= I= O= P= S= u= n w X= z Z', touches: ['process'], alone: () => undefined }),
  ltrace: wrapper({ options: 'e= f o=write p= s= c S t tt C n= l= x= u= F=read a= A= D= i r T L', touches: ['process'], alone: () => undefined }),
  gdbserver: wrapper({ options: '', skip: 1, touches: ['process'] }),
  chroot: wrapper({ options: 'userspec= groups= skip-chdir', skip: 1, touches: ['privilege'], elsewhere: true, alone: asShell }),
  nsenter: wrapper({ options: 'a all t= target= m mount u uts i ipc n net p pid C cgroup U user T time S= setuid= G= setgid= preserve-credentials r= root= w= wd= W= F no-fork Z e env', touches: ['privilege'], elsewhere: true, alone: asShell }),
  unshare: wrapper({ options: 'i ipc m mount n net p pid u uts U user C cgroup T time f fork kill-child mount-proc r map-root-user c map-current-user map-user= map-group= propagation= setgroups= R= root= w= wd= S= setuid= G= setgid= keep-caps', touches: ['privilege'], elsewhere: true, alone: asShell }),
  'systemd-run': wrapper({ options: 'user system scope u= unit= p=code property=code description= slice= r remain-after-exit send-sighup service-type= uid= gid= nice= working-directory= d same-dir E= setenv= t pty P pipe q quiet on-active= on-boot= on-startup= on-unit-active= on-calendar= timer-property= path-property= socket-property= no-block wait G collect S:shell shell:shell no-ask-password M= machine= H= host=', touches: ['schedule', 'privilege'], elsewhere: true, alone: asShell }),
  'systemd-nspawn': wrapper({ options: 'D= directory= M= machine= b boot', touches: ['privilege', 'containers'], elsewhere: true, alone: asShell }),
  'systemd-inhibit': wrapper({ options: 'what= who= why= mode= list no-pager no-legend', alone: () => undefined }),
  pkexec: wrapper({ options: 'u= user= disable-internal-agent keep-cwd version help', touches: ['privilege'], alone: asShell }),
  script,
  fakeroot: wrapper({ options: 'l= s=write i=read u b=', alone: asShell }),
  proot: wrapper({ options: 'r= b= w= 0 S= R=', touches: ['privilege'], elsewhere: true, alone: asShell }),
  bwrap: (call, run) => {
    run.touch('privilege');
    run.opaque('unknown-option', `${call.program} runs a program in another root`);
  },
};

