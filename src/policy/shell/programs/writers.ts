/** Programs that create, change and remove files. */
import { splitArguments, optionTable } from '../options.ts';
import type { Handler, Run } from '../run.ts';
import { applyOptions, each, noteForms } from '../spec.ts';
import { behindAt, staticField } from '../field.ts';
import type { Field } from '../field.ts';

const RM = optionTable('r:-r R:-r recursive:-r f force:-f i I interactive v verbose d dir one-file-system preserve-root no-preserve-root:--no-preserve-root');

const rm: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, RM);
  noteForms(program, found.options, run);
  const isRecursive = found.options.some((o) => o.rule?.mark === '-r');
  run.touch(...(isRecursive ? (['delete', 'delete-recursive'] as const) : (['delete'] as const)));
  // `rm $x` may hold -r, but then it is a name of run time in any case.
  for (const o of found.operands) run.file('delete', o, program, isRecursive);
};

const COPY = optionTable('t:target=write target-directory:target=write S= suffix= r:recursive R:recursive a:recursive recursive:recursive archive:recursive preserve= no-preserve= sparse= reflink= backup= context= Z m= mode= o= owner= g= group= strip-program=code d:directories directory:directories f n u v p l s i b T D');

/** cp, mv, install, ln: all operands but the last are read (mv: removed, too), the last is written. */
function copies(source: 'read' | 'delete' | 'ignore'): Handler {
  return ({ program, args }, run) => {
    const found = splitArguments(args, COPY);
    const marks = applyOptions(program, found, COPY, false, run);
    if (found.isUnsure) run.opaque('dynamic-argument', `an argument of ${program} may be an option`);
    if (program === 'install' && marks.has('directories')) return found.operands.forEach((o) => run.file('write', o, program));
    const into = marks.has('target') || found.operands.length < 2 ? undefined : found.operands.at(-1);
    const sources = into === undefined ? found.operands : found.operands.slice(0, -1);
    for (const s of sources) {
      if (source !== 'ignore') run.file('read', s, program, marks.has('recursive') || source === 'delete');
      if (source === 'delete') run.file('delete', s, program, false);
    }
    if (into !== undefined) writesInto(into, sources, program, run);
    if (program === 'ln') linksTo(sources, into, run);
  };
}

/** What is copied to a directory gets the name of its source below it. */
function writesInto(into: Field, sources: readonly Field[], program: string, run: Run): void {
  run.file('write', into, program);
  for (const s of sources) {
    const name = s.text?.replace(/\/+$/, '').split('/').at(-1);
    if (name === undefined || name === '' || name === '.' || name === '..' || into.text === undefined) continue;
    run.file('write', { ...into, text: `${into.text}/${name}`, pattern: `${into.text}/${name}` }, program);
  }
  if (sources.some((s) => s.text === '/dev/null')) run.touch('overwrite');
}

/** A link to a file is a way to it under another name. */
function linksTo(sources: readonly Field[], into: Field | undefined, run: Run): void {
  for (const s of sources) run.file('read', s, 'ln', true);
  if (into === undefined && sources.length > 0) run.file('write', staticField('.'), 'ln');
}

const dd: Handler = ({ program, args }, run) => {
  for (const a of args) {
    const m = /^(if|of|bs|ibs|obs|count|skip|seek|conv|iflag|oflag|status|cbs|iseek|oseek)=/.exec(a.pattern);
    if (m === null) {
      run.opaque('unknown-option', 'dd: an operand is not known');
      continue;
    }
    const value: Field = { ...a, home: false, pattern: a.pattern.slice(m[0].length), text: a.text?.slice(m[0].length) };
    if (m[1] === 'if') run.file('read', value, program);
    if (m[1] === 'of') {
      run.touch('overwrite');
      run.file('write', value, program);
    }
  }
};

const UNZIP = optionTable('d:into=write l:list t:list p:list v:list Z:list z:list c:list x= P= o n q j u f a b C K L M T U V W X');

const unzip: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, UNZIP);
  const marks = applyOptions(program, found, UNZIP, true, run);
  const [archive] = found.operands;
  if (archive !== undefined) run.file('read', archive, program);
  const into = found.options.find((o) => o.rule?.mark === 'into')?.value;
  if (!marks.has('list')) run.file('write', into ?? staticField('.'), program, true);
};

const COMPRESS = optionTable('S= suffix= c:stdout stdout:stdout to-stdout:stdout l:stdout t:stdout list:stdout test:stdout k keep d decompress f force o=write output-dir-flat=write output-dir-mirror=write trace=write T= threads= D=read files=names files0=names filelist=names');

