/**
 * The four messages behind the type byte 'p'. Which one it is depends on what the server asked, so the caller names
 * it. Their content is secret: errors here say lengths and offsets, never bytes.
 */
import { ByteReader, textOf } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import type { RawMessage } from './framer.ts';
import { HEADER_BYTES, frontendType, typeLabel } from './protocol.ts';

function reader(raw: RawMessage): ByteReader<Buffer> {
  if (raw.type !== frontendType.AuthData) {
    throw new MalformedError('malformed.phase', `message ${typeLabel(raw.type)} where the answer to an authentication request was due`, 0);
  }
  return new ByteReader<Buffer>(raw.body, HEADER_BYTES);
}

/** PasswordMessage: String password (in clear, or `md5` and a hash). */
export function decodePassword(raw: RawMessage): Buffer {
  const r = reader(raw);
  const password = r.cstring();
  r.end();
  return password;
}

export interface SaslInitialResponse {
  readonly mechanism: string;
  /** Null when the client sends none. */
  readonly data: Buffer | null;
}

/** SASLInitialResponse: String mechanism | Int32 length or -1 | bytes */
export function decodeSaslInitialResponse(raw: RawMessage): SaslInitialResponse {
  const r = reader(raw);
  const mechanism = textOf(r.cstring());
  const length = r.i32();
  const data = length === -1 ? null : r.bytes(length);
  r.end();
  return { mechanism, data };
}

/** SASLResponse: Byten data, to the end of the message. */
export function decodeSaslResponse(raw: RawMessage): Buffer {
  return reader(raw).rest();
}

/** GSSResponse: Byten data, to the end of the message. */
export function decodeGssResponse(raw: RawMessage): Buffer {
  return reader(raw).rest();
}
