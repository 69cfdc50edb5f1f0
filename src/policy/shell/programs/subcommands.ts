/** Programs whose first operand says what they do: `git push`, `systemctl stop`, `apt-get install`. */
import { knownStart, staticField, rest as withoutStart } from '../field.ts';
import { optionTable, splitArguments } from '../options.ts';
import type { Handler, Run } from '../run.ts';
import type { Arguments } from '../options.ts';
import { applyOptions, noteForms } from '../spec.ts';
import type { Effect } from '../types.ts';
import { POWER_TARGET } from './system.ts';

/** `reads` and `touches` name a subcommand, or it with its first operand: `remote/show`; `addr/` has no operand. */
interface Subcommands {
  /** Options before the subcommand. */
  readonly options?: string;
  /** Subcommands that only show. */
  readonly reads: string;
  /** What others touch. */
  readonly touches?: Readonly<Record<string, readonly Effect[]>>;
  /** What a subcommand in no list touches. */
  readonly otherwise: readonly Effect[];
  /** Options after it that run code or name files. */
  readonly after?: string;
  /** Without a subcommand. */
  readonly alone?: readonly Effect[];
}

const words = (text: string): readonly string[] => text.split(/\s+/).filter((w) => w !== '');

function subcommands(spec: Subcommands): Handler {
  const before = optionTable(`${spec.options ?? ''} h v V help version quiet verbose no-color color=`);
  const after = optionTable(spec.after ?? '');
  const reads = new Set(words(spec.reads));
  const effects = new Map(Object.entries(spec.touches ?? {}).flatMap(([names, e]) => words(names).map((n) => [n, e] as const)));
  return ({ program, args }, run) => {
    const head = splitArguments(args, before, { stopsAtOperand: true });
    applyOptions(program, head, before, true, run);
    for (const o of head.options) if (o.rule?.mark === 'chdir') run.changeDirectory(o.value);
    const [sub, ...rest] = head.operands;
    if (sub === undefined) return run.touch(...(spec.alone ?? []));
    if (sub.text === undefined) {
      run.touch(...spec.otherwise);
      return run.opaque('dynamic-argument', `the subcommand of ${program} is made at run time`);
    }
    const name = sub.text;
    run.form(`${program} ${name}`);
    const tail = splitArguments(rest, after);
    noteForms(`${program} ${name}`, tail.options, run);
    const [next] = tail.operands;
    if (next?.text !== undefined && /^[a-z][a-z-]*$/.test(next.text)) run.form(`${program} ${name} ${next.text}`);
    if (program === 'git') gitFiles(name, head, name === 'grep' ? splitArguments(rest, GIT_GREP) : name === 'blame' || name === 'annotate' ? splitArguments(rest, GIT_BLAME) : tail, run);
    applyOptions(program, { ...tail, options: tail.options.filter((o) => o.rule !== undefined) }, after, false, run);
    // `-o go-template-file=x`: what of it does not parse is shown.
    if (program === 'git') for (const { rule, value } of tail.options) if (rule === undefined && value?.text?.includes('/') === true) run.file('read', value, program);
    for (const { rule, value } of tail.options) if (rule?.mark === 'output' && value?.pattern.includes('-file=') === true) run.file('read', withoutStart(value, value.pattern.indexOf('=') + 1), program);
    const two = next === undefined ? `${name}/` : `${name}/${next.text ?? '*'}`;
    if (program === 'kubectl' && tail.operands.some((o) => o.text === undefined || /secret/i.test(o.text))) run.touch('containers');
    if (reads.has(two) || (program === 'git' && name === 'config' && showsConfig(tail))) return;
    if (program === 'systemctl' && !reads.has(name) && tail.operands.some((o) => POWER_TARGET.test(o.text ?? ''))) run.touch('power');
    const found = effects.get(two) ?? effects.get(name);
    if (found !== undefined) return run.touch(...found);
    if (!reads.has(name)) run.touch(...spec.otherwise);
  };
}

