/** Recordings on disk: a spool or store directory, or an .srz file. Node only. */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { ioError } from './files.ts';
import { rankOf, type RecordingSource } from './source.ts';
import { gunzipChunk, readSrz } from './srz-read.ts';

/** Largest .srz that is read into memory. */
const maxSrzBytes = 2 ** 32 - 1;

/**
 * Opens a recording by path: a directory with `open.dsse.json`, or an .srz file.
 * @throws ConfigError when there is nothing there; MalformedError when an .srz is damaged; EnvironmentError on I/O errors
 */
export function openRecording(path: string): RecordingSource {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new ConfigError('there is no such recording', { file: path });
  if (stat.isDirectory()) return openRecordingDir(path);
  if (stat.size > maxSrzBytes) throw new ConfigError('the file is too large to be an .srz', { file: path });
  try {
    return readSrz(readFileSync(path));
  } catch (error) {
    throw error instanceof Error && 'errno' in error ? ioError(`cannot read ${path}`, error) : error;
  }
}

/** A session directory: `log.ndjson` as the spool writes it, or `chunks/` as the store keeps it. */
export function openRecordingDir(dir: string): RecordingSource {
  const names = ['', 'chunks', 'proofs', 'tsa', 'receipts', 'redactions'].flatMap((sub) => {
    const at = join(dir, sub);
    return existsSync(at) ? readdirSync(at).map((n) => (sub === '' ? n : `${sub}/${n}`)) : [];
  });
  const known = names.filter((n) => rankOf(n) > 0).sort();
  const hasLog = existsSync(join(dir, 'log.ndjson'));
  const chunks = hasLog ? [] : known.filter((n) => n.startsWith('chunks/'));
  const listed = hasLog ? known.filter((n) => !n.startsWith('chunks/')) : known;
  return {
    names: listed,
    file: (name) => (listed.includes(name) ? readFileSync(join(dir, name)) : undefined),
    log: () => (hasLog ? fileBytes(join(dir, 'log.ndjson')) : chunks.length > 0 ? unpack(dir, chunks) : undefined),
  };
}

async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
}

async function* unpack(dir: string, names: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const name of names) yield* gunzipChunk(name, readFileSync(join(dir, name)));
}