/** What they compress is read, and replaced unless it goes to standard output. */
const compressor: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, COMPRESS);
  const marks = applyOptions(program, found, COMPRESS, false, run);
  for (const o of found.operands) {
    if (o.text === '-') continue;
    run.file('read', o, program);
    if (!marks.has('stdout')) run.file('write', o, program);
  }
};

const ARCHIVE = optionTable('o=write output=write d=write directory=write p= F= L= e=');

/** Letters or words by which these programs write out what an archive holds, under the names that it gives. */
const EXTRACTS = /^-?[a-z]*[xe][a-z]*$/i;

/** `7z a x.7z file`: a command, an archive, files that are taken into it or out of it. */
const archiver: Handler = ({ program, args }, run) => {
  run.touch('changes');
  const found = splitArguments(args, ARCHIVE);
  applyOptions(program, found, ARCHIVE, false, run);
  const into = found.options.find((o) => o.rule?.role === 'write')?.value;
  const verb = program === 'cabextract' ? (found.options.some((o) => /^[ltp]$|^(list|test|pipe)$/.test(o.name)) ? 'l' : 'x') : (args[0]?.text ?? 'x');
  // What comes out may be called .bashrc.
  if (EXTRACTS.test(verb)) run.file('write', into ?? staticField('.'), program, true);
  for (const o of program === 'cabextract' ? found.operands : found.operands.slice(1)) {
    const named = behindAt(o);
    if (named !== o) run.opaque('dynamic-argument', `${program} works on the files that its input names`);
    run.file('read', named, program);
    run.file('write', named, program);
  }
};

const PERMISSIONS = 'R:-R recursive:-R reference=read f v c h H L P from= preserve-root no-preserve-root';

export const WRITERS: Readonly<Record<string, Handler>> = {
  rm,
  cp: copies('read'),
  mv: copies('delete'),
  install: copies('read'),
  ln: copies('ignore'),
  link: copies('read'),
  dd,
  ...each('unlink', { touches: ['delete'], operands: 'delete' }),
  ...each('rmdir', { touches: ['delete'], options: 'p parents ignore-fail-on-non-empty', operands: 'delete' }),
  ...each('shred wipe srm', { touches: ['delete', 'overwrite'], options: 'n= s= iterations= size= random-source=read', operands: 'delete' }),
  ...each('truncate fallocate', { touches: ['overwrite'], options: 's= size= r=read reference=read l= length= o= offset= p d z', operands: 'write' }),
  ...each('touch mkdir mkfifo tee sponge', { options: 'm= mode= r=read reference=read d= date= t= output-error= Z context=', operands: 'write' }),
  ...each('mknod', { touches: ['disk'], options: 'm= mode=', operands: 'write ignore' }),
  ...each('mktemp', { options: 'p=write tmpdir=write suffix= t', operands: 'write' }),
  ...each('chmod chown chgrp', { touches: ['permissions'], options: PERMISSIONS, operands: 'ignore write' }),
  ...each('chattr', { touches: ['permissions'], options: 'R:-R p= v=', operands: 'ignore write' }),
  ...each('setfacl', { touches: ['permissions'], options: 'R:-R m= x= M=read X=read set= set-file=read restore=read modify= remove=', operands: 'write' }),
  ...each('setcap chcon restorecon semanage setsebool setenforce', { touches: ['permissions', 'privilege'], operands: 'ignore write' }),
  ...Object.fromEntries('gzip gunzip bzip2 bunzip2 xz unxz lzma unlzma zstd unzstd compress uncompress lz4'.split(' ').map((n) => [n, compressor])),
  ...each('split', { options: 'a= b= C= l= n= t= filter=code bytes= lines= number= suffix-length= additional-suffix=', operands: 'read write' }),
  ...each('csplit', { options: 'f=write prefix=write b= n= suffix-format= digits=', operands: 'read ignore' }),
  patch: ({ program, args }, run) => {
    for (const a of args) if (a.text?.startsWith('-') !== true) run.file('write', a, program);
    run.opaque('dynamic-argument', `${program} changes the files that its input names`);
  },
  unzip,
  ...Object.fromEntries('unrar 7z 7za rar ar cabextract'.split(' ').map((n) => [n, archiver])),
  ...each('iconv', { options: 'f= t= from-code= to-code= o=write output=write' }),
  ...each('envsubst', { operands: 'ignore' }),
  ...each('rename prename', { touches: ['changes'], operands: 'code' }),
  ...each('wall', { touches: ['changes'], options: 'n t= g= nobanner timeout= group=', operands: 'read' }),
  ...each('logger write mesg', { touches: ['changes'], options: 'f=read file=read', operands: 'ignore' }),
  ...each('sync fsync', { operands: 'ignore' }),
};
