/** Shells, interpreters, and tools with a language of their own. */
import { UNKNOWN_FIELD, staticField } from '../field.ts';
import type { Field } from '../field.ts';
import { optionTable, splitArguments } from '../options.ts';
import type { Arguments } from '../options.ts';
import type { Handler, Invocation, Run } from '../run.ts';
import { shellOptions } from '../shell-options.ts';
import { applyOptions, each } from '../spec.ts';
import { awkCode } from './awk-program.ts';
import { isPlainSed } from './sed-script.ts';

const SHELL = optionTable('c:command i:interactive l login s:stdin e u x v n f a b h k m p r t B C E H P T D o= O= rcfile=script init-file=script norc noprofile posix login restricted verbose noediting debugger dump-strings dump-po-strings debug help version');

/** Names of what comes on standard input. */
export const STDIN_FILE = /^(\/dev\/(stdin|fd\/0)|\/proc\/(self|thread-self)\/fd\/0)$/;

/** `sh -c text`, `bash -lc text`, `sh file`, `sh < file`. */
const shell: Handler = (call, run) => {
  const { program, args } = call;
  const given = args.filter((a) => !/^\+[A-Za-z]$/.test(a.text ?? ''));
  const found = splitArguments(given, SHELL, { stopsAtOperand: true });
  shellOptions(given.slice(0, given.length - found.operands.length).map((a) => a.text ?? '*'), run);
  const marks = applyOptions(program, found, SHELL, true, run);
  const [first, ...parameters] = found.operands;
  if (marks.has('interactive')) run.touch('interactive');
  if (marks.has('command')) {
    if (first === undefined) return;
    run.shell(first, program);
    if (parameters.length > 0 && /\$[{@*0-9]/.test(first.text ?? '')) positional(first, parameters, run);
    return;
  }
  if (first !== undefined && !marks.has('stdin')) {
    run.file('read', first, program);
    if (STDIN_FILE.test(first.text ?? '') || first.text === '-') return fromStdin(call, run);
    return run.opaque('script', `${program} runs a file whose content is not known`);
  }
  if (found.options.some((o) => o.name === 'version' || o.name === 'help')) return;
  fromStdin(call, run);
};

/** `sh -c '"$@"' sh rm -rf /`: the arguments may be what is run. */
function positional(code: Field, parameters: readonly Field[], run: Run): void {
  if (!/^\s*(exec\s+)?"?\$(@|\*|0|1|\{)/.test(code.text ?? '')) return;
  for (const argv of [parameters, parameters.slice(1)]) if (argv.length > 0) run.program(argv, 'sh', { kind: 'pipe' });
}

function fromStdin(call: Invocation, run: Run): void {
  const { stdin, program } = call;
  if (stdin.kind === 'text') return run.shell(staticField(stdin.text), program);
  if (stdin.kind === 'inherited') run.touch('interactive');
  run.opaque('stdin-code', `${program} runs what it reads from its input`);
}

const REVERSE = /socket|\/dev\/(tcp|udp)|TCPSocket|fsockopen|net\.connect|pty\.spawn/;

/** perl, python, ruby ...: code in a language that is not read here. */
function interpreter(codeOptions: string, values: string, flags: string): Handler {
  const table = optionTable(`${codeOptions.split('').map((c) => `${c}:code=ignore`).join(' ')} ${values} ${flags} version:show help:show V:show`);
  return (call, run) => {
    const { program, args, stdin } = call;
    const found = splitArguments(args, table, { stopsAtOperand: true });
    const marks = applyOptions(program, found, table, false, run);
    if (marks.has('show') && args.length === 1) return;
    const code = found.options.filter((o) => o.rule?.mark === 'code');
    for (const c of code) if (REVERSE.test(c.value?.text ?? '')) run.touch('reverse-shell');
    if (code.length > 0 || found.options.some((o) => o.name === 'eval' || o.name === 'print' || o.name === 'm')) return run.opaque('code', `${program} is given code`);
    const [first] = found.operands;
    if (first !== undefined && first.text !== '-') {
      run.file('read', first, program);
      return run.opaque('script', `${program} runs a file whose content is not known`);
    }
    if (stdin.kind === 'inherited') run.touch('interactive');
    run.opaque('stdin-code', `${program} runs what it reads from its input`);
  };
}

/** Database clients: the language is not the shell's, and it has escapes to the shell. */
const database: Handler = ({ program, args }, run) => {
  if (args.length === 1 && /^(--version|-V|--help|-\?)$/.test(args[0]?.text ?? '')) return;
  run.touch('database');
  run.opaque('code', `${program} works on a database`);
};

const AWK = optionTable('F= field-separator= v:assign= assign= f=script file=script e:program= source:program= E=script exec=script i=script include=script l=script load=script o=write dump-variables=write d=write p=write profile=write pretty-print=write D=code debug=code W=code');

/** Longer ones are not read: the patterns below take time that grows with the square of the length. */
const MAX_AWK = 4_000;

/** A program that only selects and prints is read; one that runs others, opens files or is not known is opaque. */
const awk: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, AWK, { stopsAtOperand: true });
  const marks = applyOptions(program, found, AWK, false, run);
  const given = found.options.filter((o) => o.rule?.mark === 'program').map((o) => o.value);
  const hasProgram = given.length > 0 || found.options.some((o) => o.rule?.role === 'script');
  const codes = hasProgram ? given : found.operands.slice(0, 1);
  if (marks.has('assign') && found.options.some((o) => o.rule?.mark === 'assign' && o.value?.text === undefined)) run.opaque('dynamic-argument', 'a variable of awk is set at run time');
  for (const code of codes) {
    const text = code?.text;
    const bare = text === undefined || text.length > MAX_AWK ? undefined : awkCode(text);
    if (text === undefined || bare === undefined) run.opaque('code', `${program}: the program is long, hard to read or made at run time`);
    else if (/system|getline|\||@|ARGV|ARGC|fflush|close|printf?[^;}]*>/.test(bare.replaceAll('||', ' '))) run.opaque('code', `${program}: the program runs others or opens files`);
  }
  for (const o of hasProgram ? found.operands : found.operands.slice(1)) if (!/^[A-Za-z_]\w*=/.test(o.pattern)) run.file('read', o, program);
};

