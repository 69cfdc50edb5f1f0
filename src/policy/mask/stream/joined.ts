/** Pieces of a stream as one. Most of them are what came in, one behind the other in one buffer: nothing is copied then. */

/** @param parts in their order @returns their bytes; the same memory where they lie together */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  let first: Uint8Array | undefined;
  let end = 0;
  for (const part of parts) {
    if (part.length === 0) continue;
    if (first === undefined) first = part;
    else if (part.buffer !== first.buffer || part.byteOffset !== end) return Buffer.concat(parts);
    end = part.byteOffset + part.length;
  }
  return first === undefined ? Buffer.alloc(0) : Buffer.from(first.buffer, first.byteOffset, end - first.byteOffset);
}
