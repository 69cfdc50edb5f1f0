/**
 * Splits the byte stream of typed messages. Push chunks as they arrive, take whole messages out.
 *
 *     Byte1 type | Int32 length (itself and body) | body
 *
 * A message that lies in one chunk is a view on that chunk. One that straddles chunks is collected in a buffer that
 * grows with what has arrived, never with what the length field claims. Documentation section 54.1.1.
 */
import { limits } from '../../base/limits.ts';
import { MalformedError } from '../../base/errors.ts';
import { HEADER_BYTES, backendType, frontendType, typeLabel } from './protocol.ts';

export interface RawMessage {
  /** Type byte. */
  readonly type: number;
  /** The message as received, header included. A view on a received chunk where possible: do not write to it. */
  readonly raw: Buffer;
  /** What follows the header. */
  readonly body: Buffer;
  /** Set when the message was longer than its limit and was not kept: its size, header included. `raw` and `body` are empty then. */
  readonly oversized?: number;
}

export type Direction = 'frontend' | 'backend';

export interface FramerOptions {
  /** Who sends: 'frontend' for what a client says, 'backend' for what a server says. */
  readonly direction: Direction;
  /** Largest message, header included, in bytes: one number or by type byte. Default: `defaultMaxBytes`. */
  readonly maxBytes?: number | ((type: number) => number);
  /**
   * Types whose messages above the limit are read past and reported (`oversized`) instead of ending the stream, so that
   * the sender can be told and the connection goes on. Only with `next`.
   */
  readonly skipOversized?: readonly number[];
}

/** Called for each whole message: bytes `start` (type byte) to `end` (exclusive) of `source`. False stops the scan after it. */
export type MessageVisitor = (type: number, source: Buffer, start: number, end: number) => boolean;

const known = { frontend: typeTable(Object.values(frontendType)), backend: typeTable(Object.values(backendType)) };

/** Messages without free content; PostgreSQL itself refuses longer ones of these (PQ_SMALL_MESSAGE_LIMIT). */
const SMALL_MESSAGE_BYTES = 10_000;
const f = frontendType;
const b = backendType;
const small = {
  frontend: typeTable([f.Close, f.CopyDone, f.CopyFail, f.Describe, f.Execute, f.Flush, f.Sync, f.Terminate]),
  backend: typeTable([
    ...[b.BackendKeyData, b.BindComplete, b.CloseComplete, b.CommandComplete, b.CopyDone, b.CopyInResponse, b.CopyOutResponse, b.CopyBothResponse],
    ...[b.EmptyQueryResponse, b.NoData, b.ParseComplete, b.PortalSuspended, b.ReadyForQuery, b.NegotiateProtocolVersion],
  ]),
};

/** The product's bound for a type, header included. */
export function defaultMaxBytes(direction: Direction, type: number): number {
  if (small[direction][type] === 1) return SMALL_MESSAGE_BYTES;
  if (direction === 'frontend') return type === f.AuthData ? limits.pgAuthMessageBytes : limits.pgFrontendMessageBytes;
  return type === b.Authentication ? limits.pgAuthMessageBytes : limits.pgBackendMessageBytes;
}

/** First allocation for a message that straddles chunks. */
const FIRST_COLLECT_BYTES = 64 * 1024;
/** No peer may announce more; PostgreSQL's own limit (PQ_LARGE_MESSAGE_LIMIT). */
const LARGEST_LENGTH = 0x3fff_fffe;
const EMPTY = Buffer.alloc(0);

/**
 * @example
 * const framer = new MessageFramer({ direction: 'frontend' });
 * framer.push(chunk);
 * for (let m = framer.next(); m; m = framer.next()) handle(decodeFrontend(m));
 */
export class MessageFramer {
  private readonly direction: Direction;
  private readonly known: Uint8Array;
  private readonly maxBytes: Float64Array;
  private chunk: Buffer = EMPTY;
  private at = 0;
  /** Chunks pushed while earlier ones were not read out yet. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private partial: Buffer = EMPTY;
  private partialBytes = 0;
  /** Size of the message being collected; 0 while its header is incomplete. */
  private partialTotal = 0;
  private failure: MalformedError | undefined;
  private readonly skippable: Uint8Array;
  /** The message being read past: its size and type, and what of it is still to come. */
  private skipTotal = 0;
  private skipType = 0;
  private skipLeft = 0;
  /** The message that `step` found. */
  private source: Buffer = EMPTY;
  private start = 0;
  private end = 0;

  constructor(options: FramerOptions) {
    this.direction = options.direction;
    this.known = known[options.direction];
    this.skippable = typeTable(options.skipOversized ?? []);
    const max = options.maxBytes;
    this.maxBytes = Float64Array.from({ length: 256 }, (_, type) =>
      typeof max === 'number' ? max : max ? max(type) : defaultMaxBytes(options.direction, type),
    );
  }

  /** Bytes received and not yet taken out. Must be 0 where the protocol changes phase: nobody may pipeline across that. */
  get buffered(): number {
    return this.chunk.length - this.at + this.waitingBytes + this.partialBytes;
  }

