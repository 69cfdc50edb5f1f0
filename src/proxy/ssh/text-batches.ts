/** Bytes of a stream as values for a recording: text where they are text, in batches, and base64 where they are not. */
import type { Json } from '../../base/jcs.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @returns the text, or `{ b64 }` of bytes that are not UTF-8 */
export function asJson(bytes: Buffer): Json {
  try {
    return strict.decode(bytes);
  } catch {
    return { b64: bytes.toString('base64') };
  }
}

/** How many bytes at the end are the beginning of a character: 0 to 3. */
export function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

export interface BatchOptions {
  readonly bytes: number;
  readonly ms: number;
  /** One batch; `value` is what `asJson` gives. */
  readonly emit: (bytes: number, value: Json) => void;
  /** After a batch that was due: nothing else may come for long. */
  readonly due: () => void;
  /** A batch that nobody waits for could not be written. */
  readonly failed: (error: unknown) => void;
}

/** Gathers chunks until there are enough of them, or until the first has waited long enough. */
export class TextBatches {
  readonly #o: BatchOptions;
  #parts: Buffer[] = [];
  #length = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BatchOptions) {
    this.#o = options;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#parts.push(Buffer.from(chunk));
    this.#length += chunk.length;
    if (this.#length >= this.#o.bytes) this.flush();
    else this.#timer ??= setTimeout(() => this.#late(), this.#o.ms).unref();
  }

  /** @param last nothing follows: a character that is cut off goes with it */
  flush(last = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#length === 0) return;
    const all = Buffer.concat(this.#parts, this.#length);
    const held = last ? 0 : cutCharacter(all);
    const batch = all.subarray(0, all.length - held);
    this.#parts = held > 0 ? [all.subarray(all.length - held)] : [];
    this.#length = held;
    if (batch.length > 0) this.#o.emit(batch.length, asJson(batch));
  }

  #late(): void {
    try {
      this.flush();
      this.#o.due();
    } catch (error) {
      this.#o.failed(error);
    }
  }
}