const PACKAGES: readonly Effect[] = ['packages'];
const SYSTEMCTL: Subcommands = {
  options: 'H!remote= host!remote= M!containers= machine!containers= user system t= type= p= property= n= lines= o= output= state= no-pager l full a all q quiet now force root=write no-block no-legend plain value failed f r reverse with-dependencies',
  reads: 'status show is-active is-enabled is-failed list-units list-unit-files list-sockets list-timers list-dependencies list-jobs cat show-environment get-default help is-system-running list-machines',
  touches: { 'reboot poweroff halt kexec suspend hibernate hybrid-sleep soft-reboot emergency rescue default isolate exit switch-root': ['power', 'service'], 'edit set-environment unset-environment import-environment link': ['service', 'environment'] },
  otherwise: ['service'],
  after: 'H!remote= host!remote= M!containers=',
};
const APT: Subcommands = {
  options: 'o=code option=code c=script config-file=script y yes q qq assume-yes t= target-release= s simulate dry-run no-install-recommends f fix-broken',
  reads: 'list show search policy depends rdepends madison changelog check showpkg',
  otherwise: PACKAGES,
  after: 'o=code option=code c=script config-file=script t= target-release=',
};
const YUM: Subcommands = {
  options: 'y q v c=script config=script enablerepo= disablerepo= assumeyes quiet setopt=code installroot=write',
  reads: 'list info search provides whatprovides repolist check-update history/ history/list history/info deplist repoquery updateinfo group/list grouplist',
  otherwise: PACKAGES,
  after: 'setopt=code',
};
const GIT: Subcommands = {
  options: 'c=code config-env=code exec-path=code C:chdir= git-dir:tree=read work-tree:chdir=read namespace= no-pager P p paginate bare no-replace-objects version html-path man-path info-path literal-pathspecs no-optional-locks',
  reads: 'status log diff show branch tag blame shortlog describe rev-parse rev-list ls-files ls-tree cat-file name-rev reflog grep merge-base whatchanged diff-tree diff-index for-each-ref show-ref count-objects var check-ignore cherry version help annotate range-diff stash/list stash/show remote/-v remote/show remote/get-url worktree/list submodule/status config/--get config/-l config/--list fsck verify-commit verify-tag symbolic-ref upload-pack',
  touches: {
    'push fetch pull clone ls-remote': ['changes', 'network'],
    'clean rm': ['delete', 'changes'],
    'add commit checkout switch restore reset merge stash init mv am apply cherry-pick revert remote gc prune repack pack-refs update-ref update-index update-server-info write-tree commit-tree read-tree checkout-index mktag mktree hash-object replace notes bundle archive format-patch fast-import fast-export index-pack unpack-objects pack-objects rerere sparse-checkout merge-tree receive-pack merge-file mailinfo mailsplit stripspace check-attr check-mailmap interpret-trailers patch-id get-tar-commit-id show-branch show-index verify-pack unpack-file prune-packed multi-pack-index commit-graph worktree upload-archive': ['changes'],
  },
  // config, bisect, submodule, filter-branch and the like run programs; so does a subcommand that somebody has added.
  otherwise: ['changes', 'unknown-program'],
  after: 'ext-diff=code exec=code x=code upload-pack=code receive-pack=code u= O=code open-files-in-pager=code output=write o=write output-directory=write file=read F=read export-marks=write export-pack-edges=write object-dir=write import-marks=read prefix=write grep= author= committer= format= pretty= src-prefix= dst-prefix= m:message= message:message= no-edit:message C:message= c:message= fixup:message= squash:message= reuse-message:message= S= G= b= tool=code extcmd=code template=code separate-git-dir=write config=code contents=read add-file=read pathspec-from-file=read ignore-revs-file=read exclude-from=read since= until= after= before= max-count= skip= depth=',
};
const GIT_GREP = optionTable('f:file=read e:pattern=');
const GIT_BLAME = optionTable('S:file=read L= C M date= abbrev= ignore-rev= contents= ignore-revs-file=');
/** They ask for a text in an editor, which takes keys or its input, unless they are given one. */
const GIT_EDITS = new Set(['commit', 'tag', 'notes', 'revert', 'merge']);
/** They put files into the repository, from where they are shown. */
const GIT_TAKES = new Set(['add', 'stage', 'stash', 'hash-object', 'update-index']);
/** They write where an operand says. */
const GIT_MAKES = new Set(['bundle', 'init', 'clone', 'worktree', 'mv', 'rm', 'mailinfo', 'merge-file', 'pack-objects', 'index-pack', 'receive-pack', 'fast-import', 'mailsplit']);

