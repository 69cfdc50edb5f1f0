/** Hex for the hot loops of reader and verifier: one table look-up per byte or digit. */
import { assert } from '../base/errors.ts';

const table = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, '0'));

export function fastHex(bytes: Uint8Array): string {
  let out = '';
  for (const b of bytes) out += table[b] ?? '';
  return out;
}

const nibbles = new Int8Array(128).fill(-1);
for (let v = 0; v < 16; v++) nibbles[v.toString(16).charCodeAt(0)] = v;

/** The bytes of a digest in lower-case hex. @throws BugError for anything else: digests of our own making only */
export function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  let wrong = hex.length & 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = ((nibbles[hex.charCodeAt(2 * i)] ?? -1) << 4) | (nibbles[hex.charCodeAt(2 * i + 1)] ?? -1);
    wrong |= byte < 0 ? 1 : 0;
    bytes[i] = byte;
  }
  assert(wrong === 0, 'a digest is lower-case hex');
  return bytes;
}
