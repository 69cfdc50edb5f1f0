/** Ed25519 public keys and signatures as SSH writes them (RFC 8709 sections 4 and 6). */
import { ByteReader, textOf } from '../../base/bytes.ts';
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { MalformedError } from '../../base/errors.ts';
import { packed, readString } from './data-types.ts';

export const ED25519 = 'ssh-ed25519';
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** @param key 32 bytes */
export const encodePublicKey = (key: Uint8Array): Uint8Array => packed([ED25519, key]);

/** @returns 32 bytes, a view @throws MalformedError for anything but an Ed25519 key */
export const decodePublicKey = (blob: Uint8Array): Uint8Array => typed(blob, KEY_BYTES);

/** @param signature 64 bytes */
export const encodeSignature = (signature: Uint8Array): Uint8Array => packed([ED25519, signature]);

/** @returns 64 bytes, a view @throws MalformedError for anything but an Ed25519 signature */
export const decodeSignature = (blob: Uint8Array): Uint8Array => typed(blob, SIGNATURE_BYTES);

/** As in authorized_keys and known_hosts. */
export const keyLine = (type: string, blob: Uint8Array, comment = ''): string => `${type} ${toBase64(blob)}${comment === '' ? '' : ` ${comment}`}`;

/** The wire form out of a line of `keyLine`, of exactly this type. @throws MalformedError */
export function blobOfLine(type: string, line: string): Uint8Array {
  const [first, second = ''] = line.split(' ');
  if (first !== type) throw new MalformedError('malformed.unknown_type', `not a line of type ${type}`);
  return fromBase64(second);
}

function typed(blob: Uint8Array, length: number): Uint8Array {
  const r = new ByteReader(blob);
  if (textOf(readString(r)) !== ED25519) throw new MalformedError('malformed.unknown_type', `only ${ED25519} is understood`, 4);
  const value = readString(r);
  if (value.length !== length) throw new MalformedError('malformed.length', `${length} bytes expected, ${value.length} found`, r.offset);
  r.end();
  return value;
}