const SED = optionTable('e:script=ignore expression:script=ignore f=script file=script n r E s u z posix sandbox debug null-data quiet silent l= line-length= i:in-place in-place:in-place follow-symlinks b separate unbuffered regexp-extended');
const sed: Handler = ({ program, args }, run) => {
  const found = splitArguments(sedArguments(args), SED);
  const marks = applyOptions(program, found, SED, true, run);
  const scripts = found.options.filter((o) => o.rule?.mark === 'script').map((o) => o.value);
  const hasScript = scripts.length > 0 || found.options.some((o) => o.rule?.role === 'script');
  const codes = hasScript ? scripts : found.operands.slice(0, 1);
  for (const code of codes) {
    const text = code?.text;
    if (text === undefined || !isPlainSed(text)) run.opaque('code', `${program}: the script does more than print and substitute`);
  }
  for (const o of hasScript ? found.operands : found.operands.slice(1)) {
    run.file('read', o, program);
    if (marks.has('in-place')) run.file('write', o, program);
  }
};

/** `-i.bak` and `-ni`: what is attached to -i is a suffix. */
const sedArguments = (args: readonly Field[]): readonly Field[] => args.map((a) => (a.text !== undefined && /^-[nrEsuz]*i./.test(a.text) ? staticField(a.text.slice(0, a.text.indexOf('i') + 1)) : a));

