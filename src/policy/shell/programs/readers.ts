/** Programs that read and print, with the options of theirs that do more than that. */
import { behindAt, knownStart } from '../field.ts';
import type { Field } from '../field.ts';
import type { Handler } from '../run.ts';
import { optionTable, splitArguments } from '../options.ts';
import { applyOptions, each, noteForms } from '../spec.ts';

/** `--arg name value` takes two words, `--rawfile name file` a name and a file. */
const jq: Handler = ({ program, args }, run) => {
  let hasFilter = false;
  // A module is read from wherever the filter says.
  if (args.some((a) => /(^|[\s;])(import|include)\s*"/.test(a.text ?? ''))) run.opaque('code', `${program}: the filter reads other files`);
  for (let at = 0; at < args.length; at++) {
    const a = args[at];
    if (a === undefined) return;
    const name = a.text ?? '';
    if (a.text === undefined && !a.home && /^[-*?]/.test(a.pattern)) run.opaque('dynamic-argument', `an argument of ${program} may be an option`);
    if (name === '--arg' || name === '--argjson') at += 2;
    else if (name === '--slurpfile' || name === '--rawfile' || name === '--from-file' || /^-[A-Za-z]*[fL]$/.test(name)) {
      const file = args[(at += name.endsWith('file') && name !== '--from-file' ? 2 : 1)];
      if (file !== undefined) run.file('read', file, program);
      hasFilter ||= name === '--from-file' || name.endsWith('f');
    } else if (name === '--indent') at++;
    else if (name.startsWith('-') && name !== '-') continue;
    else if (hasFilter) run.file('read', a, program);
    else hasFilter = true;
  }
};

/** `@file` holds more arguments; what is no option is read. */
const binutils: Handler = ({ program, args }, run) => {
  for (const a of args) {
    if (!/^(-|\d+$)/.test(knownStart(a))) run.file('read', behindAt(a), program);
    if (knownStart(a).startsWith('@')) run.opaque('dynamic-argument', `${program} works on the files that its input names`);
  }
};

const PS = optionTable('p= q= t= u= U= g= G= s= o= O= C= D= H M= N= k= pid= ppid= quick-pid= sid= tty= user= User= group= Group= format= sort= cols= columns= width= lines= rows=');

/** In `ps auxe` the letter e shows the environment of each process. */
const ps: Handler = ({ program, args }, run) => {
  const { options, operands } = splitArguments(args, PS);
  noteForms(program, options, run);
  for (let at = 0; at < operands.length; at++) {
    const letters = /^[A-Za-z]+$/.exec(operands[at]?.text ?? '')?.[0] ?? '';
    const takes = letters.search(/[oOkptUq]/);
    if ((takes < 0 ? letters : letters.slice(0, takes)).includes('e')) run.file('read', ENVIRONMENTS, program);
    if (takes === letters.length - 1) at++;
  }
};
const TREE = optionTable('L= P= I= o=write filelimit= fromfile:lists fromtabfile:lists gitfile=read infofile=read sort= timefmt= charset= H= T=');

/** `--fromfile x` prints the lines of x as if they were files; `-R -o` writes a file into each directory. */
const tree: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, TREE);
  const marks = applyOptions(program, found, TREE, false, run);
  if (marks.has('lists')) for (const o of found.operands) run.file('read', o, program);
};

const ENVIRONMENTS: Field = { text: undefined, pattern: '/proc/*/environ', home: false, dynamic: false, splits: false };

