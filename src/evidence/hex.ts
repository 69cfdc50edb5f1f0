/** Hex for the hot loops of reader and verifier: one table look-up per byte. */

const table = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, '0'));

export function fastHex(bytes: Uint8Array): string {
  let out = '';
  for (const b of bytes) out += table[b] ?? '';
  return out;
}
