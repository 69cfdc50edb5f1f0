/** Writes an .srz: a recording in one file that an outsider verifies. Node only. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { assert, EnvironmentError } from '../base/errors.ts';
import { utf8 } from '../base/encoding.ts';
import type { ExportStatement } from './export-statement.ts';
import { ioError, writeAll } from './files.ts';
import { gzipChunk } from './chunks.ts';
import { nodeSha256Hex } from './node-crypto.ts';
import { signStatement } from './sign.ts';
import { byPlace, chunkName, fileNames, rankOf, type RecordingSource } from './source.ts';
import type { Signer } from './types.ts';
import { centralHeader, crc32, endRecord, localHeader, srzMimetype, type ZipEntry } from './zip-form.ts';
import { limits } from '../base/limits.ts';
import { LineSplitter } from './log-lines.ts';

export interface ExportedBy {
  readonly signer: Signer;
  readonly exporter: ExportStatement['exporter'];
  readonly purpose: string;
  readonly sessionId: string;
  readonly nowMs: number;
}

/**
 * Writes `source` to `path`, durably and all or nothing. Chunks are taken as they are, or cut from the log.
 * @param by the exporter, who signs the list of files; without it the export carries no such list
 * @throws EnvironmentError when the disk refuses or the recording is larger than 4 GiB
 */
export async function writeSrz(source: RecordingSource, path: string, by?: ExportedBy): Promise<{ sizeBytes: number }> {
  const temporary = `${path}.tmp`;
  const zip = new ZipWriter(temporary);
  try {
    const listed: ExportStatement['files'][number][] = [];
    const add = (name: string, bytes: Uint8Array): void => {
      zip.add(name, bytes);
      listed.push({ name, sha256: nodeSha256Hex(bytes), bytes: bytes.length });
    };
    const small = source.names.filter((n) => n !== fileNames.export && n !== 'mimetype').sort(byPlace);
    const hasChunks = small.some((n) => n.startsWith('chunks/'));
    const chunkRank = rankOf(chunkName(0));
    add('mimetype', utf8(srzMimetype));
    let cut = hasChunks;
    for (const name of small) {
      if (!cut && rankOf(name) > chunkRank) {
        cut = true;
        for await (const chunk of cutLog(source)) add(chunk.name, chunk.gzip);
      }
      add(name, source.file(name) ?? new Uint8Array(0));
    }
    if (!cut) for await (const chunk of cutLog(source)) add(chunk.name, chunk.gzip);
    if (by !== undefined) {
      const { signer, sessionId, exporter, purpose, nowMs } = by;
      const statement = { v: 1, session_id: sessionId, files: listed.map((f) => ({ ...f })), exporter: { ...exporter }, purpose, t: nowMs };
      zip.add(fileNames.export, utf8(signStatement('export', statement, signer)));
    }
    const sizeBytes = zip.finish();
    renameSync(temporary, path);
    return { sizeBytes };
  } catch (error) {
    zip.abandon();
    throw error instanceof EnvironmentError ? error : ioError(`cannot write ${path}`, error);
  }
}

/** Cuts a plain log at checkpoint lines of at least a chunk's size; a recovered tail ends where it ends. */
async function* cutLog(source: RecordingSource): AsyncGenerator<{ name: string; gzip: Uint8Array }> {
  const log = source.log();
  if (log === undefined) return;
  const splitter = new LineSplitter();
  let lines: Uint8Array[] = [];
  let bytes = 0;
  let index = 0;
  const lf = Buffer.from('\n');
  const take = (): { name: string; gzip: Uint8Array } => {
    const gzip = gzipChunk(Buffer.concat(lines));
    lines = [];
    bytes = 0;
    return { name: chunkName(index++), gzip };
  };
  for await (const block of log) {
    for (const line of splitter.push(block)) {
      lines.push(Buffer.from(line), lf);
      bytes += line.length + 1;
      if (line[0] === 0x43 && bytes >= limits.chunkBytes) yield take();
    }
  }
  if (bytes > 0) yield take();
}

class ZipWriter {
  readonly #path: string;
  #fd: number | undefined;
  #at = 0;
  readonly #entries: ZipEntry[] = [];

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'w', 0o600);
    } catch (error) {
      throw ioError(`cannot write ${path}`, error);
    }
  }

  add(name: string, bytes: Uint8Array): void {
    const previous = this.#entries.at(-1);
    assert(rankOf(name) >= 0 && (previous === undefined || byPlace(previous.name, name) < 0), `${name} has no place in an export`);
    const entry = { name, crc32: crc32(bytes), sizeBytes: bytes.length, offset: this.#at };
    this.#write(localHeader(entry));
    this.#write(bytes);
    this.#entries.push(entry);
  }

  finish(): number {
    const centralAt = this.#at;
    for (const entry of this.#entries) this.#write(centralHeader(entry));
    this.#write(endRecord(this.#entries.length, this.#at - centralAt, centralAt));
    if (this.#fd !== undefined) fsyncSync(this.#fd);
    this.#close();
    return this.#at;
  }

  abandon(): void {
    this.#close();
    rmSync(this.#path, { force: true });
  }

  #write(bytes: Uint8Array): void {
    assert(this.#fd !== undefined, 'the export is open');
    if (this.#at + bytes.length > 0xffffffff) throw new EnvironmentError('env.io', 'the recording is larger than an export can be (4 GiB)');
    writeAll(this.#fd, bytes);
    this.#at += bytes.length;
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
