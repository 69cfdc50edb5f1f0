/**
 * Reads the command line from the screen when a key would run it. No protocol says where a line begins and ends, so this
 * is a good guess and no boundary (docs/ssh-terminal.md). What it is not sure of, it says.
 */
import { oneKey } from '../../../policy/mask/stream/index.ts';
import { shellLimits } from '../../../policy/shell/limits.ts';
import { completeness } from './incomplete.ts';
import { isUnfinishedPaste, lineEnd, pasted, splitKeys, type Key } from './keys.ts';
import { Screen } from './screen.ts';
import { FAULT, VisibleBytes } from './visible-bytes.ts';

/** Text of one line, pastes included, in bytes: about what the screen keeps of one. Shells take longer lines slowly, if at all. */
const LINE_BYTES = 16 * 1024;

export const UNCERTAIN = {
  alternate: 'a full-screen program has the terminal',
  echo: 'what is typed is not shown',
  prompt: 'this is no prompt of a shell that is known',
  rewritten: 'the screen shows something else than what was typed',
  several: 'several lines at once',
  key: 'a key that may be bound to a command',
  heredoc: 'the text of a here-document follows',
  continuation: 'a continued line whose beginning is not known',
  encoding: 'it is not valid UTF-8',
  long: `it is longer than ${LINE_BYTES / 1024} KiB`,
} as const;
export type UncertainReason = keyof typeof UNCERTAIN;

export type InputStep =
  /** Goes on at once. `hidden`: a password, which is not recorded. */
  | { readonly kind: 'forward'; readonly bytes: Buffer; readonly hidden: boolean }
  /** The key waits for the decision on this line. Answer with `answered`. */
  | { readonly kind: 'decide'; readonly bytes: Buffer; readonly text: string }
  | { readonly kind: 'uncertain'; readonly bytes: Buffer; readonly reason: UncertainReason }
  /** The screen may not show everything yet: call `settled` when the output is quiet, then `next` again. */
  | { readonly kind: 'settle' };

