/**
 * Cuts log.ndjson into upload chunks at checkpoint lines. A cut is written to `cuts.ndjson` before the chunk is handed
 * out, so that a retry after a crash sends the same bytes under the same index.
 */
import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip, gzipSync } from 'node:zlib';
import { ConfigError, EnvironmentError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { ioError } from './files.ts';
import { nodeSha256Hex } from './node-crypto.ts';
import { count, hex32, object, parseJson } from './parse.ts';
import { parseCheckpointLine } from './record.ts';
import type { ReceivedChunk } from './types.ts';

const gzipAsync = promisify(gzip);

/** Half of a recording is digests and salts, which do not shrink: higher levels cost five times the time for a tenth of the size. */
const GZIP_LEVEL = 1;

export interface Chunk extends ReceivedChunk {
  readonly fromByte: number;
  readonly toByte: number;
  /** The checkpoint note that ends the chunk. Undefined only for the tail of a recovered recording. */
  readonly note: string | undefined;
}

export interface NextChunkOptions {
  /** Cut at the last checkpoint there is, however small the chunk: the caller's 5 seconds have passed. */
  readonly flush?: boolean;
  readonly minBytes?: number;
}

interface Cut {
  readonly i: number;
  readonly from: number;
  readonly to: number;
  readonly sha256: string;
}

/**
 * The chunk that starts at `fromByte`, or undefined when there is none to send yet.
 * Once the session has ended (close or recovered statement present) the rest is always handed out.
 * @param fromByte 0, or `toByte` of the chunk before
 * @throws EnvironmentError when the files cannot be read; ConfigError when the cut list does not fit the log
 */
export async function nextChunk(dir: string, fromByte: number, options: NextChunkOptions = {}): Promise<Chunk | undefined> {
  try {
    return await cutAt(dir, fromByte, options);
  } catch (error) {
    throw error instanceof ConfigError || error instanceof EnvironmentError ? error : ioError(`cannot read the recording in ${dir}`, error);
  }
}

/** Nothing here blocks: recordings are sent while sessions run in the same process. */
async function cutAt(dir: string, fromByte: number, options: NextChunkOptions): Promise<Chunk | undefined> {
  const path = join(dir, 'log.ndjson');
  if (!existsSync(path)) return undefined;
  const cuts = readCuts(dir);
  const known = cuts.find((c) => c.from === fromByte);
  const fd = await open(path, 'r+');
  try {
    if (known !== undefined) return known.to === known.from ? undefined : await load(dir, fd, known);
    const expected = cuts.at(-1)?.to ?? 0;
    if (fromByte !== expected) throw new ConfigError(`chunks continue at byte ${expected}, not at ${fromByte}`, { file: join(dir, 'cuts.ndjson') });
    const recovered = existsSync(join(dir, 'recovered.dsse.json'));
    const ended = recovered || existsSync(join(dir, 'close.dsse.json'));
    const end = await findCut(fd, fromByte, { minBytes: options.minBytes ?? limits.chunkBytes, takeLast: ended || options.flush === true, tail: recovered });
    if (end === undefined) return undefined;
    // The store must never hold more of a session than a power cut leaves here: recovery would contradict it.
    await fd.sync();
    const bytes = await readRange(fd, fromByte, end);
    const cut: Cut = { i: cuts.length, from: fromByte, to: end, sha256: nodeSha256Hex(bytes) };
    await saveCut(dir, cut);
    return await make(cut, bytes);
  } finally {
    await fd.close();
  }
}

/** End of the chunk: after the first checkpoint line at or beyond `minBytes`, else after the last one if asked to. */
async function findCut(fd: FileHandle, from: number, o: { minBytes: number; takeLast: boolean; tail: boolean }): Promise<number | undefined> {
  const { size } = await fd.stat();
  const block = Buffer.allocUnsafe(1 << 20);
  let lineStart = from;
  let letter = -1;
  let last: number | undefined;
  let lastLine: number | undefined;
  for (let at = from; at < size; ) {
    const { bytesRead: got } = await fd.read(block, 0, Math.min(block.length, size - at), at);
    if (got === 0) break;
    let scan = 0;
    while (scan < got) {
      if (at + scan === lineStart) letter = block[scan] ?? -1;
      const lf = block.indexOf(0x0a, scan);
      if (lf < 0 || lf >= got) break;
      lineStart = at + lf + 1;
      lastLine = lineStart;
      if (letter === 0x43) {
        last = lineStart;
        if (last - from >= o.minBytes) return last;
      }
      scan = lf + 1;
    }
    at += got;
  }
  if (!o.takeLast) return undefined;
  return o.tail ? lastLine : last;
}

async function readRange(fd: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from);
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead: got } = await fd.read(bytes, at, bytes.length - at, from + at);
    if (got === 0) throw new EnvironmentError('env.io', 'the recording became shorter while it was read');
    at += got;
  }
  return bytes;
}

async function load(dir: string, fd: FileHandle, cut: Cut): Promise<Chunk> {
  const bytes = (await fd.stat()).size < cut.to ? Buffer.alloc(0) : await readRange(fd, cut.from, cut.to);
  if (nodeSha256Hex(bytes) !== cut.sha256) throw new ConfigError(`chunk ${cut.i} is no longer what was cut`, { file: join(dir, 'log.ndjson'), fix: 'the recording was changed on disk; keep it for investigation' });
  return make(cut, bytes);
}

async function make(cut: Cut, bytes: Buffer): Promise<Chunk> {
  return { index: cut.i, gzip: canonicalHeader(await gzipAsync(bytes, { level: GZIP_LEVEL })), sha256: cut.sha256, sizeBytes: bytes.length, fromByte: cut.from, toByte: cut.to, note: lastNote(bytes) };
}

function lastNote(bytes: Buffer): string | undefined {
  const start = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  return bytes[start] === 0x43 ? parseCheckpointLine(bytes.toString('utf8', start + 1, bytes.length - 1)) : undefined;
}

/** gzip with the one header that the format allows: no name, no time, unknown system. */
export function gzipChunk(bytes: Uint8Array): Uint8Array {
  return canonicalHeader(gzipSync(bytes, { level: GZIP_LEVEL }));
}

function canonicalHeader(out: Buffer): Uint8Array {
  out.fill(0, 4, 9);
  out[9] = 0xff;
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
}

function readCuts(dir: string): Cut[] {
  const path = join(dir, 'cuts.ndjson');
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const torn = lines.pop() ?? '';
  // A torn last line is a cut that was never handed out.
  if (torn !== '') truncateSync(path, Buffer.byteLength(text) - Buffer.byteLength(torn));
  const cuts: Cut[] = [];
  for (const line of lines) {
    const o = object(parseJson(line, 'cut'), 'cut', ['i', 'from', 'to', 'sha256']);
    const cut = { i: count(o['i'], 'cut.i'), from: count(o['from'], 'cut.from'), to: count(o['to'], 'cut.to'), sha256: hex32(o['sha256'], 'cut.sha256') };
    if (cut.i !== cuts.length || cut.from !== (cuts.at(-1)?.to ?? 0) || cut.to <= cut.from) throw new ConfigError('the cuts are not in order', { file: path });
    cuts.push(cut);
  }
  return cuts;
}

async function saveCut(dir: string, cut: Cut): Promise<void> {
  const fd = await open(join(dir, 'cuts.ndjson'), 'a', 0o600);
  try {
    await fd.appendFile(`${JSON.stringify(cut)}\n`);
    await fd.sync();
  } finally {
    await fd.close();
  }
}
