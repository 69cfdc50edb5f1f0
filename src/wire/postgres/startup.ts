/**
 * The packets before the typed messages: they have no type byte.
 *
 *     Int32 length (itself included) | Int32 request code or protocol version | body
 *
 * Documentation section 54.2.1 and "Message Formats": CancelRequest, GSSENCRequest, SSLRequest, StartupMessage.
 */
import { ByteReader, textOf } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { cancelKeyBytes, majorOf, minorOf, requestCode } from './protocol.ts';

export type StartupPacket =
  | { readonly type: 'SSLRequest' }
  | { readonly type: 'GSSENCRequest' }
  | { readonly type: 'CancelRequest'; readonly processId: number; readonly secretKey: Buffer }
  | {
      readonly type: 'StartupMessage';
      /** As sent: major in the high 16 bits. */
      readonly version: number;
      /** In the order sent: user, database, options, client_encoding, `_pq_.*` ... */
      readonly parameters: ReadonlyMap<string, string>;
    };

/**
 * Collects one packet at a time. Bytes behind a packet stay unread and are counted by `buffered`: a client has to wait
 * for the answer to each of these packets, and what was sent in clear before TLS must never be read as if it had come
 * through TLS (the mistake of CVE-2021-23222).
 */
export class StartupFramer {
  private readonly maxBytes: number;
  private data: Buffer = Buffer.alloc(0);
  private failure: MalformedError | undefined;

  constructor(maxBytes: number = limits.pgStartupBytes) {
    this.maxBytes = maxBytes;
  }

  /** Bytes received and not part of a packet that `next` returned. The listener checks it is 0 at each phase change. */
  get buffered(): number {
    return this.data.length;
  }

  /** @throws MalformedError('malformed.length') when more piles up than one packet may have. */
  push(chunk: Buffer): void {
    if (this.data.length + chunk.length > this.maxBytes) {
      throw this.fail('malformed.length', `more than ${this.maxBytes} bytes before the session has started`, 0);
    }
    this.data = this.data.length === 0 ? chunk : Buffer.concat([this.data, chunk]);
  }

  /**
   * The packet, or undefined until more bytes are pushed.
   * @throws MalformedError for a bad length, an unknown code, a major version other than 3, malformed parameters, and
   * ('malformed.phase') for bytes pipelined behind an SSLRequest or GSSENCRequest.
   */
  next(): StartupPacket | undefined {
    if (this.failure) throw this.failure;
    if (this.data.length < 4) return undefined;
    const length = this.data.readInt32BE(0);
    if (length < 8) throw this.fail('malformed.length', `startup packet of ${length} bytes`, 0);
    if (length > this.maxBytes) throw this.fail('malformed.length', `startup packet of ${length} bytes exceeds the limit of ${this.maxBytes}`, 0);
    if (this.data.length < length) return undefined;
    const packet = decodeStartupPacket(this.data.subarray(0, length));
    this.data = this.data.subarray(length);
    if (this.data.length > 0 && (packet.type === 'SSLRequest' || packet.type === 'GSSENCRequest')) {
      throw this.fail('malformed.phase', `${this.data.length} bytes sent before the answer to ${packet.type}`, length);
    }
    return packet;
  }

  private fail(code: 'malformed.length' | 'malformed.phase', message: string, offset: number): MalformedError {
    this.failure = new MalformedError(code, message, offset);
    return this.failure;
  }
}

/** One whole packet, length field included. @throws MalformedError */
export function decodeStartupPacket(packet: Buffer): StartupPacket {
  const r = new ByteReader<Buffer>(packet);
  if (r.i32() !== packet.length) throw new MalformedError('malformed.length', 'length field of the startup packet is not its length', 0);
  const code = r.u32();
  switch (code) {
    case requestCode.SSL:
      r.end();
      return { type: 'SSLRequest' };
    case requestCode.GSSENC:
      r.end();
      return { type: 'GSSENCRequest' };
    case requestCode.Cancel:
      return decodeCancelRequest(r);
    default:
      if (majorOf(code) !== 3) throw new MalformedError('malformed.value', `unsupported protocol ${majorOf(code)}.${minorOf(code)}`, 4);
      return { type: 'StartupMessage', version: code, parameters: decodeParameters(r) };
  }
}

/** Int32 process id | Byte4..256 secret key (Byte4 before protocol 3.2) */
function decodeCancelRequest(r: ByteReader<Buffer>): StartupPacket {
  const processId = r.i32();
  const at = r.offset;
  const secretKey = r.rest();
  if (secretKey.length < cancelKeyBytes.min || secretKey.length > cancelKeyBytes.max) {
    throw new MalformedError('malformed.length', `cancel key of ${secretKey.length} bytes`, at);
  }
  return { type: 'CancelRequest', processId, secretKey };
}

/** (String name | String value)* | Byte1 0, which is the last byte. A name given twice is refused: readers differ on which one counts. */
function decodeParameters(r: ByteReader<Buffer>): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (;;) {
    const at = r.offset;
    const name = textOf(r.cstring());
    if (name === '') break;
    if (parameters.has(name)) throw new MalformedError('malformed.value', `startup parameter ${JSON.stringify(name)} is given twice`, at);
    parameters.set(name, textOf(r.cstring()));
  }
  r.end();
  return parameters;
}