/** git reads any file of the host that it is to compare or to add, and shows what it was given. */
function gitFiles(name: string, head: Arguments, tail: Arguments, run: Run): void {
  const has = (...names: readonly string[]): boolean => tail.options.some((o) => names.includes(o.name));
  // Elsewhere -f and -S name no file.
  for (const o of tail.options) if (o.rule?.mark === 'file' && o.value !== undefined) run.file('read', o.value, 'git');
  // Outside of the repository, directories are gone through.
  const isFree = has('no-index') || (name === 'diff' && tail.operands.filter((o) => o.pattern.includes('/')).length > 1);
  if (isFree && name === 'grep' && tail.operands.length < 2) run.file('read', staticField('.'), 'git', true);
  if (name === 'interpret-trailers' && has('in-place')) for (const o of tail.operands) run.file('write', o, 'git');
  for (const o of tail.operands) {
    if (/^[a-z][\w+-]*::/.test(knownStart(o))) run.opaque('code', 'a remote helper of git runs a program');
    if (o.pattern.includes('/') || o.text !== undefined || has('no-index') || GIT_TAKES.has(name)) run.file('read', o, 'git', isFree || GIT_TAKES.has(name));
    if (GIT_MAKES.has(name) && (o.pattern.includes('/') || o.text === undefined)) run.file('write', o, 'git', true);
  }
  // With a repository named apart, all below the directory is its working tree.
  const isApart = head.options.some((o) => o.name === 'git-dir' || o.name === 'work-tree');
  if (isApart || (GIT_TAKES.has(name) && has('A', 'all', 'stdin', 'stdin-paths', 'include-untracked')) || (name === 'stash' && has('u', 'a'))) run.file('read', staticField('.'), 'git', true);
  const isListed = name === 'stash' && ['list', 'show'].includes(tail.operands[0]?.text ?? '');
  if (GIT_TREE.has(name) && !has('cached') && !isListed) run.file('write', staticField('.'), 'git', true);
  const isGiven = tail.options.some((o) => o.rule?.mark === 'message') || has('F', 'file', 'abort', 'quit', 'continue', 'skip', 'l', 'list', 'd', 'delete', 'n', 'no-commit', 'ff-only', 'squash', 'prune');
  const isPlain = (name === 'tag' && !has('a', 's', 'e', 'annotate', 'sign', 'edit')) || (name === 'notes' && ['list', 'show', undefined].includes(tail.operands[0]?.text)) || name === 'merge';
  if (isListed) return;
  if ((GIT_EDITS.has(name) && !isGiven && !isPlain) || has('edit-description', 'e', 'edit', 'p', 'patch', 'i', 'interactive') && GIT_ASKS.has(name)) run.touch('interactive');
}

const CONFIG_SHOWS = new Set(['get', 'get-all', 'get-regexp', 'list', 'l', 'global', 'local', 'system', 'show-origin', 'show-scope', 'name-only', 'z', 'null', 'file', 'bool', 'int', 'type', 'path', 'includes']);

/** `git config --get user.name` */
function showsConfig({ options }: Arguments): boolean {
  return options.some((o) => /^(get|get-all|get-regexp|list|l)$/.test(o.name)) && options.every((o) => CONFIG_SHOWS.has(o.name));
}

