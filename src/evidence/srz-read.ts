/** Reads an .srz strictly (docs/formats/recording.md section 5.4). Pure: bytes in, a RecordingSource out. */
import { equalBytes, fromUtf8, utf8 } from '../base/encoding.ts';
import { MalformedError } from '../base/errors.ts';
import { byPlace, rankOf, type RecordingSource } from './source.ts';
import { centralHeader, crc32, endRecord, localHeader, srzMimetype, type ZipEntry } from './zip-form.ts';

const bad = (what: string): MalformedError => new MalformedError('malformed.value', what);

const maxEntries = 65_534;
/** A chunk is about 1 MiB; one huge record may make it larger, never this large. */
const maxChunkBytes = 256 * 1024 * 1024;

/**
 * Opens an export. Refuses duplicates, unknown names, compression, extra fields, gaps, foreign headers, damaged
 * entries and ZIP64. The log is unpacked chunk by chunk as it is read.
 * @throws MalformedError saying which entry is wrong
 */
export function readSrz(bytes: Uint8Array): RecordingSource {
  const entries = readDirectory(bytes);
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    const header = localHeader(entry);
    const start = entry.offset + header.length;
    if (!equalBytes(bytes.subarray(entry.offset, start), header)) throw bad(`${entry.name}: its local header differs from the directory`);
    const content = bytes.subarray(start, start + entry.sizeBytes);
    if (crc32(content) !== entry.crc32) throw bad(`${entry.name}: its checksum does not fit`);
    files.set(entry.name, content);
  }
  const mimetype = files.get('mimetype');
  if (entries[0]?.name !== 'mimetype' || mimetype === undefined || !equalBytes(mimetype, utf8(srzMimetype))) throw bad('not an .srz recording: the mimetype entry is missing');
  const chunks = entries.map((e) => e.name).filter((n) => n.startsWith('chunks/'));
  chunks.forEach((name, i) => {
    if (Number(name.slice(7, 13)) !== i) throw bad(`chunk ${i} is missing`);
  });
  return {
    names: entries.map((e) => e.name),
    file: (name) => files.get(name),
    log: () => unpack(chunks, files),
  };
}

/** The directory, checked to be byte for byte what a writer of this format makes of it. */
function readDirectory(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const endAt = bytes.length - 22;
  if (endAt < 0 || view.getUint32(endAt, true) !== 0x06054b50) throw bad('not an .srz recording: no directory at its end');
  const count = view.getUint16(endAt + 10, true);
  const centralAt = view.getUint32(endAt + 16, true);
  if (count === 0 || count > maxEntries || centralAt > endAt) throw bad('the directory does not fit the file');
  const entries: ZipEntry[] = [];
  let at = centralAt;
  let offset = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > endAt) throw bad('the directory is cut short');
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    if (nameEnd > endAt) throw bad('the directory is cut short');
    const entry = { name: fromUtf8(bytes.subarray(at + 46, nameEnd)), crc32: view.getUint32(at + 16, true), sizeBytes: view.getUint32(at + 24, true), offset };
    if (rankOf(entry.name) < 0) throw bad(`unexpected entry ${JSON.stringify(entry.name.slice(0, 100))}`);
    const previous = entries.at(-1);
    if (previous?.name === entry.name) throw bad(`${entry.name} appears twice`);
    if (previous !== undefined && byPlace(previous.name, entry.name) >= 0) throw bad(`${entry.name} is out of order`);
    if (!equalBytes(bytes.subarray(at, nameEnd), centralHeader(entry))) throw bad(`${entry.name}: its directory entry is not in the one form allowed`);
    offset += 30 + utf8(entry.name).length + entry.sizeBytes;
    if (offset > centralAt) throw bad(`${entry.name}: its size does not fit the file`);
    entries.push(entry);
    at = nameEnd;
  }
  if (offset !== centralAt || at !== endAt) throw bad('there are bytes that belong to no entry');
  if (!equalBytes(bytes.subarray(endAt), endRecord(count, endAt - centralAt, centralAt))) throw bad('the end of the directory is not in the one form allowed');
  return entries;
}

async function* unpack(names: readonly string[], files: ReadonlyMap<string, Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const name of names) yield* gunzipChunk(name, files.get(name) ?? new Uint8Array(0));
}

/**
 * Unpacks one chunk. Its gzip header has exactly one form, so that no bit of it is free.
 * @throws MalformedError for another header, damaged data, or more bytes than a chunk may hold
 */
export async function* gunzipChunk(name: string, gz: Uint8Array): AsyncGenerator<Uint8Array> {
  const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
  if (gz.length < 18 || !equalBytes(gz.subarray(0, 10), header)) throw bad(`${name} is not a chunk: its gzip header is not the one allowed`);
  const reader = new Blob([new Uint8Array(gz)]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  let total = 0;
  for (;;) {
    const step = await reader.read().catch((error: unknown) => {
      throw bad(`${name} cannot be unpacked: ${error instanceof Error ? error.message : 'damaged data'}`);
    });
    if (step.done) break;
    const piece = step.value as Uint8Array;
    total += piece.length;
    if (total > maxChunkBytes) throw bad(`${name} unpacks to more than a chunk may hold`);
    yield piece;
  }
  const stated = new DataView(gz.buffer, gz.byteOffset + gz.length - 4, 4).getUint32(0, true);
  if (stated !== total) throw bad(`${name} has bytes after its end`);
}
