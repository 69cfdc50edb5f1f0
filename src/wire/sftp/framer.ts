/** Cuts a stream into SFTP packets: `uint32 length; byte type; byte[length - 1]`. */
import { MalformedError } from '../../base/errors.ts';
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
    let first = this.#parts[0];
    if (first === undefined) return undefined;
    if (first.length < 4) first = this.#join();
    const length = first.readUInt32BE(0);
    if (length < 1 || length > maxPacketBytes) throw new MalformedError('malformed.length', `an SFTP packet of ${length} bytes`, 0);
    const whole = 4 + length;
    if (this.#buffered < whole) return undefined;
    if (first.length < whole) first = this.#join();
    this.#buffered -= whole;
    if (first.length === whole) this.#parts.shift();
    else this.#parts[0] = first.subarray(whole);
    return first.subarray(0, whole);
  }

  #join(): Buffer {
    const all = Buffer.concat(this.#parts, this.#buffered);
    this.#parts = [all];
    return all;
  }
}