const TAR = optionTable('f:archive= file:archive= C= directory= c:create create:create x:extract extract:extract get:extract t:list list:list r:create u:create A:create d z j J a v p P k h m O:stdout to-stdout:stdout to-command=code I=code use-compress-program=code checkpoint checkpoint-action=code F=code info-script=code new-volume-script=code rsh-command=code rmt-command=code T=names files-from=names X=read exclude-from=read exclude= g=write listed-incremental=write N= newer= after-date= b= blocking-factor= strip-components= owner= group= mode= transform= xform= K= L= V= H= format= wildcards no-same-owner no-same-permissions same-permissions preserve-permissions numeric-owner gzip bzip2 xz zstd verbose one-file-system remove-files:remove overwrite keep-old-files warning= totals S sparse absolute-names dereference exclude-vcs ignore-failed-read index-file=write quoting-style= sort= mtime= one-top-level= suffix= backup= acls xattrs selinux');

const tar: Handler = ({ program, args }, run) => {
  const [first] = args;
  const bundled = first?.text !== undefined && /^[A-Za-z]+$/.test(first.text) ? tarBundle(first.text, args.slice(1)) : args;
  const found = splitArguments(bundled, TAR);
  const marks = applyOptions(program, found, TAR, true, run);
  const archives = found.options.filter((o) => o.rule?.mark === 'archive').flatMap((o) => (o.value === undefined || o.value.text === '-' ? [] : [o.value]));
  for (const a of archives) {
    // host:file is on another machine, reached by ssh or rmt.
    if (/^[^/]*:/.test(a.pattern)) run.touch('remote');
    run.file(marks.has('create') ? 'write' : 'read', a, program);
  }
  if (found.options.some((o) => o.name === 'P' || o.name === 'absolute-names')) run.opaque('dynamic-argument', `${program} -P writes where the archive says`);
  const into = found.options.filter((o) => o.name === 'C' || o.name === 'directory').flatMap((o) => o.value ?? []);
  // Each -C starts from where the one before it led.
  const [only] = into;
  if (marks.has('extract') && !marks.has('stdout') && into.length < 2) run.file('write', only ?? staticField('.'), program, true);
  for (const d of into) run.changeDirectory(d);
  if (marks.has('extract') && !marks.has('stdout') && into.length > 1) run.file('write', staticField('.'), program, true);
  if (!marks.has('create')) return;
  for (const o of found.operands) {
    run.file('read', o, program, true);
    if (marks.has('remove')) run.file('delete', o, program, true);
  }
};

/** `tar czf x.tgz dir`: letters without a dash, their values in order behind them. */
function tarBundle(letters: string, rest: readonly Field[]): readonly Field[] {
  const out: Field[] = [];
  let at = 0;
  for (const c of letters) {
    out.push(staticField(`-${c}`));
    if ('fbCTXgNKLVHIF'.includes(c)) out.push(rest[at++] ?? UNKNOWN_FIELD);
  }
  return [...out, ...rest.slice(at)];
}

const GREP = optionTable('e:pattern= regexp:pattern= f:pattern=read file:pattern=read A= B= C= m= d= D= after-context= before-context= context= max-count= include= exclude= exclude-dir= exclude-from=read label= binary-files= devices= directories= r:recursive R:recursive recursive:recursive dereference-recursive:recursive');

const grep: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, GREP);
  const marks = applyOptions(program, found, GREP, false, run);
  const files = marks.has('pattern') ? found.operands : found.operands.slice(1);
  const isRecursive = marks.has('recursive') || program === 'rgrep';
  const showsAll = isRecursive && showsLines(found, marks) && showsEverything(found, marks);
  for (const f of isRecursive && files.length === 0 ? [staticField('.')] : files) if (f.text !== '-') run.file('read', showsAll ? below(f) : f, program, isRecursive);
};

/** A search for anything, for what is not something, or for keys shows whole files: those of a home directory, too. */
function showsEverything(found: Arguments, marks: ReadonlySet<string>): boolean {
  const given = marks.has('pattern') ? found.options.filter((o) => o.rule?.mark === 'pattern').map((o) => o.value) : found.operands.slice(0, 1);
  return found.options.some((o) => o.name === 'v' || o.name === 'invert-match') || given.some((p) => p?.text === undefined || /^[$.*+?|()[\]\\wsS^-]*$/.test(p.text) || /PRIVATE|BEGIN|^-----/.test(p.text));
}

