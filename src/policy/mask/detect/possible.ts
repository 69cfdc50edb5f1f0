/**
 * One pass over a text that says whether anything of `digits.ts`, `groups.ts` or `identifiers.ts` (IPv4 apart) can be in
 * it. Lines of logs are full of digits and hold nothing of that: dates, times, ports, sizes. Too often yes, never wrongly
 * no: each rule there has a weaker one here, and `possible.test.ts` holds the two together.
 */

const DIGIT = 1;
const LETTER = 2;
const UNDERSCORE = 3;
const KIND = Uint8Array.from({ length: 128 }, (_, c) => {
  const text = String.fromCharCode(c);
  return /[0-9]/.test(text) ? DIGIT : /[A-Za-z]/.test(text) ? LETTER : text === '_' ? UNDERSCORE : 0;
});
/** Between groups of digits that belong together. */
const SEPARATOR = Uint8Array.from({ length: 128 }, (_, c) => (' -.()/'.includes(String.fromCharCode(c)) ? 1 : 0));
const SHORTEST = 7;
const CONTEXT_CHARS = 24;
/** The words before a phone number, wherever they stand in a longer one. */
const CONTEXT = /phone|mobile|cell|tel|fax|call|sms|ring|whatsapp|contact|handy|m.vil/i;

const kindAt = (text: string, i: number): number => {
  const code = text.charCodeAt(i);
  return code < 128 ? (KIND[code] ?? 0) : 0;
};
const isGap = (code: number): boolean => code === 0x20 || code === 0x2d;

/** @returns false when no number and no identifier can be in the text */
export function mayHoldNumber(text: string): boolean {
  const cluster = new Cluster(text);
  let last = 0;
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    const kind = code < 128 ? (KIND[code] ?? 0) : 0;
    if (kind === DIGIT) {
      let end = i + 1;
      for (let c = text.charCodeAt(end); c >= 48 && c <= 57; c = text.charCodeAt(end)) end++;
      if (cluster.group(i, end)) return true;
      i = end;
    } else {
      // At the beginning of a word.
      if (kind === LETTER && last !== LETTER && last !== DIGIT && identifierAt(text, i, code)) return true;
      i++;
    }
    last = kind;
  }
  return cluster.end();
}

/** Groups of digits with at most three separators between each two. */
class Cluster {
  readonly #text: string;
  /** Where its first group begins, where its last one does, and where that ends. */
  #from = 0;
  #last = 0;
  #to = 0;
  #total = 0;
  #plus = false;
  /** Digits before the first group with a trunk zero; -1 without one. */
  #zero = -1;
  /** Sizes of the last three groups. */
  #one = 0;
  #two = 0;
  #three = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns true when a number may be there */
  group(start: number, end: number): boolean {
    const text = this.#text;
    if (this.#total === 0 || !this.#joins(start)) {
      if (this.end()) return true;
      this.#begin(start);
    }
    const size = end - start;
    if (text.charCodeAt(start) === 0x30 && this.#zero < 0 && (size <= 5 || text.charCodeAt(start + 1) === 0x30)) this.#zero = this.#total;
    this.#total += size;
    if (this.#numbered(size) || (size === 8 && letterBehind(text, end))) return true;
    this.#three = this.#two;
    this.#two = this.#one;
    this.#one = size;
    this.#last = start;
    this.#to = end;
    return false;
  }

  /** No group follows. */
  end(): boolean {
    return this.#total >= SHORTEST && CONTEXT.test(this.#text.slice(Math.max(0, this.#from - CONTEXT_CHARS), this.#last));
  }

  #begin(start: number): void {
    const text = this.#text;
    const before = text.charCodeAt(start - 1);
    this.#from = start;
    this.#total = this.#one = this.#two = this.#three = 0;
    this.#zero = -1;
    this.#plus = before === 0x2b || ((before === 0x20 || before === 0x28) && text.charCodeAt(start - 2) === 0x2b);
  }

  /** By sizes: a card, a national id, a phone number. */
  #numbered(size: number): boolean {
    const total = this.#total;
    if (size === 9 || size >= 11 || total >= 13) return true;
    if ((this.#plus && total >= 8) || (this.#zero >= 0 && total - this.#zero >= 9)) return true;
    if (size === 4) return (this.#two === 3 && (this.#one === 2 || this.#one === 3)) || (this.#two === 4 && this.#one === 4);
    return size === 2 && this.#one === 3 && this.#two === 3 && this.#three === 3;
  }

  #joins(start: number): boolean {
    if (start - this.#to > 3) return false;
    for (let i = this.#to; i < start; i++) {
      const code = this.#text.charCodeAt(i);
      if (code >= 128 || SEPARATOR[code] === 0) return false;
    }
    return true;
  }
}

/** A letter that ends a word of one, behind a blank or hyphen or none: the check letter of a DNI. */
function letterBehind(text: string, end: number): boolean {
  const at = isGap(text.charCodeAt(end)) ? end + 1 : end;
  return kindAt(text, at) === LETTER && kindAt(text, at + 1) === 0;
}

/** An IBAN, NINO or NIE may begin with the letter at `i`. */
function identifierAt(text: string, i: number, code: number): boolean {
  const next = kindAt(text, i + 1);
  if (next === LETTER) {
    const third = text.charCodeAt(i + 2);
    const digits = isGap(third) ? i + 3 : i + 2;
    if (kindAt(text, digits) !== DIGIT || kindAt(text, digits + 1) !== DIGIT) return false;
    return (digits === i + 2 && longEnough(text, i)) || pairs(text, digits);
  }
  const letter = code | 0x20;
  if (letter < 0x78 || letter > 0x7a) return false;
  const from = isGap(text.charCodeAt(i + 1)) ? i + 2 : i + 1;
  for (let n = 0; n < 7; n++) if (kindAt(text, from + n) !== DIGIT) return false;
  return true;
}

/** The shortest IBAN has fifteen characters, over single blanks and hyphens. */
function longEnough(text: string, start: number): boolean {
  for (let i = start, n = 0; i < text.length; i++) {
    const kind = kindAt(text, i);
    if (kind === DIGIT || kind === LETTER) {
      if (++n === 15) return true;
    } else if (!isGap(text.charCodeAt(i))) return false;
  }
  return false;
}

/** Three pairs of digits, a gap or none behind each, and a letter. */
function pairs(text: string, start: number): boolean {
  let i = start;
  for (let n = 0; n < 3; n++) {
    if (kindAt(text, i) !== DIGIT || kindAt(text, i + 1) !== DIGIT) return false;
    i += 2;
    if (isGap(text.charCodeAt(i))) i++;
  }
  return kindAt(text, i) === LETTER;
}
