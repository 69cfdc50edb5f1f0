/** One recording's way to the store: open, chunks in order, end statement; a receipt beside the recording for each. */
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import type { SessionId } from '../../base/ids.ts';
import { nextChunk } from '../../evidence/chunks.ts';
import { nodeSha256Hex } from '../../evidence/node-crypto.ts';
import { verifyReceipt } from '../../evidence/receipt.ts';
import { bytesUnder } from '../../evidence/spool-budget.ts';
import type { SignedReceipt } from '../../evidence/types.ts';
import type { UploaderOptions } from './uploader.ts';

type Part = 'open' | number | 'close' | 'recovered';

interface Receipt {
  readonly part: Part;
  /** Bytes of the log that are received up to and including this part. */
  readonly to: number;
  readonly envelope: string;
}

const RECEIPTS = 'receipts.ndjson';
const COSIGNATURES = 'cosigs';

export class SessionUpload {
  readonly session: SessionId;
  readonly dir: string;
  readonly #options: UploaderOptions;
  #receipts: Receipt[];

  constructor(session: SessionId, dir: string, options: UploaderOptions) {
    this.session = session;
    this.dir = dir;
    this.#options = options;
    this.#receipts = readReceipts(dir);
  }

  get isDone(): boolean {
    return this.#receipts.some((r) => r.part === 'close' || r.part === 'recovered');
  }

  /** Reads the directory: true when the store has receipted the end of the recording. */
  static isReceipted(dir: string): boolean {
    return readReceipts(dir).some((r) => r.part === 'close' || r.part === 'recovered');
  }

  get pendingBytes(): number {
    return this.isDone ? 0 : Math.max(0, bytesUnder(this.dir) - (this.#receipts.at(-1)?.to ?? 0));
  }

  /**
   * Sends what can be sent. `ended`: the recorder has let go, so the rest and the end statement follow.
   * @throws EnvironmentError('env.store') when the store is away; MalformedError for a receipt that does not count.
   */
  async advance(ended: boolean): Promise<void> {
    const { control } = this.#options;
    if (!this.#receipts.some((r) => r.part === 'open')) {
      await control.uploadOpen(this.session, readFileSync(path.join(this.dir, 'open.dsse.json'), 'utf8'));
      this.#save({ part: 'open', to: 0, envelope: '' });
    }
    for (;;) {
      const chunk = await nextChunk(this.dir, this.#receipts.at(-1)?.to ?? 0, { flush: true });
      if (!chunk) break;
      const receipt = await control.uploadChunk(this.session, chunk);
      await this.#verify(receipt, chunk.index, chunk.sha256);
      if (receipt.cosignature !== '') this.#append(COSIGNATURES, `${receipt.cosignature.trimEnd()}\n`);
      this.#save({ part: chunk.index, to: chunk.toByte, envelope: receipt.envelope });
    }
    if (!ended || this.isDone) return;
    const kind = existsSync(path.join(this.dir, 'close.dsse.json')) ? 'close' : 'recovered';
    const file = path.join(this.dir, `${kind}.dsse.json`);
    if (!existsSync(file)) return;
    const statement = readFileSync(file, 'utf8');
    const receipt = await control.uploadClose(this.session, kind, statement);
    await this.#verify(receipt, kind, nodeSha256Hex(statement));
    this.#save({ part: kind, to: this.#receipts.at(-1)?.to ?? 0, envelope: receipt.envelope });
  }

  async #verify(receipt: SignedReceipt, part: number | 'close' | 'recovered', sha256: string): Promise<void> {
    await verifyReceipt({ envelope: receipt.envelope, keys: await this.#options.receiptKeys(), expect: { sessionId: this.session, part, sha256 } });
  }

  #save(receipt: Receipt): void {
    this.#append(RECEIPTS, `${JSON.stringify(receipt)}\n`);
    this.#receipts = [...this.#receipts, receipt];
  }

  #append(name: string, line: string): void {
    const file = path.join(this.dir, name);
    appendFileSync(file, line, { mode: 0o600 });
    const fd = openSync(file, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

/** A torn last line is a receipt that was never acted on: the part is sent again, which the store takes as the same. */
function readReceipts(dir: string): Receipt[] {
  const file = path.join(dir, RECEIPTS);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) truncateSync(file, Buffer.byteLength(text.slice(0, end)));
  return text
    .slice(0, end)
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => parseReceiptLine(line, file, i + 1));
}

function parseReceiptLine(line: string, file: string, number: number): Receipt {
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    const { part, to, envelope } = value;
    const known = typeof part === 'number' || part === 'open' || part === 'close' || part === 'recovered';
    if (known && typeof to === 'number' && typeof envelope === 'string') return { part, to, envelope };
  } catch {
    // Falls through to the error below, which names the place.
  }
  throw new ConfigError('is not a receipt', { file, line: number, fix: 'keep the recording for investigation; it is not uploaded' });
}