  /** Takes the chunk over: it may be viewed by messages, so the caller must not write to it again. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.at === this.chunk.length && this.waiting.length === 0) {
      this.chunk = chunk;
      this.at = 0;
    } else {
      this.waiting.push(chunk);
      this.waitingBytes += chunk.length;
    }
  }

  /**
   * The next whole message, or undefined until more bytes are pushed.
   * @throws MalformedError for an unknown type ('malformed.unknown_type') or a length that is too small or above the
   * limit ('malformed.length'), as soon as the header is there; from then on every call throws it again.
   */
  next(): RawMessage | undefined {
    if (!this.step()) return undefined;
    if (this.skipTotal > 0) {
      const oversized = this.skipTotal;
      this.skipTotal = 0;
      return { type: this.skipType, raw: EMPTY, body: EMPTY, oversized };
    }
    const source = this.source;
    return { type: source[this.start] ?? 0, raw: source.subarray(this.start, this.end), body: source.subarray(this.start + HEADER_BYTES, this.end) };
  }

  /**
   * Visits the whole messages that are there, without making an object for each: the path of result rows.
   * @returns the number of messages visited.
   * @throws MalformedError as `next`; the messages before the malformed one have been visited.
   */
  scan(visit: MessageVisitor): number {
    let count = 0;
    while (this.step()) {
      if (this.skipTotal > 0) throw this.fail('malformed.length', `message ${typeLabel(this.skipType)} of ${this.skipTotal} bytes exceeds its limit`, 1);
      count++;
      if (!visit(this.source[this.start] ?? 0, this.source, this.start, this.end)) break;
    }
    return count;
  }

  /** Finds the next whole message: `source`, `start`, `end`. */
  private step(): boolean {
    if (this.failure) throw this.failure;
    for (;;) {
      if (this.skipTotal > 0) return this.skip();
      if (this.partialBytes > 0) {
        if (!this.collect()) return false;
        if (this.skipTotal > 0) continue;
        this.source = this.partial;
        this.start = 0;
        this.end = this.partialTotal;
        this.partial = EMPTY;
        this.partialBytes = 0;
        this.partialTotal = 0;
        return true;
      }
      const start = this.at;
      const available = this.chunk.length - start;
      if (available >= HEADER_BYTES) {
        const total = this.totalOf(this.chunk, start);
        if (this.skipTotal > 0) continue;
        if (available >= total) {
          this.source = this.chunk;
          this.start = start;
          this.end = start + total;
          this.at = this.end;
          return true;
        }
        this.partialTotal = total;
        this.take(available);
      } else if (available > 0) {
        this.take(available);
      } else if (!this.nextChunk()) {
        return false;
      }
    }
  }

  private nextChunk(): boolean {
    const chunk = this.waiting.shift();
    this.chunk = chunk ?? EMPTY;
    this.at = 0;
    this.waitingBytes -= this.chunk.length;
    return chunk !== undefined;
  }

  /** Size of the message whose header is at `at`, type byte included. */
  private totalOf(source: Buffer, at: number): number {
    const type = source[at] ?? 0;
    if (this.known[type] !== 1) throw this.fail('malformed.unknown_type', `unknown ${this.direction} message type ${typeLabel(type)}`, 0);
    const length = source.readInt32BE(at + 1);
    if (length < 4) throw this.fail('malformed.length', `message ${typeLabel(type)} has length ${length}`, 1);
    const max = this.maxBytes[type] ?? 0;
    if (length + 1 > max && this.skippable[type] === 1 && length <= LARGEST_LENGTH) {
      this.skipType = type;
      this.skipTotal = length + 1;
      this.skipLeft = length + 1;
    } else if (length + 1 > max) throw this.fail('malformed.length', `message ${typeLabel(type)} of ${length + 1} bytes exceeds the limit of ${max}`, 1);
    return length + 1;
  }

  private fail(code: 'malformed.unknown_type' | 'malformed.length', message: string, offset: number): MalformedError {
    this.failure = new MalformedError(code, message, offset);
    return this.failure;
  }

  /** Lets go of the bytes of a message that is too long. True when its end is reached. */
  private skip(): boolean {
    while (this.skipLeft > 0) {
      const available = this.chunk.length - this.at;
      if (available === 0 && !this.nextChunk()) return false;
      const count = Math.min(this.skipLeft, this.chunk.length - this.at);
      this.at += count;
      this.skipLeft -= count;
    }
    return true;
  }

  /** True when the partial message is whole, or is one to read past. */
  private collect(): boolean {
    for (;;) {
      if (this.partialTotal === 0 && this.partialBytes >= HEADER_BYTES) {
        this.partialTotal = this.totalOf(this.partial, 0);
        if (this.skipTotal > 0) {
          this.skipLeft -= this.partialBytes;
          this.partial = EMPTY;
          this.partialBytes = 0;
          this.partialTotal = 0;
          return true;
        }
      }
      const want = (this.partialTotal === 0 ? HEADER_BYTES : this.partialTotal) - this.partialBytes;
      if (want === 0) return true;
      if (this.at === this.chunk.length && !this.nextChunk()) return false;
      this.take(Math.min(want, this.chunk.length - this.at));
    }
  }

  /** Moves bytes from the chunk to the partial message. */
  private take(count: number): void {
    const needed = this.partialBytes + count;
    if (needed > this.partial.length) {
      const doubled = Math.max(needed, this.partial.length * 2, Math.min(this.partialTotal, FIRST_COLLECT_BYTES));
      const bigger = Buffer.allocUnsafe(this.partialTotal === 0 ? Math.max(needed, HEADER_BYTES) : Math.min(doubled, this.partialTotal));
      this.partial.copy(bigger, 0, 0, this.partialBytes);
      this.partial = bigger;
    }
    this.chunk.copy(this.partial, this.partialBytes, this.at, this.at + count);
    this.partialBytes = needed;
    this.at += count;
  }
}

function typeTable(types: readonly number[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const type of types) table[type] = 1;
  return table;
}
