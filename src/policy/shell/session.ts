/** One analysis: what all texts of a line share, and how a program that is run is looked up. */
import type { TextPlace } from '../types.ts';
import { Collector } from './collector.ts';
import { knownStart } from './field.ts';
import type { Field } from './field.ts';
import { noteFile } from './file-effects.ts';
import { shellLimits } from './limits.ts';
import { parseShell } from './parse.ts';
import type { Parsed } from './parse.ts';
import { resolvePath } from './paths.ts';
import { programHandler } from './programs/index.ts';
import { opensPager } from './programs/pagers.ts';
import type { Invocation, Run, Stdin } from './run.ts';
import type { FileAccess, ShellEnv } from './types.ts';
import { Walk } from './walk.ts';
import type { Frame } from './walk.ts';

interface Call {
  readonly argv: readonly Field[];
  readonly stdin: Stdin;
  readonly via: readonly string[];
  readonly walk: Walk;
  readonly depth: number;
  readonly at?: TextPlace;
}

/** A home directory as a whole, or what holds them. */
const HOMES = /^(~|\/|\?|\/root|\/home|\/home\/[^/]+)$/;
/** Programs that take a tree along, or make another way into it. */
const COPIES = new Set(['diff', 'colordiff', 'cp', 'ln', 'mv', 'tar', 'bsdtar', 'zip', 'rsync', 'scp', 'install', 'cpio', 'pax', 'git']);

/** They run a program at a terminal that they make, wherever its output goes. */
const MAKES_TERMINAL = new Set(['unbuffer', 'ssh', 'slogin', 'script']);

/** They run a text in the shell that runs them. */
const SAME_SHELL = new Set(['eval', 'trap', 'source', '.']);

/** Where programs of the system lie; a program of the same name elsewhere is another one. */
const BIN = /^\/(usr\/)?(local\/)?s?bin\/[^/]+$/;

export class Session {
  readonly collector = new Collector();
  readonly env: ShellEnv;
  readonly maxDepth = shellLimits.depth;
  readonly maxDirectories = shellLimits.directories;

  constructor(env: ShellEnv) {
    this.env = env;
  }

  /** Analyses a text that a shell runs. Returns the directories that it may end in; undefined where it is not understood. */
  read(text: string, frame: Frame): ReadonlySet<string> | undefined {
    const parsed = this.#parsed(text, frame.depth);
    if ('problem' in parsed) {
      this.collector.opaque(parsed.problem, parsed.detail);
      return undefined;
    }
    // Shells differ in what a backslash at the very end is.
    if (/(^|[^\\])(\\\\)*\\$/.test(text)) this.collector.opaque('parse', 'a backslash at the end of the text');
    const walk = new Walk(this, frame, parsed.script);
    walk.script(parsed.script);
    return walk.directories;
  }

