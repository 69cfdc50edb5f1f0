/**
 * Text or not, for output that goes to no terminal. What begins as a binary file (an archive, a program, an image, a
 * database) is one to its end, whatever text stands in it: it would be of no use when it is altered. What begins as text
 * is measured as it goes, so that a script with an archive behind it is text first and not afterwards.
 *
 * Single control characters between letters are no sign: strings that NULs end, records that 0x1e or 0x01 end, UTF-16.
 */

const WINDOW_BYTES = 1024;
/** Fewer bytes say nothing. */
const ENOUGH_BYTES = 64;
/** What the beginning of a stream is judged by, and how soon the first sign has to come. */
const HEAD_BYTES = 512;
const SIGN_BYTES = 128;

/** 0: text, 1: outside ASCII, 2: NUL, 3: another control character that text does not have. */
const KIND = Uint8Array.from({ length: 256 }, (_, i) => (i >= 0x80 ? 1 : i === 0 ? 2 : i < 7 || (i > 13 && i < 32 && i !== 27) ? 3 : 0));
/** By two kinds, one after the other: NUL and NUL, NUL and a control, a control and anything that is no text. */
const SIGN = Uint8Array.from({ length: 16 }, (_, i) => {
  const [a, b] = [i >> 2, i & 3];
  return (a === 3 && b > 0) || (b === 3 && a > 0) || (a === 2 && b === 2) ? 1 : 0;
});

export class BinaryMeter {
  #total = 0;
  #bytes = 0;
  #signs = 0;
  #high = 0;
  #previous = 0;
  #firstSign = Infinity;
  #binary = false;
  #forGood = false;

  /** All that comes is binary. */
  get forGood(): boolean {
    return this.#forGood;
  }

  /** How many bytes `add` takes at most. */
  get step(): number {
    return this.#total < HEAD_BYTES ? HEAD_BYTES - this.#total : HEAD_BYTES;
  }

  /** @param bytes the next of the stream @returns how many of them are text; binary data follows them, to the end */
  add(bytes: Uint8Array): number {
    if (this.#forGood) return 0;
    if (this.#total === 0 && isPdf(bytes)) {
      this.#forGood = true;
      return 0;
    }
    const first = this.#count(bytes);
    if (first < bytes.length) this.#firstSign = Math.min(this.#firstSign, this.#total + first);
    this.#total += bytes.length;
    const was = this.#binary;
    this.#binary = this.#bytes >= ENOUGH_BYTES && (this.#signs * 4 > this.#bytes || (this.#signs * 24 > this.#bytes && this.#high * 4 > this.#bytes));
    this.#forGood = this.#binary && this.#total <= HEAD_BYTES && this.#firstSign < SIGN_BYTES;
    if (this.#bytes >= WINDOW_BYTES) {
      this.#bytes /= 2;
      this.#signs /= 2;
      this.#high /= 2;
    }
    if (!this.#binary) return bytes.length;
    return was ? 0 : first;
  }

  /** @returns where the first sign stands */
  #count(bytes: Uint8Array): number {
    let first = bytes.length;
    let previous = this.#previous;
    let signs = 0;
    let high = 0;
    for (let i = 0; i < bytes.length; i++) {
      const kind = KIND[bytes[i] ?? 0] ?? 0;
      if (kind === 1) high++;
      if (kind !== 0 && SIGN[(previous << 2) | kind] === 1) {
        if (signs === 0) first = Math.max(0, i - 1);
        signs++;
      }
      previous = kind;
    }
    this.#previous = previous;
    this.#bytes += bytes.length;
    this.#signs += signs;
    this.#high += high;
    return first;
  }
}

/** It begins as text; its second line says by bytes outside ASCII that it is none (ISO 32000-1 section 7.5.2). */
const isPdf = (bytes: Uint8Array): boolean => /^%PDF-\d\.\d\r?\n?%[\u0080-\u00ff]{4}/.test(Buffer.from(bytes.subarray(0, 32)).toString('latin1'));
