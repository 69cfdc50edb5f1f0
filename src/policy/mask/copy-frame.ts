/**
 * Cuts a COPY TO stream (documentation of COPY, "File Formats") into whole rows, wherever its chunks were cut.
 * Offsets only: bytes that are not masked are never decoded and written again.
 */
import { MalformedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';

/** Finds the end of the next row in bytes that grow: state survives between calls. */
export interface RowFinder {
  /** Offset after the row that begins at 0, or undefined until more bytes come. `scanned` bytes were seen before. */
  end(bytes: Buffer, final: boolean): number | undefined;
}

/** Text format: a row ends at LF; LF inside a value is written `\n`. */
export class TextRows implements RowFinder {
  #seen = 0;

  end(bytes: Buffer): number | undefined {
    const at = bytes.indexOf(0x0a, this.#seen);
    this.#seen = at < 0 ? bytes.length : 0;
    return at < 0 ? undefined : at + 1;
  }
}

/** CSV: LF ends a row only outside quotes. A doubled quote closes and opens again, which changes nothing here. */
export class CsvRows implements RowFinder {
  readonly #quote: number;
  readonly #escape: number;
  #seen = 0;
  #quoted = false;

  constructor(quote: number, escape: number) {
    this.#quote = quote;
    this.#escape = escape;
  }

  end(bytes: Buffer, final: boolean): number | undefined {
    for (let i = this.#seen; i < bytes.length; i++) {
      const byte = bytes[i];
      if (this.#quoted && byte === this.#escape && this.#escape !== this.#quote) {
        // The escaped byte may be in the next chunk.
        if (i + 1 === bytes.length && !final) {
          this.#seen = i;
          return undefined;
        }
        i++;
      } else if (byte === this.#quote) this.#quoted = !this.#quoted;
      else if (byte === 0x0a && !this.#quoted) {
        this.#seen = 0;
        return i + 1;
      }
    }
    this.#seen = bytes.length;
    return undefined;
  }
}

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/** Binary: signature, flags, extension; then per tuple a field count and fields; then a count of -1. */
export class BinaryRows implements RowFinder {
  phase: 'header' | 'tuples' | 'done' = 'header';

  /** @throws MalformedError for a wrong signature, unknown critical flags, negative lengths, or bytes after the trailer */
  end(bytes: Buffer): number | undefined {
    if (bytes.length === 0) return undefined;
    switch (this.phase) {
      case 'header':
        return this.#header(bytes);
      case 'tuples':
        return this.#tuple(bytes);
      case 'done':
        throw new MalformedError('malformed.trailing', 'bytes after the end of a binary COPY');
    }
  }

  #header(bytes: Buffer): number | undefined {
    if (!SIGNATURE.subarray(0, bytes.length).equals(bytes.subarray(0, SIGNATURE.length))) throw new MalformedError('malformed.value', 'not a binary COPY stream');
    if (bytes.length < 19) return undefined;
    if (bytes.readUInt32BE(11) >>> 16 !== 0) throw new MalformedError('malformed.value', 'binary COPY with unknown flags');
    const extension = bytes.readInt32BE(15);
    if (extension < 0 || extension > limits.pgStartupBytes) throw new MalformedError('malformed.length', 'length of a binary COPY header', 15);
    if (bytes.length < 19 + extension) return undefined;
    this.phase = 'tuples';
    return 19 + extension;
  }

  #tuple(bytes: Buffer): number | undefined {
    if (bytes.length < 2) return undefined;
    const count = bytes.readInt16BE(0);
    if (count === -1) {
      this.phase = 'done';
      return 2;
    }
    if (count < 0) throw new MalformedError('malformed.length', 'field count of a binary COPY', 0);
    let at = 2;
    for (let i = 0; i < count; i++) {
      if (bytes.length < at + 4) return undefined;
      const length = bytes.readInt32BE(at);
      if (length < -1 || length > limits.pgBackendMessageBytes) throw new MalformedError('malformed.length', 'field of a binary COPY', at);
      at += 4 + Math.max(0, length);
    }
    return at <= bytes.length ? at : undefined;
  }
}
