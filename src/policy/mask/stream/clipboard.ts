/**
 * The text of OSC 52, by which a program puts something on the clipboard of whoever looks: base64, four characters for
 * three bytes. tmux and vim send it for what is copied in them, which on the screen would be masked.
 */
import { Line } from './line.ts';

const BASE64 = /^[A-Za-z0-9+/=]$/;
const GROUP = 4;

export class Clipboard {
  /** What is put there, each byte a character that the group's bytes stand for. */
  readonly line: Line = new Line(0);
  #group = '';
  #start = 0;
  #end = 0;

  /** Where a group begins that is not complete. */
  get partialAt(): number | undefined {
    return this.#group === '' ? undefined : this.#start;
  }

  char(code: number, start: number, end: number): void {
    const char = String.fromCodePoint(code);
    if (!BASE64.test(char)) return;
    if (this.#group === '') this.#start = start;
    this.#group += char;
    this.#end = end;
    if (this.#group.length === GROUP) this.#take();
  }

  /** Nothing follows. The last group may lack its padding. */
  end(): void {
    if (this.#group !== '') this.#take();
  }

  #take(): void {
    for (const byte of Buffer.from(this.#group, 'base64')) this.line.put(byte < 0x20 ? 0x09 : byte, this.#start, this.#end);
    this.#group = '';
  }
}

/** A group, or several, whose bytes are these characters. */
export const asBase64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
