/**
 * What a person typed at a terminal, as far as the other side showed it. A password prompt shows nothing, so what is
 * typed there is counted and not kept. A character counts as shown only if it is the very next thing that comes back.
 */
import { oneKey } from '../../policy/mask/stream/index.ts';

const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(0x07);
/** Colours and cursor movements, which line editors put around what they echo. */
const ESCAPES = new RegExp(`${ESC}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)|[@-Z\\\\-_=>])`, 'g');
/** A cursor or function key. */
const KEY = new RegExp(`^${ESC}(?:\\[[0-?]*[ -/]*[@-~]|O[@-~]|.)?`, 'u');
const utf8 = new TextDecoder('utf-8');

const shownText = (bytes: Uint8Array): string => oneKey(bytes) ?? utf8.decode(bytes).replace(ESCAPES, '');

/** Characters that wait to be shown. */
const MAX_PENDING = 4096;

export interface Typed {
  /** Typed and shown, and keys that show nothing of themselves: Enter, cursor keys, control characters. */
  readonly data: string;
  readonly bytes: number;
  /** Characters that were typed and never shown. */
  readonly hidden: number;
}

export class EchoedInput {
  readonly #decoder = new TextDecoder('utf-8');
  /** The decoder holds the beginning of a character. */
  #cut = false;
  #pending = '';
  #shown = '';
  #bytes = 0;
  #hidden = 0;

  /** Something that a record is due for. */
  get dirty(): boolean {
    return this.#bytes > 0 || this.#shown !== '' || this.#hidden > 0;
  }

  /** @returns true when a line ends in it, or a key that ends one: a record is due before it goes on */
  typed(bytes: Uint8Array): boolean {
    this.#bytes += bytes.length;
    const one = this.#cut ? undefined : oneKey(bytes);
    if (one !== undefined) {
      this.#pending += one;
      if (this.#pending.length > MAX_PENDING) this.#hide();
      return false;
    }
    this.#cut = (bytes.at(-1) ?? 0) >= 0x80;
    let ends = false;
    for (let text = this.#decoder.decode(bytes, { stream: true }); text !== ''; ) {
      const key = KEY.exec(text)?.[0] ?? String.fromCodePoint(text.codePointAt(0) ?? 0);
      text = text.slice(key.length);
      const code = key.codePointAt(0) ?? 0;
      if (code < 0x20 || code === 0x7f) {
        this.#shown += key;
        ends ||= key === '\r' || key === '\n' || code === 3 || code === 4;
      } else {
        this.#pending += key;
      }
    }
    if (this.#pending.length > MAX_PENDING) this.#hide();
    return ends;
  }

  /** Typed where it is known to be secret: counted only. */
  concealed(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    this.#hidden += bytes.length;
  }

  /** What the other side sent. */
  output(bytes: Uint8Array): void {
    if (this.#pending === '') return;
    const text = shownText(bytes);
    if (text === '') return;
    let same = 0;
    while (same < this.#pending.length && this.#pending[same] === text[same]) same++;
    if (same === 0) {
      this.#hide();
      return;
    }
    this.#shown += this.#pending.slice(0, same);
    this.#pending = this.#pending.slice(same);
  }

  /** What is known by now; begins anew. @param end what has not been shown will not be */
  take(end = false): Typed {
    if (end) this.#hide();
    const typed = { data: this.#shown, bytes: this.#bytes, hidden: this.#hidden };
    this.#shown = '';
    this.#bytes = this.#hidden = 0;
    return typed;
  }

  #hide(): void {
    this.#hidden += Array.from(this.#pending).length;
    this.#pending = '';
  }
}
