/** The proxy's own line editor: keys in, the drawn line out. The bindings are those that shells have by default. */
import { pasted, splitKeys } from '../terminal/keys.ts';
import type { History } from './history.ts';
import { LineBuffer } from './line-buffer.ts';
import { LineView } from './view.ts';

export type Entered =
  | { readonly kind: 'line'; readonly text: string }
  /** It was longer than a line may be, and is gone. */
  | { readonly kind: 'too-long' }
  | { readonly kind: 'interrupt' }
  /** Ctrl-D on an empty line. */
  | { readonly kind: 'end' };

export interface EditorOptions {
  readonly cols: number;
  readonly history: History;
  /** Characters that a line may have. */
  readonly maxChars: number;
}

const ESC = '\u001b';
const PASTE = Buffer.from(`${ESC}[200~`);
const PASTE_END = Buffer.from(`${ESC}[201~`);
const CLEAR_SCREEN = `${ESC}[H${ESC}[2J`;
const BELL = '\u0007';
const CTRL_C = 0x03;
const CR = 0x0d;
const LF = 0x0a;

/** What a key does to the line. */
const MOVES: Readonly<Record<string, (line: LineBuffer) => unknown>> = {};
const bind = (keys: readonly string[], move: (line: LineBuffer) => unknown): void => {
  for (const key of keys) Object.assign(MOVES, { [key]: move });
};
bind(['\u0001', `${ESC}[H`, `${ESC}OH`, `${ESC}[1~`, `${ESC}[7~`], (l) => l.home());
bind(['\u0005', `${ESC}[F`, `${ESC}OF`, `${ESC}[4~`, `${ESC}[8~`], (l) => l.end());
bind(['\u0002', `${ESC}[D`, `${ESC}OD`], (l) => l.left());
bind(['\u0006', `${ESC}[C`, `${ESC}OC`], (l) => l.right());
bind([`${ESC}b`, `${ESC}[1;5D`, `${ESC}[1;3D`], (l) => l.wordLeft());
bind([`${ESC}f`, `${ESC}[1;5C`, `${ESC}[1;3C`], (l) => l.wordRight());
bind([`${ESC}[3~`], (l) => l.eraseAhead());
bind(['\u000b'], (l) => l.cutToEnd());
bind(['\u0015'], (l) => l.cutToStart());
bind(['\u0017'], (l) => l.cutBlankWord());
bind([`${ESC}\u007f`, `${ESC}\u0008`], (l) => l.cutWord());
bind([`${ESC}d`, `${ESC}[3;5~`, `${ESC}[3;3~`], (l) => l.cutWordAhead());
bind(['\u0019'], (l) => l.paste());
bind(['\u0014'], (l) => l.transpose());
const OLDER = new Set(['\u0010', `${ESC}[A`, `${ESC}OA`]);
const NEWER = new Set(['\u000e', `${ESC}[B`, `${ESC}OB`]);

export class LineEditor {
  readonly #o: EditorOptions;
  readonly #view: LineView;
  #line = new LineBuffer();
  #decoder = new TextDecoder('utf-8');
  #prompt = '';
  #style: readonly [string, string] = ['', ''];
  #search: { query: string; at: number } | undefined;
  #pasting = false;
  #afterReturn = false;
  #tooLong = false;
  #bell = false;
  #clear = false;
  /** What is left of a paste is not for anybody. */
  #dropping = false;
  /** The line has to be drawn anew. */
  #stale = false;
  /** Typed at the end since it was drawn. */
  #added = '';

  constructor(o: EditorOptions) {
    this.#o = o;
    this.#view = new LineView(o.cols);
  }

  /** A paste has begun and not ended. */
  get pasting(): boolean {
    return this.#pasting;
  }

  /** A new line begins where the cursor is, at the left edge. @returns what to show */
  begin(prompt: string, style: readonly [string, string]): string {
    this.#prompt = prompt;
    this.#style = style;
    this.#line = new LineBuffer();
    this.#o.history.reset();
    this.#tooLong = false;
    this.#view.fresh();
    return this.#redraw();
  }

