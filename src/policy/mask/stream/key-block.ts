/** A private key over several lines (RFC 7468, RFC 4253's and PGP's older forms): which parts of each line belong to it. */
import { bounds } from './bounds.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
}

const WHOLE = /^\s*[A-Za-z0-9+/=]+\s*$/;
const HEADER = /^\s*[A-Za-z][A-Za-z-]{1,40}: \S/;
const WORDS = /[A-Za-z0-9+/=]{16,}/g;
const END = '-----END ';

export class KeyBlock {
  #lines = 0;

  /** Between the line that begins a key and the one that ends it. */
  get inside(): boolean {
    return this.#lines > 0;
  }

  enter(): void {
    this.#lines = bounds.keyLines;
  }

  leave(): void {
    this.#lines = 0;
  }

  /** @returns what of the line is key, or undefined for a line that belongs to no key any more */
  spans(text: string): readonly Span[] | undefined {
    const end = text.indexOf(END);
    if (end >= 0) {
      const dashes = text.indexOf('-----', end + END.length);
      return [{ start: 0, end: dashes < 0 ? text.length : dashes + 5 }];
    }
    if (text.trim() === '' || HEADER.test(text)) return [];
    if (WHOLE.test(text)) return [{ start: 0, end: text.length }];
    const words = Array.from(text.matchAll(WORDS), (m) => ({ start: m.index, end: m.index + m[0].length }));
    return words.length === 0 ? undefined : words;
  }

  /** After a whole line. */
  next(text: string): void {
    if (text.includes(END)) this.leave();
    else this.#lines--;
  }
}
