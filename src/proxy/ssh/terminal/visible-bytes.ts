/** UTF-8 whose faults can be seen: libraries leave out what is no character, and the line that is read would be another. */
import { isAscii } from 'node:buffer';

/** What stands for bytes that are no character. */
export const FAULT = '\ufffd';

export class VisibleBytes {
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #isPlain = true;

  /** No character has begun whose rest has not come. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** A character whose rest has not come waits for it. */
  text(bytes: Uint8Array): string {
    this.#isPlain = isAscii(bytes.subarray(-1));
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** The same as bytes. */
  bytes(bytes: Uint8Array): Uint8Array {
    return this.#isPlain && isAscii(bytes) ? bytes : Buffer.from(this.text(bytes));
  }

  /** Nothing more comes: half a character is a fault. */
  end(): string {
    const rest = this.#decoder.decode();
    this.#isPlain = true;
    return rest;
  }
}
