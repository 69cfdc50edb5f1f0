/** One recording's way to the store: open, chunks in order, end statement; a receipt beside the recording for each. */
import { existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { appendFile, mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import { nextChunk } from '../../evidence/chunks.ts';
import { nodeSha256Hex } from '../../evidence/node-crypto.ts';
import { verifyReceipt } from '../../evidence/receipt.ts';
import { fileNames, receiptName } from '../../evidence/source.ts';
import type { SignedReceipt } from '../../evidence/types.ts';
import type { UploaderOptions } from './uploader.ts';

type Part = 'open' | number | 'close' | 'recovered';

interface Progress {
  readonly part: Part;
  /** Bytes of the log that the store holds up to and including this part. */
  readonly to: number;
}

/** How far the upload has come. The receipts themselves are files of the recording (docs/formats/recording.md section 2). */
const PROGRESS = 'upload.ndjson';

export class SessionUpload {
  readonly session: SessionId;
  readonly dir: string;
  readonly #options: UploaderOptions;
  #progress: Progress[];

  constructor(session: SessionId, dir: string, options: UploaderOptions) {
    this.session = session;
    this.dir = dir;
    this.#options = options;
    this.#progress = readProgress(dir);
  }

  get isDone(): boolean {
    return ended(this.#progress);
  }

  /** Reads the directory: true when the store has receipted the end of the recording. */
  static isReceipted(dir: string): boolean {
    return ended(readProgress(dir));
  }

  /** Bytes of the log that the store has not receipted. */
  get pendingBytes(): number {
    const size = statSync(path.join(this.dir, 'log.ndjson'), { throwIfNoEntry: false })?.size ?? 0;
    return this.isDone ? 0 : Math.max(0, size - this.#at);
  }

  get #at(): number {
    return this.#progress.at(-1)?.to ?? 0;
  }

  /**
   * Sends what can be sent. `ended`: the recorder has let go, so the rest and the end statement follow.
   * @throws EnvironmentError('env.store') when the store is away; MalformedError for a receipt that does not count.
   */
  async advance(isEnded: boolean): Promise<void> {
    const { control } = this.#options;
    if (this.#progress.length === 0) {
      await control.uploadOpen(this.session, await readFile(path.join(this.dir, fileNames.open), 'utf8'));
      await this.#save({ part: 'open', to: 0 });
    }
    for (;;) {
      const chunk = await nextChunk(this.dir, this.#at, { flush: true });
      if (!chunk) break;
      const receipt = await control.uploadChunk(this.session, chunk);
      await this.#keepReceipt(receipt, chunk.index, chunk.sha256);
      if (chunk.note !== undefined && receipt.cosignature !== '') await writeFileDurably(path.join(this.dir, fileNames.finalNote), `${chunk.note}${receipt.cosignature.trimEnd()}\n`);
      await this.#save({ part: chunk.index, to: chunk.toByte });
    }
    if (!isEnded || this.isDone) return;
    const kind = existsSync(path.join(this.dir, fileNames.close)) ? 'close' : 'recovered';
    const file = path.join(this.dir, fileNames[kind]);
    if (!existsSync(file)) return;
    const statement = await readFile(file, 'utf8');
    await this.#keepReceipt(await control.uploadClose(this.session, kind, statement), kind, nodeSha256Hex(statement));
    await this.#save({ part: kind, to: this.#at });
  }

  /** Only a receipt that verifies lies beside the recording; only then is its part counted as sent. */
  async #keepReceipt(receipt: SignedReceipt, part: number | 'close' | 'recovered', sha256: string): Promise<void> {
    await verifyReceipt({ envelope: receipt.envelope, keys: await this.#options.receiptKeys(), expect: { sessionId: this.session, part, sha256 } });
    await mkdir(path.join(this.dir, 'receipts'), { recursive: true, mode: 0o700 });
    await writeFileDurably(path.join(this.dir, receiptName(part)), receipt.envelope);
  }

  /** Not synced: a line that a power cut takes means that its part is sent again, which the store takes as the same. */
  async #save(progress: Progress): Promise<void> {
    await appendFile(path.join(this.dir, PROGRESS), `${JSON.stringify(progress)}\n`, { mode: 0o600 });
    this.#progress = [...this.#progress, progress];
  }
}

/** All or nothing, and on the disk: a receipt is what lets the spool forget. Never blocks: sessions run meanwhile. */
async function writeFileDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp`;
  await syncedWrite(temporary, text);
  await rename(temporary, file);
}

async function syncedWrite(file: string, text: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'w', 0o600);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle?.close();
  }
}

const ended = (progress: readonly Progress[]): boolean => progress.some((p) => p.part === 'close' || p.part === 'recovered');

/** A torn last line was never acted on: its part is sent again, which the store takes as the same. */
function readProgress(dir: string): Progress[] {
  const file = path.join(dir, PROGRESS);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(file, Buffer.byteLength(text.slice(0, end)));
  return text
    .slice(0, end)
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => parseLine(line, file, i + 1));
}

function parseLine(line: string, file: string, number: number): Progress {
  try {
    const { part, to } = JSON.parse(line) as Record<string, unknown>;
    const known = (typeof part === 'number' && Number.isInteger(part)) || part === 'open' || part === 'close' || part === 'recovered';
    if (known && typeof to === 'number') return { part, to };
  } catch {
    // The error below names the place.
  }
  throw new ConfigError('does not say how far the upload is', { file, line: number, fix: 'keep the recording for investigation; it is not uploaded' });
}
