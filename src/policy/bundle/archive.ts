/**
 * A bundle as one file: tar in gzip, with exactly one form. Paths are sorted; owner, time and mode are constant; gzip
 * holds stored blocks, since compressed ones differ between versions of zlib. So two signers who build the same
 * sources have the same bytes, and a reader accepts an archive only if packing what it read gives those bytes again:
 * nothing can hide in padding, headers, order or a second entry of the same name.
 */
import { gunzipSync } from 'node:zlib';
import { getCedarLangVersion } from '@cedar-policy/cedar-wasm/nodejs';
import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';
import { concatBytes, equalBytes, fromUtf8, toHex, utf8 } from '../../base/encoding.ts';
import { messageOf } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { digestOf, type BundleFiles } from './files.ts';
import { BundleError, Problems } from './problems.ts';

export const MANIFEST = 'manifest.json';
const BLOCK = 512;
/** Sources, a header and padding for each file, the manifest. */
const MAX_TAR_BYTES = limits.bundleBytes + limits.bundleFiles * 2 * BLOCK + 1024 * 1024;

const manifest = z.strictObject({
  v: z.literal(1),
  /** Digest over the sources; the one that sessions carry. */
  bundle: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** Version of the Cedar language that checked it. */
  cedar: z.string().regex(/^\d+\.\d+(\.\d+)?$/),
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int().min(0) })),
});

/** The archive of a bundle's source files. The same files give the same bytes, on any machine. */
export function packBundle(files: BundleFiles): Uint8Array {
  return packWith(files, getCedarLangVersion());
}

function packWith(files: BundleFiles, cedar: string): Uint8Array {
  const paths = [...files.keys()].sort();
  const list = paths.map((path) => {
    const bytes = files.get(path) ?? new Uint8Array();
    return { path, sha256: toHex(sha256(bytes)), bytes: bytes.length };
  });
  const head = utf8(`${JSON.stringify({ v: 1, bundle: digestOf(files), cedar, files: list }, null, 1)}\n`);
  const entries = [entry(MANIFEST, head), ...paths.map((path) => entry(path, files.get(path) ?? new Uint8Array()))];
  return gzipStored(concatBytes([...entries, new Uint8Array(2 * BLOCK)]));
}

/**
 * The source files of an archive.
 * @throws BundleError for anything that `packBundle` would not have written, or a Cedar language newer than ours.
 */
export function unpackBundle(archive: Uint8Array): BundleFiles {
  try {
    const tar = new Uint8Array(gunzipSync(archive, { maxOutputLength: MAX_TAR_BYTES }));
    const all = readTar(tar);
    const text = all.get(MANIFEST);
    if (text === undefined) throw new Error(`it has no ${MANIFEST}`);
    all.delete(MANIFEST);
    const { cedar } = manifest.parse(JSON.parse(fromUtf8(text)));
    if (newerMajorOrMinor(cedar, getCedarLangVersion())) throw new Error(`it was checked with Cedar ${cedar}, this program has ${getCedarLangVersion()}: update the program`);
    if (!equalBytes(packWith(all, cedar), archive)) throw new Error('it is not in the form that `sallyport bundle build` writes');
    return all;
  } catch (error) {
    const problems = new Problems();
    problems.add(`not a bundle archive: ${error instanceof z.ZodError ? `${MANIFEST} is malformed` : messageOf(error)}`, { fix: 'make it with `sallyport bundle build`' });
    problems.throwIfAny();
    throw new BundleError([]);
  }
}

function newerMajorOrMinor(a: string, b: string): boolean {
  const [[a1 = 0, a2 = 0], [b1 = 0, b2 = 0]] = [a.split('.').map(Number), b.split('.').map(Number)];
  return a1 > b1 || (a1 === b1 && a2 > b2);
}

/** One ustar entry (POSIX.1-1988): header, content, padding. */
function entry(path: string, bytes: Uint8Array): Uint8Array {
  const name = utf8(path);
  if (name.length > 100) throw new Error(`the path ${path} is longer than 100 bytes`);
  const header = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => header.set(utf8(text), at);
  header.set(name, 0);
  put(100, '0000644\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${bytes.length.toString(8).padStart(11, '0')}\0`);
  put(136, '00000000000\0');
  put(148, '        ');
  put(156, '0');
  put(257, 'ustar\u000000');
  put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `);
  return concatBytes([header, bytes, new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** Reads names and contents only: whether all the rest is as it must be shows when it is packed again. */
function readTar(tar: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const nameField = tar.subarray(at, at + 100);
    const end = nameField.indexOf(0);
    const name = fromUtf8(end < 0 ? nameField : nameField.subarray(0, end));
    const size = /^([0-7]{11})\0$/.exec(fromUtf8(tar.subarray(at + 124, at + 136)))?.[1];
    if (size === undefined) throw new Error('a header is malformed');
    const bytes = parseInt(size, 8);
    if (at + BLOCK + bytes > tar.length) throw new Error('it is cut off');
    if (files.has(name)) throw new Error(`it holds ${name} twice`);
    if (files.size > limits.bundleFiles) throw new Error(`it holds more than ${limits.bundleFiles} files`);
    files.set(name, tar.slice(at + BLOCK, at + BLOCK + bytes));
    at += BLOCK + Math.ceil(bytes / BLOCK) * BLOCK;
  }
  return files;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (CRC_TABLE[(c ^ byte) & 0xff] ?? 0) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** A gzip member (RFC 1952) of stored deflate blocks (RFC 1951 section 3.2.4), without time or name. */
function gzipStored(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)];
  for (let at = 0; at === 0 || at < bytes.length; at += 0xffff) {
    const block = bytes.subarray(at, at + 0xffff);
    const last = at + 0xffff >= bytes.length ? 1 : 0;
    parts.push(Uint8Array.of(last, block.length & 0xff, block.length >> 8, ~block.length & 0xff, (~block.length >> 8) & 0xff), block);
  }
  const tail = new DataView(new ArrayBuffer(8));
  tail.setUint32(0, crc32(bytes), true);
  tail.setUint32(4, bytes.length >>> 0, true);
  return concatBytes([...parts, new Uint8Array(tail.buffer)]);
}