/** Not only names or counts. */
const showsLines = (found: Arguments, marks: ReadonlySet<string>): boolean => !marks.has('names') && !found.options.some((o) => /^([lLcq]|files-with(out)?-match(es)?|count|quiet|silent|files)$/.test(o.name));

/** `~` as `~/**`: what lies below it, whatever it is called. */
const below = (f: Field): Field => (/^(~|\.|\/|\/root|\/home|\/home\/[^/]+)\/?$/.test(f.pattern) || f.home ? { ...f, text: undefined, pattern: `${f.pattern.replace(/\/$/, '')}/**` } : f);

const RG = optionTable('e:pattern= regexp:pattern= f:pattern=read file:pattern=read A= B= C= m= g= glob= t= type= T= type-not= M= j= d= max-depth= pre=code hostname-bin=code ignore-file=read path-separator= sort= sortr= r= replace= E= iglob= engine= color= files:files');

const rg: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, RG);
  const marks = applyOptions(program, found, RG, false, run);
  const files = marks.has('pattern') || marks.has('files') ? found.operands : found.operands.slice(1);
  const showsAll = showsLines(found, marks) && showsEverything(found, marks) && !marks.has('files');
  for (const f of files.length === 0 ? [staticField('.')] : files) run.file('read', showsAll ? below(f) : f, program, true);
};

const zip: Handler = ({ program, args }, run) => {
  if (args.some((a) => /^(-TT|--unzip)/.test(a.pattern))) run.opaque('code', `${program} runs a program to test the archive`);
  const table = optionTable('r:recursive R:recursive recurse-paths:recursive T test TT=code unzip-command=code m:remove move:remove q j u d x= i= P= y 9 1 0 b=write t= tt= n= s= @:stdin');
  if (args.some((a) => /^-@|^-[a-zA-Z]*@$/.test(a.text ?? ''))) run.opaque('dynamic-argument', `${program} takes the files that its input names`);
  const found = splitArguments(args, table);
  const marks = applyOptions(program, found, table, false, run);
  const [archive, ...files] = found.operands;
  if (archive !== undefined) run.file('write', archive, program);
  for (const f of files) {
    run.file('read', f, program, marks.has('recursive'));
    if (marks.has('remove')) run.file('delete', f, program, marks.has('recursive'));
  }
};

/** dc and m4 run programs when their input says so. */
const calculator: Handler = ({ program, args, stdin }, run) => {
  const table = optionTable('e=code expression=code f=script file=script V:show version:show help:show');
  const found = splitArguments(args, table);
  const marks = applyOptions(program, found, table, false, run);
  for (const o of found.operands) run.file('read', o, program);
  if (found.operands.length > 0) return run.opaque('script', `${program} runs a file whose content is not known`);
  if (marks.has('show') || found.options.length > 0) return;
  if (stdin.kind === 'inherited') run.touch('interactive');
  run.opaque('stdin-code', `${program} runs what it reads from its input`);
};

/** Calls of rpm and dpkg that look, and the options that leave them so; others install, remove, or run what macros and loggers say. */
const RPM_QUERY = /^(-[qV][aflipcdRsvhgL]*|-K|--query|--verify|--checksig|--version|--querytags)$/;
const RPM_OPTION = /^(-[qVaflipcdRsvhgL]+|--(all|file|group|package|list|info|changelog|changes|conflicts|docfiles|configfiles|licensefiles|dump|last|obsoletes|pkgid|hdrid|provides|requires|recommends|suggests|supplements|enhances|scripts|state|triggers|filetriggers|whatprovides|whatrequires|whatrecommends|whatconflicts|whatobsoletes|filesbypkg|fileclass|nodeps|nofiles|noscripts|nodigest|nosignature|nomtime|nomode|quiet|verbose|(qf|queryformat)(=.*)?))$/s;
const DPKG_QUERY = /^(-[lsLSpVCIc]|--list|--listfiles|--status|--search|--verify|--print-avail|--info|--contents|--version|--get-selections|--audit|--print-architecture|--print-foreign-architectures|--compare-versions)$/;
const DPKG_OPTION = /^(--no-pager|--help)$/;

