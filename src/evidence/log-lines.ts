/** Cuts a stream of bytes into lines. Pure; the caller's bytes are never changed. */
import { concatBytes } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

export class LineSplitter {
  #rest: Uint8Array[] = [];
  #restBytes = 0;

  /** Lines completed by these bytes, without their line feeds. @throws MalformedError for a line over the limit */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(0x0a, start);
      const piece = bytes.subarray(start, end < 0 ? bytes.length : end);
      if (this.#restBytes + piece.length > limits.recordLineBytes) throw new MalformedError('malformed.length', 'a line of the recording is too long');
      if (end < 0) {
        if (piece.length > 0) this.#rest.push(piece.slice());
        this.#restBytes += piece.length;
        return;
      }
      const line = this.#restBytes > 0 ? concatBytes([...this.#rest, piece]) : piece;
      this.#rest = [];
      this.#restBytes = 0;
      start = end + 1;
      yield line;
    }
  }

  /** Bytes after the last line feed. */
  get restBytes(): number {
    return this.#restBytes;
  }
}
