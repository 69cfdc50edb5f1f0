/** Numbers that look random and depend on a seed alone, so that a failing case can be run again. */

/** FNV-1a over the label, mixed with the seed: one word of state for each salt. */
function word(seed: number, label: string, salt: number): number {
  let hash = (0x811c9dc5 ^ seed ^ Math.imul(salt, 0x9e3779b1)) >>> 0;
  for (const char of `${label}\0${salt}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** sfc32. Two generators of one seed with different labels are independent of each other. */
export class Random {
  readonly #seed: number;
  readonly #label: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, label: string) {
    this.#seed = seed;
    this.#label = label;
    [this.#a, this.#b, this.#c] = [word(seed, label, 1), word(seed, label, 2), word(seed, label, 3)];
    for (let i = 0; i < 12; i++) this.#next();
  }

  /** A generator for a part: what it draws does not move what this one draws. */
  part(label: string): Random {
    return new Random(this.#seed, `${this.#label}/${label}`);
  }

  #next(): number {
    const t = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) >>> 0;
    return t;
  }

  /** A whole number from 0 to `below` - 1. */
  int(below: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * below);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.int(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.#next() / 0x1_0000_0000 < probability;
  }

  /** @throws Error for an empty list */
  pick<T>(items: readonly T[]): T {
    const item = items[this.int(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => String(this.int(10))).join('');
  }
}