export const READERS: Readonly<Record<string, Handler>> = {
  ...each('cat tac nl head tail od hexdump hd fold fmt pr expand unexpand rev md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum base64 base32 basenc paste zcat bzcat xzcat lzcat tsort look colrm zipinfo', {
    options: 'n=number c=number lines=number bytes=number w=number width=number j=number N=number s=number pid=number retries=number sleep-interval=number',
  }),
  ...Object.fromEntries('readelf objdump nm size strings'.split(' ').map((n) => [n, binutils])),
  ...each('wc', { options: 'files0-from=read' }),
  ...each('cut', { options: 'b= c= d= f= bytes= characters= delimiter= fields= output-delimiter=' }),
  ...each('column', { options: 's= o= separator= output-separator= c= N= table-columns=' }),
  ...each('comm', {}),
  ...each('join', { options: 't= 1= 2= j= o= e= a= v= output-delimiter=' }),
  ...each('sort', { options: 'k= key= t= field-separator= S= buffer-size= batch-size= parallel= T=write temporary-directory=write o=write output=write compress-program=code files0-from=names random-source=read' }),
  ...each('uniq', { options: 'f= s= w= skip-fields= skip-chars= check-chars=', operands: 'read write' }),
  ...each('shuf', { options: 'i= n= input-range= head-count= o=write output=write random-source=read' }),
  ...each('diff colordiff', { options: 'r:recursive recursive:recursive x= exclude= X=read exclude-from=read from-file=read to-file=read U=number C=number I= F= W=number width=number ignore-matching-lines= label= L=' }),
  ...each('cmp', { options: 'i=number n=number bytes=number ignore-initial=number' }),
  ...each('sdiff', { options: 'o=write output=write diff-program=code' }),
  ...each('diff3', { options: 'diff-program=code' }),
  ...each('file', { options: 'm=read magic-file=read f=read files-from=read F= P= C!overwrite compile!overwrite', operands: 'ignore' }),
  ...each('stat readlink realpath basename dirname pathchk ls dir vdir df namei lsattr getfacl getcap mountpoint which whereis exa eza', {
    options: 'c= f= t= printf= format= I= ignore= hide= w= width= T= block-size= sort= time= time-style= n= l= limit= regex= B=',
    operands: 'ignore',
  }),
  ...each('pidstat', { options: 'e=code C= G= p= U= T=', operands: 'ignore' }),
  ...each('du', { options: 'd= max-depth= exclude= X=read exclude-from=read files0-from=read t= threshold= B= block-size=', operands: 'ignore' }),
  ...each('findmnt', { options: 'F=read tab-file=read N= task= o= output= S= T= t= types= O= w= p=', operands: 'ignore' }),
  ...each('locate plocate mlocate whatis apropos', { options: 'd=read database=read C=read config-file=read M= manpath= n= l= limit= regex= s= m=', operands: 'ignore' }),
  ...each('zstdcat', { options: 'o=write output-dir-flat=write output-dir-mirror=write D=read' }),
  tree,
  ...each('echo printenv pwd true false : sleep seq yes expr factor numfmt nproc arch uname whoami id groups users logname tty uptime w who free vmstat iostat mpstat pgrep pidof pstree lscpu lsusb lspci lsmod lsns lsmem lslocks lsipc lslogins modinfo getconf locale cal ncal tput clear runlevel ping ping6 traceroute traceroute6 tracepath nslookup host whois getopt uuidgen mcookie dpkg-query numastat help type hash times caller atq tr dirs [[ ruptime rwho uuidparse', { operands: 'ignore' }),
  jq,
  ps,
  ...each('xmllint', { options: 'xpath= output=write o=write shell!interactive schema=read' }),
  ...each('xxd', { options: 'c= g= l= s= o= cols= len= seek=', operands: 'read write' }),
  ...each('vgs pvs lvs vgdisplay pvdisplay lvdisplay', { options: 'config=code configtype= profile=code commandprofile=code metadataprofile=code devicesfile=read o= options= O= sort= S= select= units=', operands: 'ignore' }),
  ...each('sensors', { options: 's!unknown-program set!unknown-program c=read config-file=read', operands: 'ignore' }),
  ...each('dmesg', { options: 'console-off!kernel console-on!kernel H!interactive human!interactive C!history c!history clear!history read-clear!history n!kernel console-level!kernel D!kernel E!kernel F=read file=read K=read kmsg-file=read f= l= facility= level= since= until= time-format=', operands: 'ignore' }),
  ...each('lsof', { options: 'i= p= u= c= d=', operands: 'ignore' }),
  ...each('lastlog', { options: 'C!history clear!history S!history set!history u= b= t=', operands: 'ignore' }),
  ...each('last lastb', { options: 'f=read n= file=read s= t=', operands: 'ignore' }),
  ...each('netstat ss', { options: 'K!network-config kill!network-config D=write diag=write F=read filter=read A= f= query= family=', operands: 'ignore' }),
  ...each('mtr fping', { options: 'F=read f=read filename=read file=read', operands: 'ignore' }),
  ...each('sar', { options: 'o=write f=read', operands: 'ignore' }),
  ...each('dig', { options: 'f=read k=read p= t= c= x= b= q=', operands: 'ignore' }),
  ...each('lsblk blkid', { options: 'g!changes o= s= t= c=write w=write L= U=', operands: 'ignore' }),
  ...each('nethogs iotop iftop bpftrace', { touches: ['interactive'], operands: 'ignore' }),
  ...each('journalctl', {
    options: 'u= unit= n= lines= p= priority= since= until= S= U= o= output= b= t= identifier= g= grep= k D=read cursor-file=write directory=read file=read root=read vacuum-size!history vacuum-time!history vacuum-files!history rotate!history flush!changes sync relinquish-var!history smart-relinquish-var!history setup-keys!changes update-catalog!changes',
    operands: 'ignore',
  }),
};
