/** Programs that reach other machines. */
import { UNKNOWN_FIELD, knownStart, staticField } from '../field.ts';
import type { Field } from '../field.ts';
import { optionTable, splitArguments } from '../options.ts';
import type { Handler, Run } from '../run.ts';
import { applyOptions, each } from '../spec.ts';
import { joined } from './wrappers.ts';

const SSH = optionTable('b= c= D:forward= E=write e= F=script I=script i=read J= L:forward= l= m= O= o:option=ignore p= Q:show= R:forward= S=read W:forward= w= 1 2 4 6 A a C f G g K k M N n q s T t V:show v X x Y y B= P=');
/** Options of ssh_config that run programs on this side. */
const SSH_RUNS = /^\s*(proxycommand|localcommand|permitlocalcommand|knownhostscommand|match|include|pkcs11provider|securitykeyprovider|xauthlocation|controlpath)[\s=]/i;

function sshOptions(program: string, options: ReturnType<typeof splitArguments>['options'], run: Run): void {
  for (const o of options) {
    if (o.rule?.mark === 'option' && (o.value?.text === undefined || SSH_RUNS.test(o.value.text))) run.opaque('code', `${program} -o runs a program`);
  }
}

/** The rest of the words are joined and given to a shell on the other host. */
const ssh: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, SSH, { stopsAtOperand: true });
  const marks = applyOptions(program, found, SSH, true, run);
  if (marks.has('show') && found.operands.length === 0) return;
  run.touch('remote', 'network');
  sshOptions(program, found.options, run);
  const again = splitArguments(found.operands.slice(1), SSH, { stopsAtOperand: true });
  applyOptions(program, again, SSH, true, run);
  sshOptions(program, again.options, run);
  if (again.operands.length === 0) return run.touch('interactive');
  run.shell(joined(again.operands), program, true);
};

const SCP = optionTable('S=code o:option=ignore F=script i=read P= l= c= J= D= X= r:recursive p q B C v 3 4 6 A O R T t:sink f:source d');
const isRemote = (f: Field): boolean => /^[^/]*:/.test(f.pattern);

/** `scp -t` and `-f` are the far end of a copy: what an scp client of the old protocol starts on the server. */
const scp: Handler = ({ program, args }, run) => {
  const found = splitArguments(args, SCP);
  const marks = applyOptions(program, found, SCP, true, run);
  sshOptions(program, found.options, run);
  if (marks.has('sink') || marks.has('source')) {
    for (const o of found.operands) run.file(marks.has('sink') ? 'write' : 'read', o, program, marks.has('recursive'));
    return;
  }
  run.touch('remote', 'network');
  for (const [i, o] of found.operands.entries()) {
    if (!isRemote(o)) run.file(i === found.operands.length - 1 ? 'write' : 'read', o, program, marks.has('recursive'));
  }
};

const RSYNC = optionTable(
  'e=code rsh=code rsync-path=code server:server sender:sender daemon:daemon f= filter= exclude= include= exclude-from=read include-from=read files-from=names T=write temp-dir=write partial-dir=write backup-dir=write log-file=write password-file=read config=script a:recursive archive:recursive r:recursive recursive:recursive v z h n dry-run P p t g o D l L H A X S W u c q x i b m R d k K y 0 C I O J E F B= M=code remote-option=code progress partial stats delete:delete delete-after:delete delete-before:delete delete-during:delete delete-excluded:delete remove-source-files:remove-source compress bwlimit= timeout= port= chmod= chown= info= out-format= max-size= min-size= link-dest=read copy-dest=read compare-dest=read numeric-ids inplace append ignore-existing update checksum verbose human-readable itemize-changes size-only existing links perms times group owner devices specials protect-args s rsync-options no-r compress-level= contimeout= outbuf= log-file-format= protocol= iconv= debug= checksum-choice= zc= compress-choice= skip-compress= usermap= groupmap= write-batch=write only-write-batch=write read-batch=read',
);

/** `rsync --server [--sender] flags . paths`: the far end of a copy. */
const rsync: Handler = ({ program, args }, run) => {
  const flags = args.map((a) => (a.text !== undefined && /^-[a-zA-Z]*e\.[\w.]*$/.test(a.text) && args.some((x) => x.text === '--server') ? { ...a, text: a.text.replace(/e\..*$/, ''), pattern: a.text.replace(/e\..*$/, '') } : a));
  const found = splitArguments(flags, RSYNC);
  const marks = applyOptions(program, found, RSYNC, true, run);
  const isRecursive = marks.has('recursive') || marks.has('server');
  if (marks.has('daemon')) run.opaque('script', 'rsync runs as a server of its own');
  if (marks.has('server')) {
    const paths = found.operands.slice(1);
    for (const p of paths) {
      run.file(marks.has('sender') ? 'read' : 'write', p, program, isRecursive);
      if (marks.has('delete') && !marks.has('sender')) run.file('delete', p, program, true);
      if (marks.has('remove-source') && marks.has('sender')) run.file('delete', p, program, true);
    }
    return;
  }
  if (found.operands.some(isRemote)) run.touch('remote', 'network');
  for (const [i, o] of found.operands.entries()) {
    if (isRemote(o)) continue;
    const isTarget = i === found.operands.length - 1 && found.operands.length > 1;
    run.file(isTarget ? 'write' : 'read', o, program, isRecursive);
    if (isTarget && marks.has('delete')) run.file('delete', o, program, true);
    if (!isTarget && marks.has('remove-source')) run.file('delete', o, program, true);
  }
};

