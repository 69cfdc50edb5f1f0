/** Leaf hashes of a log in one growing array: 32 bytes a record, looked up by number. */
import { equalBytes } from '../base/encoding.ts';

export class LeafList {
  readonly #first: number;
  #bytes = new Uint8Array(32 * 1024);
  #count = 0;

  /** @param first number of the first leaf that will be pushed: earlier ones are unknown */
  constructor(first: number) {
    this.#first = first;
  }

  push(leaf: Uint8Array): void {
    if ((this.#count + 1) * 32 > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(leaf, this.#count * 32);
    this.#count++;
  }

  get(n: number): Uint8Array | undefined {
    const i = n - this.#first;
    return i < 0 || i >= this.#count ? undefined : this.#bytes.subarray(i * 32, i * 32 + 32);
  }

  has(n: number, leaf: Uint8Array): boolean {
    const known = this.get(n);
    return known !== undefined && equalBytes(known, leaf);
  }
}
