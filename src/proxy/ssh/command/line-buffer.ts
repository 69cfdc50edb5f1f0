/** A line that is being edited: characters and a cursor, with what was cut from it last. */
import { characters } from './width.ts';

const WORD = /[\p{L}\p{N}_]/u;

export class LineBuffer {
  #before: string[] = [];
  #after: string[] = [];
  #cut = '';

  get text(): string {
    return this.#before.join('') + this.#after.join('');
  }

  get before(): readonly string[] {
    return this.#before;
  }

  get after(): readonly string[] {
    return this.#after;
  }

  /** In UTF-16 units, at least. */
  get length(): number {
    return this.#before.length + this.#after.length;
  }

  set(text: string): void {
    this.#before = characters(text);
    this.#after = [];
  }

  insert(text: string): void {
    // An accent that comes by itself belongs to the character before it.
    const last = this.#before.pop() ?? '';
    for (const c of characters(last + text)) this.#before.push(c);
  }

  left(): boolean {
    const c = this.#before.pop();
    if (c !== undefined) this.#after.unshift(c);
    return c !== undefined;
  }

  right(): boolean {
    const c = this.#after.shift();
    if (c !== undefined) this.#before.push(c);
    return c !== undefined;
  }

  home(): void {
    this.#after = [...this.#before, ...this.#after];
    this.#before = [];
  }

  end(): void {
    this.#before = [...this.#before, ...this.#after];
    this.#after = [];
  }

  wordLeft(): void {
    const at = this.#wordStart();
    this.#after = [...this.#before.slice(at), ...this.#after];
    this.#before = this.#before.slice(0, at);
  }

  wordRight(): void {
    const at = this.#wordEnd();
    this.#before = [...this.#before, ...this.#after.slice(0, at)];
    this.#after = this.#after.slice(at);
  }

  erase(): boolean {
    return this.#before.pop() !== undefined;
  }

  eraseAhead(): boolean {
    return this.#after.shift() !== undefined;
  }

  /** To the blank before the cursor's word, as Ctrl-W does. */
  cutBlankWord(): void {
    let at = this.#before.length;
    while (at > 0 && this.#before[at - 1] === ' ') at--;
    while (at > 0 && this.#before[at - 1] !== ' ') at--;
    this.#cutBefore(at);
  }

  cutWord(): void {
    this.#cutBefore(this.#wordStart());
  }

  cutWordAhead(): void {
    const at = this.#wordEnd();
    this.#cut = this.#after.slice(0, at).join('');
    this.#after = this.#after.slice(at);
  }

  cutToStart(): void {
    this.#cutBefore(0);
  }

  cutToEnd(): void {
    this.#cut = this.#after.join('');
    this.#after = [];
  }

  /** Puts what was cut last before the cursor. */
  paste(): void {
    this.insert(this.#cut);
  }

  /** Swaps the two characters around the cursor, or the last two. */
  transpose(): void {
    if (this.#after.length > 0 && this.#before.length > 0) this.right();
    const b = this.#before.pop();
    const a = this.#before.pop();
    if (b !== undefined) this.#before.push(b);
    if (a !== undefined) this.#before.push(a);
  }

  #cutBefore(at: number): void {
    this.#cut = this.#before.slice(at).join('');
    this.#before = this.#before.slice(0, at);
  }

  #wordStart(): number {
    let at = this.#before.length;
    while (at > 0 && !WORD.test(this.#before[at - 1] ?? '')) at--;
    while (at > 0 && WORD.test(this.#before[at - 1] ?? '')) at--;
    return at;
  }

  #wordEnd(): number {
    let at = 0;
    while (at < this.#after.length && !WORD.test(this.#after[at] ?? '')) at++;
    while (at < this.#after.length && WORD.test(this.#after[at] ?? '')) at++;
    return at;
  }
}