/** The file that a download is saved as: the last part of the address, unless the server or something else says. */
function savedAs(url: Field, isTold: boolean): Field {
  const name = /^(?:https?:\/\/)?[\w.:-]+(?:\/[\w.%~+-]+)*\/([A-Za-z0-9_][\w.-]*)$/.exec(url.text ?? '')?.[1];
  return name === undefined || isTold ? { text: undefined, pattern: '**', home: false, dynamic: false, splits: false } : staticField(name);
}

const CURL = optionTable(
  'o:save=write output:save=write output-dir=write O:here remote-name:here remote-name-all:here J remote-header-name K=script config=script T=read upload-file=read d:data=ignore data:data=ignore data-binary:data=ignore data-raw= data-urlencode:data=ignore json:data=ignore F:data=ignore form:data=ignore form-string= c=write cookie-jar=write D=write dump-header=write trace=write trace-ascii=write stderr=write hsts=write alt-svc=write E=read cert=read key=read cacert=read capath=read netrc-file=read unix-socket:socket!containers=read abstract-unix-socket!containers= b:cookie=ignore cookie:cookie=ignore url:url=ignore url-query:data=ignore H:data=ignore header:data=ignore A= user-agent= e= referer= u= user= U= x:via= proxy:via= preproxy:via= X= request= m= max-time= connect-timeout= retry= retry-delay= w:data=ignore write-out:data=ignore y= Y= z= r= range= C= limit-rate= resolve:via= connect-to:via= interface= max-redirs= ciphers= tls-max= dns-servers= L location f fail s silent S show-error v verbose k insecure I head i include g globoff 4 6 0 1 2 3 n N p q R a B G Z M h V compressed http1.1 http2 progress-bar fail-with-body no-progress-meter ssl-reqd create-dirs parallel anyauth basic digest negotiate ntlm retry-all-errors retry-connrefused oauth2-bearer= aws-sigv4= engine=code libcurl=write t= Q=code quote=code proto= proto-default!remote= variable=read etag-save=write etag-compare=read',
);

