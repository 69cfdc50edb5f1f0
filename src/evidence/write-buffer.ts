/** Lines on their way to the kernel: UTF-8 is made and hashed in place, so a record costs no copies. */
import { nodeSha256Hex } from './node-crypto.ts';

export const letters = { disclosure: 0x44, record: 0x52, checkpoint: 0x43 } as const;

const initialBytes = 256 * 1024;

export class LineBuffer {
  #bytes = Buffer.allocUnsafe(initialBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What waits to be written. Valid until the next call. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    // One huge record must not pin its memory for the rest of the session.
    if (this.#bytes.length > 16 * initialBytes) this.#bytes = Buffer.allocUnsafe(initialBytes);
  }

  /** Appends a disclosure line; answers the digest of its body in hex and its length. */
  disclosure(body: string): { digest: string; len: number } {
    const start = this.#put(letters.disclosure, body);
    const view = this.#bytes.subarray(start + 1, this.#length - 1);
    return { digest: nodeSha256Hex(view), len: view.length };
  }

  /** Appends a record line; answers its leaf hash, SHA-256(0x00 || body), in hex. */
  record(body: string): string {
    const start = this.#put(letters.record, body);
    // The letter's byte stands where the leaf prefix belongs: lend it for the hash instead of copying the line.
    this.#bytes[start] = 0;
    const leaf = nodeSha256Hex(this.#bytes.subarray(start, this.#length - 1));
    this.#bytes[start] = letters.record;
    return leaf;
  }

  checkpoint(note: string): void {
    this.#put(letters.checkpoint, JSON.stringify(note));
  }

  #put(letter: number, body: string): number {
    const start = this.#length;
    const needed = start + body.length * 3 + 2;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    this.#bytes[start] = letter;
    const end = start + 1 + this.#bytes.write(body, start + 1, 'utf8');
    this.#bytes[end] = 0x0a;
    this.#length = end + 1;
    return start;
  }
}