  /**
   * Nothing of these bytes is taken, nor the rest of a paste that has begun.
   * @returns what has to be given again with the bytes that follow
   */
  drop(bytes: Buffer): Buffer {
    this.#dropping = this.#pasting = this.#pasting && !bytes.includes(PASTE_END);
    return this.#pasting ? bytes.subarray(bytes.length - partial(bytes, PASTE_END)) : bytes.subarray(bytes.length);
  }

  resize(cols: number): string {
    this.#view.resize(cols);
    return this.#redraw();
  }

  /**
   * Takes keys up to the one that ends the line.
   * @returns what is left of them, what to show, and what was entered, if anything was
   */
  take(bytes: Buffer): { readonly rest: Buffer; readonly show: string; readonly entered?: Entered } {
    let rest = bytes;
    while (rest.length > 0) {
      const step = this.#pasting ? this.#takePasted(rest) : this.#takeKeys(rest);
      rest = step.rest;
      if (step.entered !== undefined) return { rest, show: this.#ended(step.entered), entered: step.entered };
      if (step.waits) break;
    }
    return { rest, show: this.#changes() };
  }

  #takePasted(bytes: Buffer): Step {
    const end = bytes.indexOf(PASTE_END);
    const stop = end < 0 ? bytes.length - partial(bytes, PASTE_END) : end;
    if (this.#dropping) {
      this.#dropping = this.#pasting = end < 0;
      return end < 0 ? { rest: bytes.subarray(stop), waits: true } : { rest: bytes.subarray(end + PASTE_END.length) };
    }
    let at = 0;
    if (this.#afterReturn && bytes[0] === LF) at = 1;
    this.#afterReturn = this.#afterReturn && stop === 0;
    let to = at;
    while (to < stop && bytes[to] !== CR && bytes[to] !== LF) to++;
    this.#text(bytes.subarray(at, to));
    if (to < stop) {
      this.#afterReturn = bytes[to] === CR;
      return { rest: bytes.subarray(to + 1), entered: this.#submit() };
    }
    if (end < 0) return { rest: bytes.subarray(stop), waits: true };
    this.#pasting = this.#afterReturn = false;
    return { rest: bytes.subarray(end + PASTE_END.length) };
  }

  #takeKeys(bytes: Buffer): Step {
    const paste = bytes.indexOf(PASTE);
    if (paste === 0) {
      this.#pasting = true;
      return { rest: bytes.subarray(PASTE.length) };
    }
    // No further than the line's end: what is behind it is another line's.
    const ends = bytes.findIndex((b) => b === CR || b === LF);
    const whole = Math.min(paste < 0 ? bytes.length : paste, ends < 0 ? bytes.length : ends + 1);
    const { keys, rest } = splitKeys(bytes.subarray(0, whole), false);
    let at = 0;
    for (const key of keys) {
      at += key.bytes.length;
      const entered = this.#key(key.kind, key.kind === 'paste' ? pasted(key.bytes) : key.bytes);
      if (entered !== undefined) return { rest: bytes.subarray(at), entered };
    }
    // An escape sequence that a paste or a line's end follows is broken: it is dropped.
    if (rest.length > 0 && whole < bytes.length) return { rest: bytes.subarray(whole) };
    return { rest: bytes.subarray(at), waits: rest.length > 0 || at === bytes.length };
  }

  #key(kind: string, bytes: Buffer): Entered | undefined {
    if (kind === 'submit') return this.#submit();
    if (kind === 'edit') return this.#edit(bytes.toString('latin1'));
    if (kind === 'interrupt' && bytes[0] === CTRL_C) return { kind: 'interrupt' };
    if (kind === 'text') this.#text(bytes);
    if (kind === 'backspace') this.#backspace();
    return undefined;
  }

  #edit(key: string): Entered | undefined {
    if (key === '\u0012') {
      this.#searchOlder();
      return undefined;
    }
    if (key === '\u0004' && this.#search === undefined) {
      if (this.#line.length === 0) return { kind: 'end' };
      this.#line.eraseAhead();
      this.#stale = true;
      return undefined;
    }
    if (this.#search !== undefined) {
      this.#found(key === '\u0007');
      if (key === '\u0007' || key === ESC) return undefined;
    }
    if (key === '\u000c') {
      this.#clear = true;
      return undefined;
    }
    const move = MOVES[key];
    if (move !== undefined) move(this.#line);
    else if (OLDER.has(key)) this.#recall(this.#o.history.older(this.#line.text));
    else if (NEWER.has(key)) this.#recall(this.#o.history.newer());
    else this.#bell = true;
    this.#stale = true;
    return undefined;
  }

  #text(bytes: Buffer): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text === '' || this.#tooLong) return;
    if (this.#search !== undefined) {
      this.#search = { query: this.#search.query + text, at: this.#o.history.lines.length };
      this.#searchFrom(this.#search.at);
      return;
    }
    if (this.#line.length + text.length > this.#o.maxChars) {
      this.#tooLong = true;
      this.#line = new LineBuffer();
      this.#stale = true;
      return;
    }
    if (this.#line.after.length === 0 && !this.#stale) this.#added += text;
    else this.#stale = true;
    this.#line.insert(text);
  }

  #backspace(): void {
    if (this.#search !== undefined) {
      this.#search = { query: Array.from(this.#search.query).slice(0, -1).join(''), at: this.#o.history.lines.length };
      this.#searchFrom(this.#search.at);
      return;
    }
    if (!this.#line.erase()) this.#bell = true;
    this.#stale = true;
  }

  #recall(line: string | undefined): void {
    if (line === undefined) this.#bell = true;
    else this.#line.set(line);
  }

  #searchOlder(): void {
    const { history } = this.#o;
    this.#search ??= { query: '', at: history.lines.length };
    this.#searchFrom(this.#search.at);
  }

