/** Walks the tree of a command line, every branch of it, and hands each program that is run to what is known of it. */
import { forEachChild } from 'unbash';
import type { Assignment, Command, CompoundList, HereDoc, ParsedScript, PipelineNode, AndOr, Redirection, Statement, TestExpression, Word, Function as FunctionNode, CommandNode, SyntaxNode } from 'unbash';
import { givenVariable, shellVariable } from './environment.ts';
import { UNKNOWN_PIECE, checkArithmetic, expandWord, valueOf, walkInner } from './expand.ts';
import type { Scope, Value } from './expand.ts';
import type { Field, Piece } from './field.ts';
import { staticField } from './field.ts';
import { outputOf } from './output.ts';
import type { Stdin } from './run.ts';
import type { Session } from './session.ts';
import { Variables } from './variables.ts';

/** Where a text runs. */
export interface Frame {
  readonly depth: number;
  readonly via: readonly string[];
  /** Directories that the text may start in. */
  readonly directories: ReadonlySet<string>;
  readonly functions: ReadonlyMap<string, boolean>;
  /** Functions whose bodies the text is in. */
  readonly inside: ReadonlySet<string>;
  readonly stdin: Stdin;
  /** Standard output may be the terminal. */
  readonly isShown: boolean;
  /** Positions of the tree are those of the text that was given to the analysis. */
  readonly isOwnText: boolean;
}

/** A terminal, or a descriptor that may be one. */
const TERMINALS = /^(\/dev\/(tty|pts\/|fd\/|std|console)|\/proc\/)/;

export class Walk implements Scope {
  readonly #session: Session;
  readonly #frame: Frame;
  readonly #variables: Variables;
  /** Functions of the text, and whether each is defined for sure. */
  readonly #functions: Map<string, boolean>;
  directories: Set<string>;
  /** What is walked runs for sure before all that follows. */
  #isCertain = true;
  /** Inside a loop or function: what is later in the text may run before. */
  #isRepeated = false;
  #stdin: Stdin;
  #inside: ReadonlySet<string>;
  #isShown: boolean;

  constructor(session: Session, frame: Frame, script: ParsedScript, variables = new Variables(script)) {
    this.#session = session;
    this.#frame = frame;
    this.#variables = variables;
    this.#functions = new Map(frame.functions);
    this.directories = new Set(frame.directories);
    this.#stdin = frame.stdin;
    this.#inside = frame.inside;
    this.#isShown = frame.isShown;
  }

  script(script: ParsedScript): void {
    for (const statement of script.commands) this.#statement(statement);
  }

  // Scope

  values(name: string): readonly Value[] | undefined {
    return this.#variables.values(name);
  }

  isAssigned(name: string): boolean {
    return this.#variables.isAssigned(name);
  }

  isUnset(name: string): boolean {
    // A shell that another program runs is given variables, and one that people type into has had lines before.
    return !this.#session.env.interactive && this.#frame.isOwnText && this.#frame.via.length === 0 && this.#variables.isUnset(name);
  }

  isNumber(name: string): boolean {
    return this.#variables.isNumber(name);
  }

  numberSet(name: string): void {
    this.#variables.setNumber(name);
  }

  opaque(...found: Parameters<Scope['opaque']>): void {
    this.#session.collector.opaque(...found);
  }

  substitution(script: ParsedScript, isShown = false): Piece {
    const { depth } = this.#frame;
    if (depth >= this.#session.maxDepth) {
      this.opaque('limit', 'substitutions are nested too deep');
      return UNKNOWN_PIECE;
    }
    const isOwnText = this.#frame.isOwnText && script.source === undefined;
    const frame: Frame = { ...this.#frame, depth: depth + 1, directories: this.directories, functions: this.#functions, inside: this.#inside, stdin: this.#stdin, isShown: isShown && this.#isShown, isOwnText };
    // A shell of its own: what it sets is gone with it.
    const before = this.#variables.known();
    new Walk(this.#session, frame, script, this.#variables).script(script);
    this.#variables.restore(before);
    return outputOf(script);
  }

  // Control flow

  #statement(statement: Statement): void {
    // What runs in the background is a shell of its own: what it sets is not set here.
    this.#uncertain(statement.background === true, () => this.#node(statement.command));
  }

  #list(list: CompoundList): void {
    const numbers = this.#variables.numbers();
    for (const statement of list.commands) this.#statement(statement);
    // One branch of several.
    if (!this.#isCertain) this.#variables.keepNumbers(numbers);
  }

  #node(node: PipelineNode | AndOr | FunctionNode): void {
    switch (node.type) {
      case 'AndOr':
        for (const [i, part] of node.commands.entries()) this.#uncertain(i > 0, () => this.#node(part));
        return;
      case 'Pipeline':
        return this.#pipeline(node.commands);
      default:
        return this.#command(node);
    }
  }