/** `-p`, `-e` and `-i` of these open an editor or ask. */
const GIT_ASKS = new Set(['add', 'stage', 'checkout', 'restore', 'reset', 'stash', 'commit', 'branch', 'tag', 'merge', 'cherry-pick', 'revert', 'notes', 'am', 'apply', 'clean']);

/** They write files of the working tree, which may be a home directory. */
const GIT_TREE = new Set('pull checkout merge reset restore switch clone stash apply am cherry-pick revert rebase worktree submodule bisect mv rm clean read-tree checkout-index unpack-file archive'.split(' '));
const CONTAINERS: Subcommands = {
  options: 'v version help H!remote= host!remote= c!remote= context!remote= config=script D debug l= log-level= tls tlscacert= n= namespace= connection!remote= remote!remote url!remote=',
  reads: 'ps images logs inspect info version stats top port diff history events search container/ls container/ps container/list container/logs container/inspect container/stats container/top image/ls image/list image/inspect image/history network/ls network/inspect network/list volume/ls volume/inspect volume/list system/df system/info compose/ps compose/logs compose/ls compose/top compose/images compose/version node/ls service/ls service/ps service/logs service/inspect stack/ls stack/ps stack/services context/ls',
  otherwise: ['containers'],
};
const KUBECTL: Subcommands = {
  options: 'n= namespace= context!remote= cluster!remote= kubeconfig=script cache-dir=write log-file=write log-dir=write profile= profile-output=write match-server-version insecure-skip-tls-verify s!remote= server!remote= user= token= as!privilege= as-group!privilege= l= selector= o= output= A all-namespaces v= request-timeout=',
  reads: 'get describe logs top version cluster-info api-resources api-versions explain auth/can-i rollout/status rollout/history config/view config/current-context config/get-contexts diff events wait',
  otherwise: ['containers'],
  after: 'kubeconfig=script cache-dir=write log-file=write log-dir=write profile-output=write as-group!privilege= server!remote= s!remote= as!privilege= context!remote= n= l= o:output=ignore output:output=ignore template= f=read filename=read raw=code output-directory=write',
};

/** `--python` runs another program, `--log` writes what it does. */
const PIP: Subcommands = {
  options: 'q isolated disable-pip-version-check no-input',
  reads: 'list show freeze check search index',
  otherwise: PACKAGES,
  after: 'r=read requirement=read python=code log=write log-file=write local-log=write cache-dir=write cert=read client-cert=read',
};

const COMPOSE: Subcommands = {
  options: 'f=read file=read p= project-name= env-file=read profile= project-directory= ansi= progress= v version help',
  reads: 'ps logs top images version ls',
  otherwise: ['containers'],
};
const containers = subcommands(CONTAINERS);
const compose = subcommands(COMPOSE);

/** `docker compose -f x.yml ps` */
const withCompose: Handler = (call, run) => {
  if (call.args[0]?.text !== 'compose') return containers(call, run);
  run.form(`${call.program} compose`);
  compose({ ...call, program: `${call.program} compose`, args: call.args.slice(1) }, run);
};

/** Options that say how ip writes: whole words with one dash. */
const IP_STYLE = /^--?(4|6|0|B|M|s(ta?|tats?|tatistics)?|d(e|et|etails)?|h(uman(-readable)?)?|iec|o(ne|neline)?|j(son)?|p(retty)?|r(esolve)?|t(imestamp)?|ts(hort)?|br(ief)?|c(olor)?(=\w+)?|N(umeric)?)$/;

const IP: Subcommands = {
  options: 'n!privilege= netns!privilege= b=code batch=code f= family= V',
  reads: 'addr/ address/ a/ link/ l/ route/ r/ neigh/ n/ rule/ ru/ maddr/ netns/ addr/show addr/list addr/ls addr/s a/s a/show a/ls a/list address/show link/show link/list link/ls link/s l/show l/s l/ls route/show route/list route/ls route/get r/show r/s r/ls r/get neigh/show neigh/ls neighbour/show n/show n/s rule/show rule/list rule/ls maddr/show tunnel/show monitor netns/list',
  touches: { 'netns/exec vrf/exec': ['privilege', 'unknown-program'] },
  otherwise: ['network-config'],
};
const ipObjects = subcommands(IP);