/** Where machines in clouds are given the credentials of their role, in the ways that an address can be written. */
const METADATA = /^(?:\w+:\/\/)?(?:[^/@]*@)?(?:169\.254\.(?:169\.254|170\.\d+)|\[?fd00:ec2::(?:254|23)\]?|100\.100\.100\.200|metadata(?:\.google\.internal|\.azure\.com|\.goog)?|instance-data(?:\.ec2\.internal)?|0*2852039166|0xa9fea9fe|0xa9\.0xfe\.0xa9\.0xfe|0*251\.0*376\.0*251\.0*376|169\.254\.43518|169\.16689662|\[?::ffff:(?:169\.254\.169\.254|a9fe:a9fe)\]?)\.?(?:[:/?#]|$)/i;

const METADATA_WITHIN = /169\.254\.(169\.254|170\.)|fd00:ec2::|100\.100\.100\.200|2852039166|0xa9fea9fe|metadata\.(google|azure|goog)/i;

/** Says what an address reaches beside a web server. */
function reaches(url: Field, run: Run): void {
  const start = knownStart(url).replaceAll('\\', '/');
  if (METADATA.test(start)) run.touch('privilege');
  // By these a line of text reaches whatever listens: a mail server, a key-value store, a file server.
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(start) && !/^(https?|file):/i.test(start)) run.touch('remote');
}

/** `file://localhost/etc/hosts`; curl expands braces and brackets, and takes `%68` for `h`. */
function readsUrl(url: Field, program: string, run: Run): void {
  reaches(url, run);
  const start = knownStart(url);
  // Without a scheme a name that curl has globs for may still become file:.
  if (/^[[{]/.test(start)) return run.opaque('dynamic-argument', `${program} makes an address from a pattern`);
  if (!/^file:/i.test(start)) return;
  if (/[[\]{}%]/.test(url.pattern)) run.opaque('dynamic-argument', `${program} makes the name of a file from a pattern`);
  const path = url.pattern.replace(/^file:\/\/(localhost|127\.0\.0\.1)?(?=\/)/i, '').replace(/^file:\/*/i, '/');
  run.file('read', { ...url, home: false, pattern: path, text: url.text === undefined ? undefined : path }, program);
}

const curl: Handler = ({ program, args }, run) => {
  run.touch('network');
  const found = splitArguments(args, CURL);
  const marks = applyOptions(program, found, CURL, true, run);
  for (const o of found.options) {
    // `-d @file` sends a file.
    const at = o.rule?.mark === 'data' ? (o.value?.pattern ?? '').search(/@|=</) : -1;
    if (o.value === undefined || at < 0) continue;
    const name = o.value.pattern.slice(o.value.pattern.search(/[@<]/) + 1).replace(/;.*$/, '');
    run.file('read', { ...o.value, home: false, pattern: name, text: o.value.text === undefined ? undefined : name }, program);
  }
  if (marks.has('here')) for (const o of found.operands) run.file('write', savedAs(o, found.options.some((x) => x.name === 'J' || x.name === 'remote-header-name')), program);
  for (const o of found.options) if (o.rule?.mark === 'cookie' && o.value !== undefined && !o.value.pattern.includes('=')) run.file('read', o.value, program);
  for (const o of found.options) if (o.rule?.mark === 'via' && METADATA_WITHIN.test(o.value?.text ?? '')) run.touch('privilege');
  const urls = [...found.operands, ...found.options.flatMap((o) => (o.rule?.mark === 'url' && o.value !== undefined ? [o.value] : []))];
  for (const url of urls) readsUrl(url, program, run);
};

const WGET = optionTable(
  'O:save=write output-document:save=write P:save=write directory-prefix:save=write o=write output-file=write a=write append-output=write e=code execute=code i=read input-file=read config=script use-askpass=code post-file=read body-file=read post-data= header= user-agent= U= t= tries= T= timeout= w= wait= l= level= A= R= D= user= password= load-cookies=read save-cookies=write ca-certificate=read certificate=read private-key=read method= warc-file=write rejected-log=write q quiet v verbose nv no-verbose c continue N r:recursive recursive:recursive m mirror np no-parent nc no-clobber nd S server-response spider:spider no-check-certificate k p E H L x b 4 6 show-progress progress= limit-rate= max-redirect= compression= no-proxy content-disposition body-data=',
);

const wget: Handler = ({ program, args }, run) => {
  run.touch('network');
  const found = splitArguments(args, WGET);
  const marks = applyOptions(program, found, WGET, true, run);
  for (const o of found.operands) reaches(o, run);
  const saved = found.options.some((o) => o.rule?.mark === 'save');
  const isTold = marks.has('recursive') || found.options.some((o) => ['m', 'mirror', 'content-disposition', 'trust-server-names', 'i', 'input-file', 'x', 'force-directories', 'p', 'E'].includes(o.name));
  if (!saved && !marks.has('spider')) for (const o of found.operands.length > 0 ? found.operands : [UNKNOWN_FIELD]) run.file('write', savedAs(o, isTold), program);
};

const NC = optionTable('e:run=code exec:run=code c:run=code sh-exec:run=code lua-exec:run=code l listen k p= s= w= q= i= x= X= o=write output=write z v n u t 4 6 U C N D d h r S V= I= O= T= m= P= hex-dump=write ssl ssl-cert=read ssl-key=read proxy= G= W= b M=');

const nc: Handler = ({ program, args }, run) => {
  run.touch('network', 'remote');
  const found = splitArguments(args, NC);
  const marks = applyOptions(program, found, NC, true, run);
  if (marks.has('run')) run.touch('reverse-shell');
};

const socat: Handler = ({ program, args }, run) => {
  run.touch('network');
  run.opaque('code', `${program} joins what it is told, programs too`);
  if (args.some((a) => a.text === undefined || /exec|system|shell/i.test(a.text))) run.touch('reverse-shell');
};

export const REMOTE: Readonly<Record<string, Handler>> = {
  ssh,
  slogin: ssh,
  scp,
  rsync,
  curl,
  wget,
  nc,
  ncat: nc,
  netcat: nc,
  socat,
  ...each('aria2c fetch axel httpie http https lwp-request GET POST s3cmd rclone restic borg', { touches: ['network', 'remote'], options: 'o=write d=write', operands: 'ignore' }),
  ...each('sftp ftp lftp tftp telnet rlogin rsh mosh pssh pdsh clusterssh', { touches: ['network', 'remote', 'interactive'], operands: 'ignore' }),
  ...each('git-upload-pack git-upload-archive', { touches: [], operands: 'read', recursive: true }),
  ...each('git-receive-pack', { touches: ['changes'], operands: 'write', recursive: true }),
  'sftp-server': (_call, run) => run.opaque('stdin-code', 'a file server of its own, which is not watched file by file'),
  'internal-sftp': (_call, run) => run.opaque('stdin-code', 'a file server of its own, which is not watched file by file'),
};