const packages: Handler = ({ program, args }, run) => {
  const [query, option] = program === 'rpm' ? [RPM_QUERY, RPM_OPTION] : [DPKG_QUERY, DPKG_OPTION];
  const words = args.map((a) => a.text);
  const isQuery = query.test(words[0] ?? '') && words.every((w) => w !== undefined && (!w.startsWith('-') || query.test(w) || option.test(w)));
  // A package that is not installed brings its own script for -V.
  const isForeign = program === 'rpm' && words.some((w) => /^(-[a-zA-Z]*V|--verify$)/.test(w ?? '')) && words.some((w) => /^(-[a-zA-Z]*p|--package$)/.test(w ?? ''));
  if (!isQuery || isForeign) run.touch('packages');
  for (const a of args) run.form(`${program} ${a.text ?? '*'}`);
};

const EDITORS = { touches: ['interactive'] as const, options: 'c=code cmd=code S=script u=script s=script w=write eval=code l=code batch load=script funcall=code script=script', operands: 'write' };

export const LANGUAGES: Readonly<Record<string, Handler>> = {
  ...Object.fromEntries('sh bash dash ash zsh ksh mksh ksh93 rbash rksh fish csh tcsh lksh posh yash'.split(' ').map((n) => [n, shell])),
  ...Object.fromEntries('python python2 python3 pypy pypy3 ipython'.split(' ').map((n) => [n, interpreter('cm', 'W= X= Q=', 'i u B E s S O')])),
  ...Object.fromEntries('perl ruby raku'.split(' ').map((n) => [n, interpreter('eE', 'I= M= m= F= C= r=', 'n p w i l a')])),
  ...Object.fromEntries('node nodejs deno bun php lua luajit tclsh wish expect gawk-ext osascript groovy scala guile racket ghci R Rscript julia octave gnuplot jshell jrunscript java erl escript elixir iex swift ocaml sbcl clisp ghc runghc tcc gcc cc g++ clang rustc javac cpp as ld'.split(' ').map((n) => [n, interpreter('ercpEP', 'd=', 'eval print run')])),
  ...Object.fromEntries('psql mysql mariadb mysqldump mysqladmin pg_dump pg_dumpall pg_restore createdb dropdb createuser dropuser sqlite3 sqlite mongo mongosh mongodump redis-cli cqlsh clickhouse-client sqlcmd isql influx etcdctl consul ldapmodify ldapdelete ldapadd sqlplus cockroach bc-sql'.split(' ').map((n) => [n, database])),
  ...Object.fromEntries('awk gawk mawk nawk original-awk'.split(' ').map((n) => [n, awk])),
  ...Object.fromEntries('grep egrep fgrep rgrep zgrep zegrep zfgrep bzgrep xzgrep'.split(' ').map((n) => [n, grep])),
  ...each('vi vim nvim view vimdiff rvim rview ex ed red nano pico rnano emacs emacsclient joe mcedit mc ne micro', EDITORS),
  dc: calculator,
  m4: calculator,
  ...each('bc', { options: 'l q s w', operands: 'read' }),
  sed,
  tar,
  bsdtar: tar,
  zip,
  rg,
  ag: rg,
  ack: rg,
  rpm: packages,
  dpkg: packages,
  cpio: ({ program }, run) => run.opaque('unknown-option', `${program} reads and writes archives`),
  pax: ({ program }, run) => run.opaque('unknown-option', `${program} reads and writes archives`),
};