const ip: Handler = (call, run) => {
  const at = call.args.findIndex((a) => !IP_STYLE.test(a.text ?? ''));
  ipObjects({ ...call, args: at < 0 ? [] : call.args.slice(at) }, run);
};

export const SUBCOMMANDS: Readonly<Record<string, Handler>> = {
  systemctl: subcommands(SYSTEMCTL),
  'apt-get': subcommands(APT),
  apt: subcommands(APT),
  aptitude: subcommands({ ...APT, alone: ['interactive', ...PACKAGES] }),
  'apt-cache': subcommands({ ...APT, reads: 'policy show search showpkg depends rdepends madison stats pkgnames dump dumpavail showsrc unmet dotty xvcg showauto' }),
  'apt-mark': subcommands({ ...APT, reads: 'showauto showmanual showhold' }),
  'apt-key': subcommands({ ...APT, reads: 'list finger' }),
  yum: subcommands(YUM),
  dnf: subcommands(YUM),
  microdnf: subcommands(YUM),
  zypper: subcommands({ options: 'n non-interactive q x xmlout', reads: 'search se info if list-updates lu repos lr', otherwise: PACKAGES }),
  apk: subcommands({ options: 'q', reads: 'info search list version policy stats', otherwise: PACKAGES }),
  pip: subcommands(PIP),
  pip3: subcommands(PIP),
  npm: subcommands({ options: 'g global s silent json', reads: 'ls list view info outdated audit search ping whoami root prefix', touches: { 'audit/fix': ['packages', 'unknown-program'] }, otherwise: ['packages', 'unknown-program'], after: 'git=code node-options=code script-shell=code shell=code editor=code viewer=code cache=write logs-dir=write prefix=read globalconfig=script userconfig=script' }),
  yarn: subcommands({ reads: 'list info why', otherwise: ['packages', 'unknown-program'], after: 'cwd=script use-yarnrc=script cache-folder=write' }),
  pnpm: subcommands({ reads: 'list ls why outdated', otherwise: ['packages', 'unknown-program'], after: 'dir=script C=script pnpmfile=script global-pnpmfile=script' }),
  git: subcommands(GIT),
  docker: withCompose,
  podman: withCompose,
  nerdctl: withCompose,
  'docker-compose': subcommands({ options: 'f=read file=read p= project-name= env-file=read', reads: 'ps logs top images version', otherwise: ['containers'] }),
  crictl: subcommands({ reads: 'ps pods images logs inspect inspectp inspecti stats info version', otherwise: ['containers'] }),
  ctr: subcommands({ reads: 'version info', otherwise: ['containers'] }),
  lxc: subcommands({ reads: 'list info', otherwise: ['containers'] }),
  virsh: subcommands({ options: 'c!remote= connect!remote= r readonly q', reads: 'list dominfo domstate nodeinfo', otherwise: ['containers'], alone: ['interactive', 'containers'] }),
  kubectl: subcommands(KUBECTL),
  k3s: subcommands({ reads: 'check-config', otherwise: ['containers'] }),
  oc: subcommands(KUBECTL),
  crontab: crontab(),
  ip,
  aws: subcommands({ reads: '', otherwise: ['remote', 'changes'] }),
  gcloud: subcommands({ reads: '', otherwise: ['remote', 'changes'] }),
  az: subcommands({ reads: '', otherwise: ['remote', 'changes'] }),
};

/** `crontab -l` lists; everything else installs a table that nobody has read here. */
function crontab(): Handler {
  const table = optionTable('u!privilege= l:list e r i');
  return ({ program, args }, run) => {
    const found = splitArguments(args, table);
    const marks = applyOptions(program, found, table, true, run);
    if (marks.has('list') && found.operands.length === 0 && found.options.every((o) => o.name === 'l')) return;
    run.touch('schedule');
    for (const o of found.operands) run.file('read', o, program);
  };
}