  #pipeline(commands: readonly CommandNode[]): void {
    const outer = this.#stdin;
    const isShown = this.#isShown;
    for (const [i, part] of commands.entries()) {
      if (i > 0) this.#stdin = { kind: 'pipe' };
      this.#isShown = isShown && i === commands.length - 1;
      this.#uncertain(commands.length > 1, () => this.#command(part));
    }
    this.#isShown = isShown;
    this.#stdin = outer;
  }

  #command(node: CommandNode): void {
    switch (node.type) {
      case 'Command':
        return this.#simple(node);
      case 'Redirected':
        return this.#redirected(node.redirects, () => this.#command(node.command));
      case 'BraceGroup':
        return this.#list(node.body);
      case 'Subshell': {
        const before = new Set(this.directories);
        this.#uncertain(true, () => this.#list(node.body));
        this.directories = before;
        return;
      }
      case 'If':
        return this.#uncertain(true, () => {
          for (const part of [node.clause, node.then, ...node.elif.flatMap((e) => [e.clause, e.then]), ...(node.else === undefined ? [] : [node.else])]) this.#list(part);
        });
      case 'While':
        return this.#repeated([node.clause, node.body], () => [node.clause, node.body].forEach((l) => this.#list(l)));
      case 'For':
      case 'Select':
        return this.#loop(node.type, node.name.value, node.wordlist, node.body);
      case 'ArithmeticFor':
        // Shells that do not have it refuse the whole text.
        for (const e of [node.initialize, node.test, node.update]) if (e !== undefined) checkArithmetic(e, this);
        return this.#repeated([node.body], () => this.#list(node.body));
      case 'Case':
        expandWord(node.word, this);
        return this.#uncertain(true, () => {
          for (const item of node.items) {
            for (const p of item.pattern) expandWord(p, this);
            this.#list(item.body);
          }
        });
      case 'TestCommand':
        return this.#test(node.expression);
      case 'ArithmeticCommand':
        // A POSIX shell takes (( reboot )) for two subshells, and (( i++ )) for a program of that name.
        if (!/^\s*([-+]{2}[A-Za-z_]\w*|[A-Za-z_]\w*(\+\+|--|[-+*/%]=\d+))\s*$/.test(node.body)) this.opaque('parse', '(( )) is read differently by other shells');
        if (node.expression !== undefined) checkArithmetic(node.expression, this);
        return;
      case 'Function':
        return this.#function(node);
      case 'Coproc':
        if (node.name !== undefined) this.variableSet(node.name.value);
        return this.#uncertain(true, () => (node.body.type === 'CompoundList' ? this.#list(node.body) : this.#command(node.body)));
    }
  }

  #function({ name, body }: FunctionNode): void {
    // Of two definitions the later one may call itself by way of the earlier one.
    if (this.#functions.has(name.value)) this.opaque('shadowed', `${name.value} is defined twice`);
    this.#functions.set(name.value, this.#isCertain);
    const outer = this.#inside;
    const isShown = this.#isShown;
    this.#inside = new Set([...outer, name.value]);
    // It is run later, and prints where the shell does then.
    this.#isShown = true;
    this.#repeated([body], () => (body.type === 'CompoundList' ? this.#list(body) : this.#command(body)));
    this.#inside = outer;
    this.#isShown = isShown;
  }

  #loop(kind: 'For' | 'Select', name: string, words: readonly Word[] | undefined, body: CompoundList): void {
    const fields = (words ?? []).map((w) => ({ fields: expandWord(w, this), value: valueOf(w, this) }));
    const isKnown = kind === 'For' && words !== undefined && fields.every((f) => f.fields.every((x) => !x.dynamic));
    const values = fields.flatMap((f): Value[] => (f.value !== undefined ? [f.value] : f.fields.map(asValue)));
    this.variableSet(name);
    this.#variables.set(name, isKnown ? values : undefined, true);
    this.#variables.setNumber(name);
    this.#repeated([body], () => this.#list(body));
    this.#variables.forget(name);
  }

  #uncertain(really: boolean, walk: () => void): void {
    if (!really) return walk();
    const before = this.#isCertain;
    const numbers = this.#variables.numbers();
    this.#isCertain = false;
    walk();
    this.#isCertain = before;
    this.#variables.keepNumbers(numbers);
  }

  #repeated(parts: readonly SyntaxNode[], walk: () => void): void {
    const before = this.#isRepeated;
    this.#isRepeated = true;
    // The second time round it starts where the first time ended.
    if (parts.some(mayChangeDirectory)) this.changeDirectory(undefined);
    this.#uncertain(true, walk);
    this.#isRepeated = before;
  }

  #test(e: TestExpression): void {
    switch (e.type) {
      case 'TestUnary':
        if (e.operator === '-v' || e.operator === '-R') this.opaque('eval', '[[ -v ]] computes an index at run time');
        expandWord(e.operand, this);
        return;
      case 'TestBinary':
        // A POSIX shell takes > in [[ a > b ]] for a redirection.
        if (/^(<|>)$/.test(e.operator)) this.opaque('parse', '[[ < ]] is read differently by other shells');
        if (/^-(eq|ne|lt|le|gt|ge)$/.test(e.operator)) for (const w of [e.left, e.right]) this.#testNumber(w);
        for (const w of [e.left, e.right]) expandWord(w, this);
        return;
      case 'TestLogical':
        // A POSIX shell ends [[ there and takes what follows for a program: `-r x` is none.
        if (!e.operands.slice(1).every(beginsWithDash)) this.opaque('parse', '&& and || inside [[ ]] are read differently by other shells');
        for (const o of e.operands) this.#test(o);
        return;
      case 'TestNot':
        return this.#test(e.operand);
      case 'TestGroup':
        this.opaque('parse', '( ) inside [[ ]] is read differently by other shells');
        return this.#test(e.expression);
    }
  }

  /** Operands of -eq and the like are arithmetic. */
  #testNumber(w: Word): void {
    const [only, ...more] = expandWord(w, this);
    const isNumber = more.length === 0 && (only === undefined || (only.text !== undefined ? /^-?\d*$/.test(only.text) : !only.dynamic && !only.splits));
    if (!isNumber) this.opaque('eval', 'arithmetic on a value of run time, which may run commands');
  }

  // Simple commands

  #simple(node: Command): void {
    this.#redirected(node.redirects, () => {
      const name = node.name;
      const prefix = node.prefix.filter((p) => p.type === 'Assignment');
      for (const a of prefix) this.#assignment(a, name, node.redirects.length > 0);
      if (name === undefined) return;
      const argv = expandWord(name, this);
      for (const arg of node.args) argv.push(...(arg.type === 'Assignment' ? this.#argument(arg) : expandWord(arg, this)));
      this.#historyExpansion(node);
      const at = this.#frame.isOwnText ? { start: node.pos, end: node.end } : undefined;
      this.#session.invoke({ argv, stdin: this.#stdin, via: this.#frame.via, walk: this, depth: this.#frame.depth, ...(at === undefined ? {} : { at }) });
    });
  }

  /** A shell at a terminal replaces `!x` before anything else is read. */
  #historyExpansion(node: Command): void {
    if (!this.#session.env.interactive) return;
    const words = [...(node.name === undefined ? [] : [node.name]), ...node.args];
    if (words.some((w) => /!(?![\s=("]|$)|^\^/.test(w.text))) this.opaque('eval', 'history expansion');
  }

  /** `given`: the program that it is given to. */
  #assignment(a: Assignment, given: Word | undefined, hasRedirect: boolean): void {
    const isGiven = given !== undefined;
    const values = this.#valuesOf(a);
    if (a.index !== undefined) walkInner(a.index, this);
    // `IFS= read -r line` splits what is read, and nothing else.
    const isOfRead = given?.text === 'read' && a.name === 'IFS';
    const kind = isOfRead ? 'harmless' : isGiven ? givenVariable(a.name) : shellVariable(a.name);
    if (kind !== 'harmless') this.#session.setsVariable(a.name, kind);
    // In some shells a redirection that fails leaves the variable as it was.
    if (!isGiven) this.#variables.set(a.name, values, this.#isCertain && !hasRedirect && a.append !== true && a.index === undefined);
    if (!isGiven && !hasRedirect) this.#variables.setNumber(a.name);
  }

  /** The shell itself sets the variable: a loop, `{fd}>`, `${x:=y}`, coproc. */
  variableSet(name: string): void {
    const kind = shellVariable(name);
    if (kind !== 'harmless') this.#session.setsVariable(name, kind);
  }

  #valuesOf(a: Assignment): readonly Value[] | undefined {
    if (a.index !== undefined && !/^\d+$/.test(a.index.value)) this.opaque('eval', 'an index is computed at run time');
    if (a.value.type === 'ArrayValue') {
      for (const e of a.value.elements) expandWord(e, this);
      return undefined;
    }
    const value = valueOf(a.value, this);
    return value === undefined ? undefined : [value];
  }

  /** `export A=b`, `dd of=x`: one word. */
  #argument(a: Assignment): Field[] {
    if (a.value.type === 'ArrayValue' || a.index !== undefined) {
      walkInner(a, this);
      return [{ text: undefined, pattern: `${a.name}=*`, home: false, dynamic: true, splits: false }];
    }
    const [only, ...more] = expandWord(a.value, this);
    const head = `${a.name}${a.append === true ? '+' : ''}=`;
    if (only === undefined) return [staticField(head)];
    const join = (f: Field): Field => ({ ...f, text: f.text === undefined ? undefined : head + f.text, pattern: head + f.pattern, home: false });
    return [only, ...more].map(join);
  }

  // Redirections

  #redirected(redirects: readonly Redirection[], walk: () => void): void {
    const outer = this.#stdin;
    const isShown = this.#isShown;
    for (const r of redirects) {
      const stdin = this.#redirection(r);
      if (stdin !== undefined) this.#stdin = stdin;
    }
    walk();
    this.#stdin = outer;
    this.#isShown = isShown;
  }

  #redirection(r: Redirection): Stdin | undefined {
    const isStdin = r.descriptor === undefined || (r.descriptor.type === 'FileDescriptor' && r.descriptor.value === 0);
    if (r.descriptor?.type === 'FileDescriptorVariable') this.variableSet(r.descriptor.name);
    if (r.type === 'HereDoc') return this.#hereDoc(r);
    const fields = r.target === undefined ? [] : expandWord(r.target, this);
    const [target] = fields;
    if (r.type === 'HereString') return target?.text === undefined ? { kind: 'pipe' } : { kind: 'text', text: `${target.text}\n` };
    if (target === undefined || fields.length > 1) {
      this.opaque('dynamic-argument', 'a redirection to a file whose name is made at run time');
      return { kind: 'file' };
    }
    const isDescriptor = (r.operator === '<&' || r.operator === '>&') && /^(\d+-?|-)$/.test(target.text ?? '');
    const isStdout = r.operator.startsWith('&') || (r.operator.startsWith('>') && (r.descriptor === undefined || (r.descriptor.type === 'FileDescriptor' && r.descriptor.value === 1)));
    if (isStdout) this.#isShown = isDescriptor || target.text === undefined || TERMINALS.test(target.text);
    if (isDescriptor) return isStdin && r.operator === '<&' ? { kind: 'pipe' } : undefined;
    if (r.operator === '<' || r.operator === '<>' || r.operator === '<&') this.#session.file('read', target, 'shell', false, this);
    if (r.operator !== '<' && r.operator !== '<&') {
      this.#session.file('write', target, 'shell', false, this);
      if (!r.operator.includes('>>') && r.operator !== '<>' && target.text !== '/dev/null') this.#session.collector.touch('overwrite');
    }
    return isStdin && r.operator.startsWith('<') ? { kind: 'file' } : undefined;
  }

  #hereDoc(doc: HereDoc): Stdin {
    const parts = doc.body.parts;
    if (parts === undefined) return { kind: 'text', text: doc.operator === '<<-' ? doc.body.text.replaceAll(/^\t+/gm, '') : doc.body.text };
    const known = parts.every((p) => p.type === 'Literal');
    for (const part of parts) if (part.type !== 'Literal') expandWord({ type: 'Word', text: part.text, value: part.text, pos: part.pos, end: part.end, parts: [part] }, this);
    return known ? { kind: 'text', text: parts.map((p) => ('value' in p ? p.value : '')).join('') } : { kind: 'pipe' };
  }

  // What programs say of the shell that runs them

  changeDirectory(to: Field | undefined): void {
    const found = to?.text === undefined ? ['?'] : this.#session.pathsOf(to, this).map((p) => p.path);
    // A failed cd leaves the line where it was.
    this.directories = new Set([...this.directories, ...found, ...(this.#isRepeated ? ['?'] : [])]);
    if (this.directories.size > this.#session.maxDirectories) this.directories = new Set(['?']);
  }

  /** A text that this shell runs itself, `eval`, has gone there. */
  goneTo(directories: ReadonlySet<string>): void {
    this.directories = new Set([...this.directories, ...directories]);
    if (this.directories.size > this.#session.maxDirectories) this.directories = new Set(['?']);
  }

  forget(name: string): void {
    this.#variables.forget(name);
    this.#functions.delete(name);
  }

  /** Is the name a function of the text: surely, maybe, or not. */
  defines(name: string): 'surely' | 'maybe' | undefined {
    const isSure = this.#functions.get(name);
    return isSure === undefined ? undefined : isSure ? 'surely' : 'maybe';
  }

  /** It is run in its own body. */
  isInside(name: string): boolean {
    return this.#inside.has(name);
  }

  get isShown(): boolean {
    return this.#isShown;
  }

  /** @param isLater it runs later, and prints where the shell does then */
  frame(via: readonly string[], stdin: Stdin, isElsewhere: boolean, isLater = false): Frame {
    return {
      depth: this.#frame.depth + 1,
      via,
      directories: isElsewhere ? new Set(['?']) : this.directories,
      functions: this.#functions,
      inside: this.#inside,
      stdin,
      isShown: this.#isShown || isLater,
      isOwnText: false,
    };
  }
}

const MOVES = new Set(['cd', 'chdir', 'pushd', 'popd', 'eval', 'trap', 'command', 'builtin', 'source', '.']);

/** Somewhere in it the directory may change. */
function mayChangeDirectory(root: SyntaxNode): boolean {
  const stack: SyntaxNode[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.type === 'Command' && node.name !== undefined && (node.name.parts !== undefined || MOVES.has(node.name.value))) return true;
    forEachChild(node, (child) => stack.push(child));
  }
  return false;
}

function asValue(f: Field): Value {
  const body = f.home ? f.pattern.slice(1) : f.pattern;
  return { home: f.home, pieces: f.text !== undefined ? [{ kind: 'text', text: body }] : Array.from(body, (c): Piece => (c === '*' || c === '?' ? { kind: 'glob', text: c } : { kind: 'text', text: c })) };
}

/** The words begin with an operator like `-f`. */
function beginsWithDash(e: TestExpression): boolean {
  switch (e.type) {
    case 'TestUnary':
      // A word alone is tested for being empty.
      return e.operand.pos > e.pos;
    case 'TestNot':
      return beginsWithDash(e.operand);
    case 'TestLogical':
      return e.operands[0] !== undefined && beginsWithDash(e.operands[0]);
    default:
      return false;
  }
}
