/**
 * Mask tokens: `msk_<class>_<12 letters>`. Keyed (HMAC-SHA256 with a key of this session), so equal values stay
 * equal within a session and joins on masked output still work by eye, and nobody can try values offline.
 * The letters are sixteen consonants, 48 bits: no digit, so no detector mistakes a token for a number.
 */
import { assert } from '../../base/errors.ts';
import { KeyedHash } from './keyed-hash.ts';

const ALPHABET = Buffer.from('bcdfghjkmnpqrtvw', 'latin1');
/** Twelve hexadecimal digits are accepted too: the form of masked literals in recordings. */
const TOKEN = /msk_[a-z0-9][a-z0-9_]{0,31}_(?:[bcdfghjkmnpqrtvw]{12}|[0-9a-f]{12})(?![a-z0-9])/;
const WHOLE_TOKEN = new RegExp(`^${TOKEN.source}$`);
const TOKENS = new RegExp(TOKEN.source, 'g');
/** A masked uuid: `6d736b5f` ("msk_" in hexadecimal), version 8 (RFC 9562 section 5.8: free form). */
const UUID_TOKEN = /6d736b5f-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/i;

/** The class as it stands in a token: lower case, at most 24 characters. */
export const tokenSlug = (classId: string): string => {
  const slug = classId.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '').slice(0, 24);
  return slug === '' ? 'data' : slug;
};

/** Makes the tokens of one class under one session's key. */
export class Tokenizer {
  readonly #hash: KeyedHash;
  readonly #prefix: Buffer;

  /** @throws BugError unless the key has 32 bytes: a shorter one could be guessed */
  constructor(key: Uint8Array, classId: string) {
    assert(key.length === 32, 'the key of mask tokens must have 32 bytes');
    this.#hash = new KeyedHash(key, classId);
    this.#prefix = Buffer.from(`msk_${tokenSlug(classId)}_`, 'latin1');
  }

  /** @param source the clear value's bytes in text form: those from `start` to `end` */
  token(source: Uint8Array, start = 0, end = source.length): Buffer {
    const mac = this.#hash.digest(source, start, end);
    const prefix = this.#prefix;
    const out = Buffer.allocUnsafe(prefix.length + 12);
    for (let i = 0; i < prefix.length; i++) out[i] = prefix[i] ?? 0;
    for (let i = 0, at = prefix.length; i < 12; i++) out[at++] = ALPHABET[((mac[i >> 3] ?? 0) >>> (28 - (i & 7) * 4)) & 15] ?? 0;
    return out;
  }

  /** Sixteen bytes of a uuid that is recognisably a mask. @param value the sixteen bytes of the clear uuid */
  uuid(value: Uint8Array): Buffer {
    const mac = this.#hash.digest(value);
    const out = Buffer.alloc(16);
    for (let i = 0; i < 4; i++) out.writeInt32BE(mac[i] ?? 0, i * 4);
    out.write('msk_', 0, 'latin1');
    out[6] = 0x80 | ((out[6] ?? 0) & 0x0f);
    out[8] = 0x80 | ((out[8] ?? 0) & 0x3f);
    return out;
  }
}

/** One token, for callers that make few. @param key 32 bytes @param value the clear value's bytes in text form */
export const maskToken = (key: Uint8Array, classId: string, value: Uint8Array): string => new Tokenizer(key, classId).token(value).toString('latin1');

/** True when a statement or parameter carries a mask back to the target: it must be refused, or it would overwrite data. */
export function containsMaskToken(text: string | Buffer): boolean {
  if (typeof text === 'string') return (text.includes('msk_') && TOKEN.test(text)) || UUID_TOKEN.test(text);
  // The marker of a masked uuid is "msk_" in binary and "6d736b5f" in text.
  if (!text.includes('msk_') && !text.includes('6d736b5f') && !text.includes('6D736B5F')) return false;
  return containsMaskToken(text.toString('latin1')) || binaryUuid(text);
}

function binaryUuid(bytes: Buffer): boolean {
  return bytes.length === 16 && bytes.subarray(0, 4).toString('latin1') === 'msk_' && (bytes[6] ?? 0) >> 4 === 8 && (bytes[8] ?? 0) >> 6 === 2;
}

/** Where mask tokens stand in a text. */
export function maskTokenSpans(text: string): readonly { readonly start: number; readonly end: number }[] {
  return text.includes('msk_') ? Array.from(text.matchAll(TOKENS), (m) => ({ start: m.index, end: m.index + m[0].length })) : [];
}

/** The whole text is one mask token. */
export const isMaskToken = (text: string): boolean => text.startsWith('msk_') && WHOLE_TOKEN.test(text);