  #parsed(text: string, depth: number): Parsed {
    if (depth > this.maxDepth) return { problem: 'limit', detail: 'shells are nested too deep' };
    if (!this.collector.mayRead(text.length)) return { problem: 'limit', detail: 'too much text in shells inside shells' };
    return parseShell(text);
  }

  setsVariable(name: string, kind: 'history' | 'shell'): void {
    this.collector.touch(kind === 'history' ? 'history' : 'environment');
    if (kind === 'shell') this.collector.opaque('environment', `${name} changes what programs do`);
  }

  /** The paths that a field may mean, one for each directory that the line may be in. */
  pathsOf(field: Field, walk: Walk): readonly { readonly path: string; readonly pattern: boolean }[] {
    const from = field.home || field.pattern.startsWith('/') ? ['/'] : walk.directories;
    const path = [...from].map((d) => resolvePath(field.pattern, d, field.home, this.env.home));
    return [...new Set(path)].map((p) => ({ path: p, pattern: field.text === undefined }));
  }

  file(access: FileAccess['access'], field: Field, by: string, recursive: boolean, walk: Walk): void {
    if (field.dynamic) this.collector.opaque('dynamic-argument', `${by} works on a file whose name is made at run time`);
    if (field.dynamic && /^\*+$/.test(field.pattern)) return;
    if (field.pattern.length > shellLimits.pathChars) return this.collector.opaque('limit', 'a path is longer than any file\'s');
    // `find /srv -exec rm {} +`, whoever runs the rm, takes the tree away file by file.
    const isTree = recursive || (access === 'delete' && !field.dynamic && field.pattern.endsWith('/**'));
    for (const { path, pattern } of this.pathsOf(field, walk)) {
      // Whatever lies in a home directory is meant: keys and startup files, too. Searching it shows lines and is let be.
      const isWhole = isTree && HOMES.test(path) && (access === 'write' || (access === 'read' && COPIES.has(by)));
      noteFile(isWhole ? { access, path: `${path === '/' ? '' : path}/**`, pattern: true, by, recursive: true } : { access, path, pattern, by, recursive: isTree }, this.collector);
    }
  }

  invoke(call: Call): void {
    const [first, ...args] = call.argv;
    if (first === undefined) return;
    const name = first.text;
    if (name === undefined || first.home) return this.#unknownName(call, first, args);
    const program = name.slice(name.lastIndexOf('/') + 1);
    this.collector.command({ program, name, args: args.map((a) => a.text ?? null), via: call.via }, call.at);
    const handler = programHandler(program);
    if (name.includes('/') && !BIN.test(resolvePath(name, '?', false, undefined))) {
      this.collector.touch('unknown-program');
      return this.collector.opaque('script', `${name} is not one of the system's programs`);
    }
    const defined = call.walk.defines(program);
    if (defined !== undefined && handler !== undefined) this.collector.opaque('shadowed', `${program} is a function of this line`);
    // Only the shell itself runs its functions, and one that is defined in a branch may not be there.
    if (defined === 'surely' && handler === undefined && call.via.length === 0 && name === program) {
      if (call.walk.isInside(program)) this.collector.opaque('limit', `${program} runs itself, which may never end`);
      return;
    }
    if (handler === undefined) return this.#unknownProgram(program, args, call.walk);
    const invocation: Invocation = { program, args, stdin: call.stdin, via: call.via };
    const isShown = call.walk.isShown || call.via.some((v) => MAKES_TERMINAL.has(v));
    if (this.env.pty === true && opensPager(program, args.map((a) => a.text ?? '*'), isShown)) this.collector.touch('interactive');
    handler(invocation, this.#runOf(call));
  }

  #unknownName(call: Call, first: Field, args: readonly Field[]): void {
    this.collector.command({ program: '', name: first.pattern, args: args.map((a) => a.text ?? null), via: call.via }, call.at);
    this.collector.opaque('dynamic-command', 'the name of a program is made at run time');
    // Where the first word turns out to be empty, or runs another program, this is what is run.
    if (args[0]?.text !== undefined && programHandler(args[0].text) !== undefined) this.invoke({ ...call, argv: args });
  }

  #unknownProgram(program: string, args: readonly Field[], walk: Walk): void {
    this.collector.touch('unknown-program');
    for (const a of args) {
      const value = /^--?[\w-]+=/.exec(knownStart(a))?.[0].length ?? 0;
      if (value === 0 && a.text?.includes('/') === true && !a.text.startsWith('-')) this.file('read', a, program, false, walk);
    }
  }

  #runOf(call: Call): Run {
    const { walk, via } = call;
    const { collector } = this;
    return {
      touch: (...effects) => collector.touch(...effects),
      opaque: (reason, detail) => collector.opaque(reason, detail),
      form: (text) => collector.form(text),
      file: (access, path, by, recursive = false) => this.file(access, path, by, recursive, walk),
      shell: (code, by, elsewhere = false) => {
        if (code?.text === undefined) return collector.opaque('eval', `${by} runs text that is made at run time`);
        const ends = this.read(code.text, walk.frame([...via, by], { kind: 'inherited' }, elsewhere, by === 'trap'));
        if (SAME_SHELL.has(by)) walk.goneTo(ends ?? new Set(['?']));
      },
      program: (argv, by, stdin) => {
        if (via.length > 2 * this.maxDepth) return collector.opaque('limit', 'programs that run programs are nested too deep');
        this.invoke({ argv, stdin, via: [...via, by], walk, depth: call.depth + 1 });
      },
      changeDirectory: (to) => walk.changeDirectory(to),
      setVariable: (name) => {
        walk.forget(name);
        walk.variableSet(name);
      },
    };
  }
}
