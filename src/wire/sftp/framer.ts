/** Cuts a stream into SFTP packets: `uint32 length; byte type; byte[length - 1]`. */
import { assert, MalformedError } from '../../base/errors.ts';
import { maxPacketBytes } from './protocol.ts';

export class SftpFramer {
  #parts: Buffer[] = [];
  #buffered = 0;

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#parts.push(chunk);
    this.#buffered += chunk.length;
  }

  /** Bytes of a packet that is not there yet. */
  get buffered(): number {
    return this.#buffered;
  }

  /** The next packet with its length, or undefined. @throws MalformedError for a length that no packet has */
  next(): Buffer | undefined {
    if (this.#buffered < 5) return undefined;
    const length = this.#length();
    if (length < 1 || length > maxPacketBytes) throw new MalformedError('malformed.length', `an SFTP packet of ${length} bytes`, 0);
    const whole = 4 + length;
    return this.#buffered < whole ? undefined : this.#take(whole);
  }

  #length(): number {
    const first = this.#parts[0];
    if (first !== undefined && first.length >= 4) return first.readUInt32BE(0);
    return Buffer.concat(this.#parts.slice(0, 4)).readUInt32BE(0);
  }

  /** The next `count` bytes: where they lie when they lie together, else copied once. */
  #take(count: number): Buffer {
    this.#buffered -= count;
    const first = this.#parts[0];
    if (first !== undefined && first.length > count) {
      this.#parts[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    let used = 0;
    let bytes = 0;
    while (bytes < count) bytes += this.#parts[used++]?.length ?? Infinity;
    assert(Number.isFinite(bytes), 'as many bytes are there as were counted');
    const parts = this.#parts.splice(0, used);
    const over = bytes - count;
    const last = parts.at(-1);
    if (over > 0 && last !== undefined) this.#parts.unshift(last.subarray(last.length - over));
    return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts, count);
  }
}