  #searchFrom(before: number): void {
    const search = this.#search;
    this.#stale = true;
    if (search === undefined || search.query === '') return;
    const at = this.#o.history.search(search.query, before);
    if (at < 0) this.#bell = true;
    else this.#search = { query: search.query, at };
  }

  /** The line that was searched for is the line now. */
  #found(abandoned: boolean): void {
    const line = this.#o.history.lines[this.#search?.at ?? -1];
    if (!abandoned && line !== undefined) this.#line.set(line);
    this.#search = undefined;
    this.#stale = true;
  }

  #submit(): Entered {
    const rest = this.#decoder.decode();
    this.#decoder = new TextDecoder('utf-8');
    if (this.#search !== undefined) this.#found(false);
    else if (rest !== '') this.#line.insert(rest);
    return this.#tooLong ? { kind: 'too-long' } : { kind: 'line', text: this.#line.text };
  }

  /** The line stands as it was entered, and the cursor below it. */
  #ended(entered: Entered): string {
    const changes = this.#changes();
    const mark = entered.kind === 'interrupt' ? '^C' : '';
    this.#search = undefined;
    if (entered.kind === 'interrupt') this.#decoder = new TextDecoder('utf-8');
    if (entered.kind === 'end') return `${changes}\r\n`;
    const done = this.#view.finish(this.#line.before, this.#line.after);
    return changes + done.replace(/\r\n$/, `${mark}\r\n`);
  }

  #changes(): string {
    const bell = this.#bell ? BELL : '';
    const clear = this.#clear ? CLEAR_SCREEN : '';
    this.#bell = false;
    if (this.#clear) {
      this.#clear = false;
      this.#view.fresh();
      return bell + clear + this.#redraw();
    }
    if (!this.#stale && this.#added === '') return bell;
    const added = this.#stale ? undefined : this.#view.append(this.#line.before, this.#added);
    if (added === undefined) return bell + this.#redraw();
    this.#added = '';
    return bell + added;
  }

  #redraw(): string {
    this.#stale = false;
    this.#added = '';
    const { history } = this.#o;
    if (this.#search === undefined) {
      this.#view.prompt(this.#prompt, this.#style);
      return this.#view.draw(this.#line.before, this.#line.after);
    }
    const { query, at } = this.#search;
    this.#view.prompt(`(reverse-i-search)'${query}': `, ['', '']);
    return this.#view.draw(Array.from(history.lines[at] ?? ''), []);
  }
}

interface Step {
  readonly rest: Buffer;
  readonly entered?: Entered;
  /** More has to come. */
  readonly waits?: boolean;
}

/** How many bytes at the end may be the beginning of `mark`. */
function partial(bytes: Buffer, mark: Buffer): number {
  for (let n = Math.min(mark.length - 1, bytes.length); n > 0; n--) if (bytes.subarray(bytes.length - n).equals(mark.subarray(0, n))) return n;
  return 0;
}
