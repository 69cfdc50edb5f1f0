/** What both sides of SCRAM-SHA-256 share (RFC 5802 with the hash of RFC 7677). */
import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { fromUtf8, utf8 } from '../../base/encoding.ts';
import { MalformedError } from '../../base/errors.ts';

export const SCRAM = 'SCRAM-SHA-256';
export const SCRAM_PLUS = 'SCRAM-SHA-256-PLUS';
export type ScramMechanism = typeof SCRAM | typeof SCRAM_PLUS;

/** The hash functions, as arguments: a caller on Node passes its native ones, which derive keys about ten times faster. */
export interface ScramHash {
  sha256(data: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** 32 bytes. */
  pbkdf2Sha256(password: Uint8Array, salt: Uint8Array, iterations: number): Uint8Array;
}

export const portableScramHash: ScramHash = {
  sha256: (data) => sha256(data),
  hmacSha256: (key, data) => hmac(sha256, key, data),
  pbkdf2Sha256: (password, salt, iterations) => pbkdf2(sha256, password, salt, { c: iterations, dkLen: 32 }),
};

/** RFC 7677 section 4: no fewer. The upper bound keeps a hostile peer from occupying this process for seconds. */
export const scramIterations = { min: 4096, max: 1_000_000 } as const;

export const SCRAM_KEY_BYTES = 32;

export const clientKeyLabel = utf8('Client Key');
export const serverKeyLabel = utf8('Server Key');

/** Printable ASCII but the comma (RFC 5802 section 7, `printable`). */
const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/;
export const isNonce = (text: string): boolean => NONCE.test(text);

/**
 * The values of a message such as `r=...,s=...,i=...`: exactly these attributes in this order. Extensions, mandatory
 * (`m=`) and optional ones alike, are not understood and therefore refused.
 */
export function attributesOf(message: string, letters: string): string[] {
  const parts = message.split(',');
  if (parts.length !== letters.length) throw new MalformedError('malformed.value', `SCRAM message with ${parts.length} attributes where ${letters.length} were due`);
  return parts.map((part, i) => {
    const letter = letters.charAt(i);
    if (!part.startsWith(`${letter}=`)) throw new MalformedError('malformed.value', `SCRAM message without attribute ${letter} at place ${i + 1}`);
    return part.slice(2);
  });
}

/** @throws MalformedError for bytes that are not UTF-8 or hold a NUL. */
export function scramText(data: Uint8Array): string {
  if (data.includes(0)) throw new MalformedError('malformed.value', 'NUL in a SCRAM message');
  return fromUtf8(data);
}

export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}
