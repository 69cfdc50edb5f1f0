/**
 * Reads a bundle's archive in the browser, and says whether it is the one that a recording names. The store hands it
 * out and proves nothing by it: its sources must have the digest that the session's signed open statement carries.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, fromUtf8, toHex, utf8 } from '../../base/encoding.ts';
import { limits } from '../../base/limits.ts';
import { gunzipChunk } from '../../evidence/srz-read.ts';

const BLOCK = 512;
const MANIFEST = 'manifest.json';
const MAX_BYTES = limits.bundleBytes + limits.bundleFiles * 2 * BLOCK + 1024 * 1024;

/** `sha256:` over the sorted list of `path NUL sha256 LF` lines. */
export function digestOfFiles(files: ReadonlyMap<string, Uint8Array>): string {
  const lines = [...files].map(([path, bytes]) => `${path}\0${toHex(sha256(bytes))}\n`);
  return `sha256:${toHex(sha256(utf8(lines.sort().join(''))))}`;
}

/** The tar of an archive. Its gzip header has the one form that chunks of recordings have, too. */
async function gunzip(archive: Uint8Array): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of gunzipChunk('the archive', archive)) {
    total += part.length;
    if (total > MAX_BYTES) throw new Error('the archive is larger than a bundle may be');
    parts.push(part);
  }
  return concatBytes(parts);
}

/** Name and size of a ustar header (POSIX.1-1988); the rest of it says nothing about a bundle. */
function headerOf(block: Uint8Array): { name: string; size: number } {
  const text = fromUtf8(block.subarray(0, 100));
  const digits = /^[0-7]{11}/.exec(fromUtf8(block.subarray(124, 135)))?.[0];
  if (digits === undefined) throw new Error('the archive is malformed');
  return { name: text.split('\0', 1)[0] ?? '', size: parseInt(digits, 8) };
}

/**
 * The source files of an archive as the store hands it out.
 * @throws Error when it is not an archive of a bundle
 */
export async function readArchive(archive: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const tar = await gunzip(archive);
  const files = new Map<string, Uint8Array>();
  let at = 0;
  while (at + BLOCK <= tar.length && tar[at] !== 0) {
    const { name, size } = headerOf(tar.subarray(at, at + BLOCK));
    const end = at + BLOCK + size;
    if (end > tar.length || files.has(name) || files.size > limits.bundleFiles) throw new Error('the archive is malformed');
    files.set(name, tar.slice(at + BLOCK, end));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  files.delete(MANIFEST);
  return files;
}
