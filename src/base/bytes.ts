/**
 * A bounds-checked reader and a growable writer for binary messages, big-endian (network order).
 * What the reader sees is under a peer's control: every read says where it failed, and `end` refuses what is left over.
 */
import { fromUtf8 } from './encoding.ts';
import { BugError, MalformedError } from './errors.ts';

/** Uint8Array, or a subclass such as Node's Buffer whose views are of its own kind. */
export interface ByteSource<Slice> {
  readonly length: number;
  readonly [index: number]: number;
  indexOf(byte: number, from: number): number;
  subarray(start: number, end: number): Slice;
}

/**
 * @example
 * const r = new ByteReader(body, 5);
 * const name = textOf(r.cstring());
 * r.end();
 */
export class ByteReader<Slice extends Uint8Array = Uint8Array> {
  private readonly source: ByteSource<Slice>;
  private readonly base: number;
  private at = 0;

  /** `base` is added to the offsets that errors report: the length of a header that `source` does not include. */
  constructor(source: ByteSource<Slice>, base = 0) {
    this.source = source;
    this.base = base;
  }

  get offset(): number {
    return this.base + this.at;
  }

  get remaining(): number {
    return this.source.length - this.at;
  }

  /** Claims `count` bytes and returns the index of the first. @throws MalformedError when fewer are left. */
  private take(count: number): number {
    const start = this.at;
    if (count > this.source.length - start) {
      throw new MalformedError('malformed.truncated', `${count} bytes expected, ${this.source.length - start} left`, this.offset);
    }
    this.at = start + count;
    return start;
  }

  private byteAt(index: number): number {
    return this.source[index] ?? 0;
  }

  u8(): number {
    return this.byteAt(this.take(1));
  }

  u16(): number {
    const i = this.take(2);
    return (this.byteAt(i) << 8) | this.byteAt(i + 1);
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    const i = this.take(4);
    return (this.byteAt(i) << 24) | (this.byteAt(i + 1) << 16) | (this.byteAt(i + 2) << 8) | this.byteAt(i + 3);
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  /** A view, not a copy. @throws MalformedError('malformed.length') for a negative length, 'malformed.truncated' for too few bytes. */
  bytes(length: number): Slice {
    if (length < 0) throw new MalformedError('malformed.length', `negative length ${length}`, this.offset);
    const i = this.take(length);
    return this.source.subarray(i, i + length);
  }

  /** The bytes before the next NUL, as a view; the NUL is consumed. Decode with `textOf`. */
  cstring(): Slice {
    const nul = this.source.indexOf(0, this.at);
    if (nul < 0 || nul >= this.source.length) {
      throw new MalformedError('malformed.truncated', 'string without its terminating NUL', this.offset);
    }
    const start = this.at;
    this.at = nul + 1;
    return this.source.subarray(start, nul);
  }

  /**
   * An unsigned 16-bit count of items that take at least `itemBytes` each. Refuses a count that the rest of the
   * message cannot hold before anything of that size is allocated.
   */
  count(itemBytes: number): number {
    const at = this.offset;
    const n = this.u16();
    if (n * itemBytes > this.remaining) {
      throw new MalformedError('malformed.truncated', `${n} items announced, ${this.remaining} bytes left`, at);
    }
    return n;
  }

  /** All that is left. */
  rest(): Slice {
    return this.bytes(this.remaining);
  }

  /** @throws MalformedError('malformed.trailing') unless every byte was read. */
  end(): void {
    if (this.remaining > 0) throw new MalformedError('malformed.trailing', `${this.remaining} bytes after the end of the message`, this.offset);
  }
}

const SHORT_TEXT = 24;

/** Strict UTF-8 to text; short ASCII, the usual name, without a decoder call. @throws MalformedError('malformed.encoding') */
export function textOf(bytes: Uint8Array): string {
  const n = bytes.length;
  if (n > SHORT_TEXT) return fromUtf8(bytes);
  let out = '';
  for (let i = 0; i < n; i++) {
    const c = bytes[i] ?? 0;
    if (c > 0x7f) return fromUtf8(bytes);
    out += String.fromCharCode(c);
  }
  return out;
}

const encoder = new TextEncoder();

/** Grows as needed. Values that do not fit their field are our mistake: BugError. */
export class ByteWriter {
  private buffer: Uint8Array<ArrayBuffer>;
  private at = 0;

  constructor(capacity = 128) {
    this.buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.at;
  }

  private reserve(count: number): number {
    const start = this.at;
    const needed = start + count;
    if (needed > this.buffer.length) {
      const bigger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
      bigger.set(this.buffer.subarray(0, start));
      this.buffer = bigger;
    }
    this.at = needed;
    return start;
  }

  u8(value: number): this {
    checkRange(value, 0, 0xff);
    const i = this.reserve(1);
    this.buffer[i] = value;
    return this;
  }

  u16(value: number): this {
    checkRange(value, 0, 0xffff);
    const i = this.reserve(2);
    this.buffer[i] = value >> 8;
    this.buffer[i + 1] = value;
    return this;
  }

  i16(value: number): this {
    checkRange(value, -0x8000, 0x7fff);
    return this.u16(value & 0xffff);
  }

  i32(value: number): this {
    checkRange(value, -0x80000000, 0x7fffffff);
    const i = this.reserve(4);
    this.put32(i, value);
    return this;
  }

  u32(value: number): this {
    checkRange(value, 0, 0xffffffff);
    const i = this.reserve(4);
    this.put32(i, value);
    return this;
  }

  /** Overwrites four bytes written before: a length that was not known yet. */
  patchI32(offset: number, value: number): this {
    checkRange(value, -0x80000000, 0x7fffffff);
    checkRange(offset, 0, this.at - 4);
    this.put32(offset, value);
    return this;
  }

  private put32(i: number, value: number): void {
    this.buffer[i] = value >>> 24;
    this.buffer[i + 1] = value >>> 16;
    this.buffer[i + 2] = value >>> 8;
    this.buffer[i + 3] = value;
  }

  bytes(value: Uint8Array): this {
    const i = this.reserve(value.length);
    this.buffer.set(value, i);
    return this;
  }

  /** Text (as UTF-8) or bytes, and a NUL. @throws MalformedError when the value itself holds a NUL, which would end it early. */
  cstring(value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? encoder.encode(value) : value;
    if (bytes.includes(0)) throw new MalformedError('malformed.value', 'NUL inside a string');
    return this.bytes(bytes).u8(0);
  }

  /** The bytes written, as a view. The writer must not be used afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.at);
  }
}

function checkRange(value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) throw new BugError(`${value} does not fit between ${min} and ${max}`);
}
