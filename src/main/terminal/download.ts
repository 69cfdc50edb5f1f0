/** A remote file to a file of this machine: many reads at once, all or nothing at the place that the person chose. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { EnvironmentError, messageOf } from '../../base/errors.ts';
import type { RemoteFile } from './remote-files.ts';
import type { TransferState } from './transfer.ts';

/** What every server gives in one read. */
const READ_BYTES = 32 * 1024;
const READS_AT_ONCE = 32;

/** Ends the transfer with the SHA-256 of what came. Never rejects. */
export async function download(remote: RemoteFile, totalBytes: number, place: string, transfer: TransferState): Promise<void> {
  const temporary = `${place}.part`;
  try {
    const local = await open(temporary, 'w', 0o600);
    try {
      await fetchAll(remote, totalBytes, local, transfer);
    } finally {
      await local.close();
    }
    const digest = await sha256Of(temporary);
    await rename(temporary, place);
    transfer.end('done', digest);
  } catch (error) {
    await rm(temporary, { force: true });
    if (transfer.abort.signal.aborted) transfer.end('cancelled', 'Nothing was kept on this machine.');
    else transfer.end('failed', messageOf(error));
  } finally {
    await remote.close().catch(() => undefined);
  }
}

async function fetchAll(remote: RemoteFile, size: number, local: FileHandle, transfer: TransferState): Promise<void> {
  const { signal } = transfer.abort;
  let next = 0;
  const piece = async (into: Buffer, position: number, length: number): Promise<number> => {
    signal.throwIfAborted();
    const bytes = await remote.read(into, length, position);
    await write(local, into, bytes, position);
    transfer.moved(bytes);
    return bytes;
  };
  const worker = async (): Promise<void> => {
    const into = Buffer.allocUnsafe(READ_BYTES);
    while (next < size) {
      const from = next;
      const end = Math.min(from + READ_BYTES, size);
      next = end;
      for (let at = from; at < end; ) {
        const bytes = await piece(into, at, end - at);
        if (bytes === 0) throw new EnvironmentError('env.io', 'the file has become shorter while it was read');
        at += bytes;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: READS_AT_ONCE }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  // Files without a size (/proc), and those that grow.
  const into = Buffer.allocUnsafe(READ_BYTES);
  for (let at = size; ; ) {
    const bytes = await piece(into, at, READ_BYTES);
    if (bytes === 0) return;
    at += bytes;
  }
}

async function write(local: FileHandle, from: Buffer, length: number, position: number): Promise<void> {
  for (let offset = 0; offset < length; ) offset += (await local.write(from, offset, length - offset, position + offset)).bytesWritten;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