/** Keys that wait behind a held one. */
const QUEUE_BYTES = 256 * 1024;
/** How shells' prompts end. */
const SHELL_PROMPT = /[$#%>❯➜»λ]\s*$/u;
const SECOND_PROMPT = /^(?:[\w-]+ ?)*> ?$/;
const PASSWORD_PROMPT = /(?:passw(?:or)?d|passphrase|passcode|\bpin\b|verification code|one-time|\botp\b|passwort|kennwort|mot de passe|contraseña|senha|пароль|密码|パスワード)[^:：]{0,80}[:：]\s*$/iu;
const ESC = '\u001b';
/** Escape alone, and behind it commands of vi that mean nothing as Meta keys. */
const VI = new RegExp(`^${ESC}(?:[eghijkmoqsw^ISPG]|$)`);
/** Keys that move, erase or draw anew; neither text nor what brings text back. */
const HARMLESS = new Set(['\u0001', '\u0002', '\u0004', '\u0005', '\u0006', '\u0008', '\u000b', '\u000c', '\u0015', '\u0017', '\u007f', ...['[', 'O'].flatMap((x) => Array.from('CDHF', (key) => ESC + x + key))]);
const SETS_VI = /\bvi\b|editing-mode|inputrc/i;
/** Of vi's commands after Escape: movements, then one from which on text is text. */
const VI_INSERTS = /^[0-9$^wbeWBEhjkl ]*[iIaA]/;
/** `v` and `#` run a line in vi's command mode. */
const VI_RUNS = /[v#]/;
/** Meta-# of terminals whose Meta sets the eighth bit: it takes a comment sign away, and runs the line. */
const META_COMMENT = 0xa3;
const SEARCH = /^\(?(?:failed |failing )?(?:reverse-|bck-|fwd-)?i-search\)?`.*?': (.*)$/;

interface Prompt {
  /** Text before the place where typing began, in its logical line. */
  readonly text: string;
  readonly row: () => number | undefined;
}

export class LineGate {
  readonly #screen: Screen;
  readonly #shown = new VisibleBytes();
  #keys = new VisibleBytes();
  /** Bytes that are no character were typed since the prompt. */
  #faulty = false;
  #queue: Buffer = Buffer.alloc(0);
  #prompt: Prompt | undefined;
  /** What was typed since the prompt; undefined when keys were used whose effect only the screen shows. */
  #typed: string | undefined = '';
  #multiline = false;
  /** Bytes of text since the prompt. */
  #bytes = 0;
  /** What is left of a line that was too long, up to the end of it or of the paste, goes nowhere. */
  #dropping: 'line' | 'paste' | undefined;
  /** Lines before, of a command that goes over several. */
  #before = '';
  /** The last prompt that was one of a shell. */
  #known = '';
  #quiet = false;
  #answered = true;
  /** An uncertain place that was allowed until it is left. */
  #allowed: string | undefined;
  /** Where the line stands that was refused last, until the shell has given it up. */
  #refused: (() => number | undefined) | undefined;
  /** The prompt of a line that was given up: the shell may not have done so. */
  #left: Prompt | undefined;
  /** Keys came since the prompt that put text into the line; and that text was seen there. */
  #filled = false;
  #visible = false;
  /** The line editor may be one of vi's kind. */
  #vi = false;
  /** Keys since Escape, while what is typed may be commands of vi. */
  #commands: string | undefined;

  constructor(cols: number, rows: number) {
    this.#screen = new Screen(cols, rows);
  }

  /** What the target sent, before any mask: the decision is about what runs. */
  output(bytes: Uint8Array): void {
    this.#quiet = false;
    this.#answered = true;
    this.#screen.feed(this.#shown.bytes(bytes));
  }

  /** Draws what was shown: the next key finds it done. */
  read(): void {
    this.#screen.sync();
  }

  /** Something was shown since the last key: what it did can be seen soon. */
  get answeredKey(): boolean {
    return this.#answered;
  }

  resize(cols: number, rows: number): void {
    this.#screen.resize(cols, rows);
  }

  /** @returns false when more waits than may wait: the keys are not taken */
  input(bytes: Buffer): boolean {
    if (this.#queue.length + bytes.length > QUEUE_BYTES) return false;
    this.#queue = Buffer.concat([this.#queue, bytes]);
    return true;
  }

  /**
   * Takes one key that is text behind text that is seen: nearly every key is that, and somebody waits for its echo.
   * @returns false for all else: `input` takes it, with the same effect where both could
   */
  passes(bytes: Buffer): boolean {
    const text = oneKey(bytes);
    if (text === undefined || this.#queue.length > 0 || this.#dropping !== undefined || this.#prompt === undefined || !this.#visible) return false;
    if (this.#commands !== undefined || !this.#keys.isPlain || this.#bytes >= LINE_BYTES || this.#screen.alternate) return false;
    if (this.#typed !== undefined) this.#typed += text;
    this.#bytes++;
    this.#quiet = this.#answered = false;
    return true;
  }

  /** No output came for a while: the screen shows what there is to see. */
  settled(): void {
    this.#quiet = true;
  }

  /** The line that waits is given up, and keys behind it. */
  discard(): void {
    this.#queue = Buffer.alloc(0);
    this.#giveUp();
  }

  /** What to do with the keys that wait; undefined when none do. */
  next(): InputStep | undefined {
    this.#drop();
    if (this.#dropping !== undefined) return undefined;
    if (!this.#screen.alternate && this.#queue.length > LINE_BYTES && isUnfinishedPaste(this.#queue)) return this.#unsure(this.#queue, 'long');
    // Half an escape sequence waits for its rest, or for the quiet that says there is none.
    const { keys } = splitKeys(this.#queue, this.#quiet);
    const [key, after] = keys;
    if (key === undefined) return this.#queue.length === 0 ? undefined : { kind: 'settle' };
    if (key.kind === 'submit') return this.#submit(key);
    if (!this.#screen.alternate && (key.kind === 'text' || key.kind === 'paste') && this.#bytes + key.bytes.length > LINE_BYTES) return this.#unsure(key.bytes, 'long');
    if (!this.#screen.alternate && (key.kind === 'unknown' || this.#mayRun(key))) return this.#unsure(key.bytes, 'key');
    if (key.kind === 'text' && after?.kind === 'submit' && keys.length > 2 && keys.slice(2).some((k) => k.kind === 'text')) return this.#several();
    if (key.kind === 'paste' && !this.#screen.modes.bracketedPasteMode && /[\r\n]/.test(pasted(key.bytes).toString('latin1'))) return this.#unsure(key.bytes, 'several');
    this.#take(key);
    return { kind: 'forward', bytes: this.#shift(key.bytes.length), hidden: false };
  }

  /** The decision on what `next` gave out last. @returns the bytes that go to the target now */
  answered(step: Extract<InputStep, { kind: 'decide' | 'uncertain' }>, allow: boolean): Buffer {
    const bytes = this.#shift(step.bytes.length);
    if (!allow) {
      // Where no shell reads, nothing is known of what an interrupt brings.
      const reads = step.kind === 'decide' || !['alternate', 'prompt', 'echo'].includes(step.reason);
      this.#refused = reads ? this.#screen.mark().row : undefined;
      if (step.kind === 'uncertain' && step.reason === 'long') {
        this.#dropping = isUnfinishedPaste(bytes) ? 'paste' : 'line';
        this.#giveUp();
      } else {
        this.discard();
      }
      // The line is still in the shell's editor: an interrupt empties it, and a prompt comes.
      return Buffer.from([3]);
    }
    if (step.kind === 'uncertain') this.#allowed = this.#place();
    this.#startLine();
    this.#before = '';
    return bytes;
  }

  /** The line that was refused is gone: the cursor stands behind a prompt further down. */
  get givenUp(): boolean {
    if (this.#refused === undefined) return true;
    const { x, y } = this.#screen.cursor;
    const row = this.#refused();
    const first = this.#screen.firstRow(y);
    const { text, cells } = this.#screen.text(first, this.#screen.lastRow(y));
    const cursor = cells.findIndex((c) => c.y === y && c.x >= x);
    const before = cursor < 0 ? text : text.slice(0, cursor);
    if ((row !== undefined && first <= row) || !this.#isShell(before) || text.slice(before.length).trim() !== '') return false;
    this.#refused = undefined;
    return true;
  }

  #drop(): void {
    if (this.#dropping === undefined) return;
    const end = lineEnd(this.#queue, this.#dropping === 'paste');
    if (end.found) this.#dropping = undefined;
    this.#queue = this.#queue.subarray(end.at);
  }

  #shift(n: number): Buffer {
    const bytes = this.#queue.subarray(0, n);
    this.#queue = this.#queue.subarray(n);
    return bytes;
  }

  #startLine(): void {
    this.#left = undefined;
    this.#prompt = undefined;
    this.#typed = '';
    this.#keys = new VisibleBytes();
    this.#faulty = false;
    this.#filled = this.#visible = false;
    this.#commands = undefined;
    this.#multiline = false;
    this.#bytes = 0;
    this.#quiet = false;
  }

  #take(key: Key): void {
    if (key.kind === 'interrupt') {
      this.#giveUp();
      return;
    }
    if (key.kind === 'report') return;
    this.#prompt ??= this.#atPrompt();
    this.#follow(key);
    if (key.kind === 'text' || key.kind === 'paste') this.#bytes += key.bytes.length;
    this.#quiet = this.#answered = false;
    if (key.kind !== 'text') this.#noteFault(this.#keys.end());
    switch (key.kind) {
      case 'text': {
        const text = this.#keys.text(key.bytes);
        this.#noteFault(text);
        if (this.#typed !== undefined) this.#typed += text;
        break;
      }
      case 'backspace':
        if (this.#typed !== undefined) this.#typed = Array.from(this.#typed).slice(0, -1).join('');
        break;
      case 'paste': {
        const text = pasted(key.bytes).toString('utf8');
        this.#noteFault(text);
        if (/[\r\n]/.test(text)) this.#multiline = true;
        this.#typed = /^\P{Cc}*$/u.test(text) && this.#typed !== undefined ? this.#typed + text : undefined;
        break;
      }
      default:
        this.#typed = undefined;
    }
  }

  #noteFault(text: string): void {
    this.#faulty ||= text.includes(FAULT);
  }

  /** An interrupt was typed or sent. A shell that ignores it keeps the line. */
  #giveUp(): void {
    const left = this.#prompt ?? this.#left;
    this.#startLine();
    this.#left = left;
    this.#before = '';
  }

  #atPrompt(): Prompt | undefined {
    const { x, y } = this.#screen.cursor;
    const first = this.#screen.firstRow(y);
    const { text, cells } = this.#screen.text(first, y);
    const end = cells.findIndex((c) => c.y === y && c.x >= x);
    const mark = this.#screen.mark();
    const shown = end < 0 ? text : text.slice(0, end);
    return { text: this.#withoutLine(shown, first), row: mark.row };
  }

  /** What stands behind a prompt that is known is a line already: one that was not given up, or that the shell put there. */
  #withoutLine(shown: string, first: number): string {
    const left = this.#left;
    if (left !== undefined && shown.startsWith(left.text)) {
      const row = left.row();
      if (row === undefined || this.#screen.firstRow(row) === first || /\S\s+$/.test(left.text)) return left.text;
    }
    return this.#known.trim() !== '' && shown.startsWith(this.#known) ? this.#known : shown;
  }

  /** What a key may do to a line besides what is seen. */
  #follow(key: Key): void {
    const text = key.bytes.toString('latin1');
    if (this.#filled && !this.#visible) this.#visible = (this.#read()?.text ?? '') !== '';
    // Keys that recall or put back, as well as text.
    if (!HARMLESS.has(text)) this.#filled = true;
    if (key.kind === 'edit' && text.startsWith(ESC)) {
      this.#vi ||= VI.test(text);
      if (!/^.[[O]/.test(text)) this.#commands = text.slice(1);
    } else if (key.kind === 'text' && this.#commands !== undefined) {
      this.#commands += text;
    }
    if (this.#commands !== undefined && VI_INSERTS.test(this.#commands)) this.#commands = undefined;
  }

  /** Keys that run a line in some line editors without being Enter. */
  #mayRun(key: Key): boolean {
    if (key.kind !== 'text') return false;
    if (this.#vi && this.#commands !== undefined && !VI_INSERTS.test(this.#commands + key.bytes.toString('latin1')) && VI_RUNS.test(key.bytes.toString('latin1'))) return true;
    return key.bytes.includes(META_COMMENT) && (this.#typed ?? this.#read()?.text ?? '').startsWith('#');
  }

  #submit(key: Key): InputStep {
    if (this.#screen.alternate) return this.#unsure(key.bytes, 'alternate');
    this.#prompt ??= this.#atPrompt();
    this.#noteFault(this.#keys.end());
    const line = this.#read();
    // What was typed stands there: nothing to wait for.
    const sure = line !== undefined && this.#typed !== undefined && line.text === this.#typed.trimEnd() && !line.doubtful;
    if (!sure && !this.#quiet) return { kind: 'settle' };
    if (!this.givenUp) return this.#unsure(key.bytes, 'rewritten');
    const hidden = line?.text === '' && (this.#typed === undefined ? this.#filled && !this.#visible : this.#typed !== '');
    if (hidden) return this.#secret(key);
    if (this.#faulty || line?.text.includes(FAULT) === true) return this.#unsure(key.bytes, 'encoding');
    if (line === undefined) return this.#unsure(key.bytes, this.#isShell(this.#prompt?.text ?? '') ? 'rewritten' : 'prompt');
    if (line.doubtful) return this.#unsure(key.bytes, 'rewritten');
    if (!this.#isShell(line.prompt)) return this.#unsure(key.bytes, 'prompt');
    return this.#line(key, line);
  }

  #line(key: Key, line: Read): InputStep {
    const continued = SECOND_PROMPT.test(line.prompt) && line.prompt !== this.#known;
    // A line that goes on has to go on at a prompt that says so: what looks like the next one may be its rest.
    if (continued !== (this.#before !== '')) return this.#unsure(key.bytes, 'continuation');
    if (!continued) {
      this.#before = '';
      this.#known = line.prompt;
      this.#allowed = undefined;
    }
    const text = this.#before + line.text;
    if (text.trim() === '') return this.#pass(key, '', false);
    // Longer than is analysed: the decision says so.
    if (text.length > shellLimits.textChars) return { kind: 'decide', bytes: key.bytes, text };
    switch (completeness(text)) {
      case 'incomplete':
        return this.#pass(key, `${text}\n`, false);
      case 'here-document':
        return this.#unsure(key.bytes, 'heredoc');
      case 'complete':
        this.#vi ||= SETS_VI.test(text);
        return { kind: 'decide', bytes: key.bytes, text };
    }
  }

  #pass(key: Key, before: string, hidden: boolean): InputStep {
    this.#startLine();
    this.#before = before;
    return { kind: 'forward', bytes: this.#shift(key.bytes.length), hidden };
  }

  /** Typed and not shown: an answer to a question for a password, or something that is to be unseen. */
  #secret(key: Key): InputStep {
    // Line editors ask for pastes in brackets, questions for passwords do not.
    if (!this.#screen.modes.bracketedPasteMode && PASSWORD_PROMPT.test(this.#prompt?.text ?? '')) return this.#pass(key, '', true);
    return this.#unsure(key.bytes, 'echo');
  }

  #several(): InputStep {
    return this.#unsure(this.#queue, 'several');
  }

  #unsure(bytes: Buffer, reason: UncertainReason): InputStep {
    // Allowed once, a place stays allowed until a line of the shell is read again.
    if (this.#allowed !== undefined && this.#allowed === this.#place() && (reason === 'alternate' || reason === 'prompt')) {
      this.#startLine();
      return { kind: 'forward', bytes: this.#shift(bytes.length), hidden: false };
    }
    return { kind: 'uncertain', bytes, reason };
  }

  #place(): string {
    return this.#screen.alternate ? 'alternate' : `prompt ${this.#prompt?.text.trim() ?? ''}`;
  }

  #isShell(prompt: string): boolean {
    return SHELL_PROMPT.test(prompt);
  }

  /** The line as it stands, or undefined where it cannot be found. */
  #read(): Read | undefined {
    const prompt = this.#prompt;
    if (prompt === undefined) return undefined;
    const { x, y } = this.#screen.cursor;
    const first = this.#screen.firstRow(y);
    const { text, cells } = this.#screen.text(first, this.#screen.lastRow(y));
    const cursor = cells.findIndex((c) => c.y === y && c.x >= x);
    const row = prompt.row();
    // The search has taken the prompt's place. A prompt may be made to look like one.
    const search = this.#typed === undefined && !text.startsWith(prompt.text) ? SEARCH.exec(text.trimEnd())?.[1] : undefined;
    if (search !== undefined) return { prompt: this.#known, text: search, doubtful: this.#known === '' };
    const begin = row === undefined ? undefined : this.#screen.firstRow(row);
    if (begin !== undefined && begin < first && this.#multiline) return this.#block(prompt, begin, y);
    if (!text.startsWith(prompt.text)) return undefined;
    const rest = text.slice(prompt.text.length);
    return this.#cleaned(prompt.text, rest, cells.slice(prompt.text.length), Math.max(0, (cursor < 0 ? text.length : cursor) - prompt.text.length));
  }

  /** A suggestion in grey, and a prompt at the right edge, are no part of the line. */
  #cleaned(prompt: string, rest: string, cells: readonly { readonly dim: boolean }[], cursor: number): Read {
    const typed = this.#typed?.trimEnd();
    const before = rest.slice(0, cursor).trimEnd();
    const after = rest.slice(cursor);
    const isTyped = typed !== undefined && before === typed;
    // Where all of the line is grey, grey says nothing.
    const plain = before !== '' && cells.slice(0, before.length).every((c, i) => !c.dim || before[i] === ' ');
    const grey = after.trim() !== '' && (isTyped || plain) && cells.slice(cursor).every((c, i) => c.dim || after[i] === ' ');
    const right = /^ {3,}\S.*$/.test(after.trimEnd()) && isTyped;
    const text = (grey || right ? rest.slice(0, cursor) : rest).trimEnd();
    return { prompt, text, doubtful: typed !== undefined && typed !== '' && text !== '' && text !== typed };
  }

  /** Several rows that were pasted as one line. */
  #block(prompt: Prompt, begin: number, cursorRow: number): Read | undefined {
    const lines: string[] = [];
    let last = this.#screen.lastRow(cursorRow);
    while (last + 1 < this.#screen.end && this.#screen.text(last + 1, last + 1).text.trim() !== '') last++;
    for (let y = begin; y <= last; y = this.#screen.lastRow(y) + 1) lines.push(this.#screen.text(y, this.#screen.lastRow(y)).text.trimEnd());
    if (lines[0]?.startsWith(prompt.text.trimEnd()) !== true) return undefined;
    lines[0] = lines[0].slice(prompt.text.length);
    return { prompt: prompt.text, text: lines.join('\n'), doubtful: false };
  }
}

interface Read {
  readonly prompt: string;
  readonly text: string;
  /** It is not what was typed. */
  readonly doubtful: boolean;
}
