/** Events to a file: JSON lines, synced to disk before they count as delivered, rotated by size. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { FileSinkConfig } from './config.ts';
import { DeliveryError, type Sink } from './sink.ts';

const BATCH_EVENTS = 1_000;
const TAIL_BYTES = 256 * 1024;

export function fileSink(c: FileSinkConfig): Sink {
  let file: { handle: FileHandle; bytes: number } | undefined;
  const close = async (): Promise<void> => {
    const { handle } = file ?? {};
    file = undefined;
    await handle?.close();
  };
  return {
    batchEvents: BATCH_EVENTS,
    deliver: async (bodies) => {
      try {
        file ??= await openWhole(c.path);
        if (file.bytes > 0 && file.bytes >= c.rotate_bytes) {
          await close();
          await rotate(c);
          file = await openWhole(c.path);
        }
        const text = Buffer.from(bodies.map((b) => `${b}\n`).join(''));
        await file.handle.appendFile(text);
        await file.handle.sync();
        file.bytes += text.length;
      } catch (cause) {
        // How much of it is in the file is not known: the file is looked at again when it is opened.
        await close().catch(() => undefined);
        throw new DeliveryError(`${c.path} cannot be written: ${messageOf(cause)}`, { cause });
      }
    },
    close,
  };
}

/** Opens for appending. A last line that a crash left unfinished is cut off: its event comes again. */
async function openWhole(path: string): Promise<{ handle: FileHandle; bytes: number }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Not in append mode: truncation must move the place where the next line goes.
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const { size } = await handle.stat();
    const bytes = await wholeLines(handle, size);
    if (bytes < size) await handle.truncate(bytes);
    await handle.close();
    return { handle: await open(path, 'a', 0o600), bytes };
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  }
}

/** Bytes up to and with the last line feed. */
async function wholeLines(handle: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(TAIL_BYTES);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - block.length);
    const { bytesRead } = await handle.read(block, 0, end - from, from);
    const at = block.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at >= 0) return from + at + 1;
    end = from;
  }
  return 0;
}

/** `<path>` becomes `<path>.1`, that `.2`, up to `.keep`; the oldest goes. */
async function rotate(c: FileSinkConfig): Promise<void> {
  await rm(`${c.path}.${c.keep}`, { force: true });
  for (let n = c.keep - 1; n >= 1; n--) await moveIfThere(`${c.path}.${n}`, `${c.path}.${n + 1}`);
  await moveIfThere(c.path, `${c.path}.1`);
  const dir = await open(dirname(c.path), 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
