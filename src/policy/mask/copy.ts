/** Masks COPY TO STDOUT in its three formats. */
import { DeniedError, MalformedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { MaskPlan } from '../types.ts';
import { csvFields, textFields, writeCsv, writeText, type CopyField, type CopyForm } from './copy-fields.ts';
import { BinaryRows, CsvRows, TextRows, type RowFinder } from './copy-frame.ts';
import type { MaskContext } from './detectors.ts';
import { ResultMask, RowMasker, type ColumnDesc } from './row.ts';

/** The options of the COPY statement; strings are one ASCII character but `nullString`. */
export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  readonly nullString: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
  /** The stream's encoding; empty when it is the client's. */
  readonly encoding: string;
}

/** Encodings whose later bytes may look like ASCII (pg_wchar.h, PG_ENCODING_BE_LAST): a delimiter cannot be told in them. */
const EMBEDS_ASCII = /^(?:sjis|shift_?jis|shift_?jis_?2004|mskanji|win932|windows932|big5|win950|windows950|gbk|win936|windows936|gb18030|uhc|win949|windows949|johab)$/i;

export class CopyOutMasker {
  readonly counts: Map<string, number> = new Map<string, number>();
  readonly #plan: MaskPlan;
  readonly #context: MaskContext;
  readonly #options: CopyOptions;
  readonly #form: CopyForm;
  readonly #finder: RowFinder;
  readonly #named: readonly { readonly name: string; readonly typeOid?: number }[];
  #masker: RowMasker | undefined;
  #passthrough = false;
  #watched: ReadonlySet<number> = new Set();
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #rows = 0;
  #header: boolean;

  /**
   * @param columns the COPY's columns in order; empty when they are not known and the plan is `detect_all`
   * @throws DeniedError for an encoding in which rows cannot be cut safely
   */
  constructor(plan: MaskPlan, columns: readonly { readonly name: string; readonly typeOid?: number }[], options: CopyOptions, context: MaskContext) {
    if (options.format !== 'binary' && EMBEDS_ASCII.test(options.encoding.replaceAll('-', '_'))) {
      throw new DeniedError(`COPY in encoding ${options.encoding} cannot be masked; use client_encoding UTF8 or the binary format`);
    }
    this.#plan = plan;
    this.#context = context;
    this.#options = options;
    this.#named = columns;
    this.#header = options.header;
    this.#form = { delimiter: byteOf(options.delimiter), nullString: Buffer.from(options.nullString, 'utf8'), quote: byteOf(options.quote), escape: byteOf(options.escape) };
    this.#finder = options.format === 'binary' ? new BinaryRows() : options.format === 'csv' ? new CsvRows(this.#form.quote, this.#form.escape) : new TextRows();
    if (columns.length > 0) this.#prepare(columns.length);
  }

  /** Class of the last masked value. */
  get lastHit(): string | undefined {
    return this.#masker?.lastHit;
  }

  /**
   * Takes bytes cut anywhere and returns whole masked rows.
   * @throws MalformedError when the stream does not decode or a row is larger than `limits.pgBackendMessageBytes`
   */
  push(data: Buffer): Buffer[] {
    this.#pending.push(data);
    this.#pendingBytes += data.length;
    if (this.#pendingBytes > limits.pgBackendMessageBytes) throw new MalformedError('malformed.length', 'a COPY row is too large to be masked');
    return this.#drain(false);
  }

  /** @throws MalformedError when the stream ends inside a row of the binary format */
  end(): Buffer[] {
    const out = this.#drain(true);
    if (this.#pendingBytes > 0) {
      if (this.#options.format === 'binary') throw new MalformedError('malformed.truncated', 'binary COPY ends inside a tuple');
      out.push(this.#row(Buffer.concat(this.#pending)));
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    return out;
  }

  #drain(final: boolean): Buffer[] {
    const out: Buffer[] = [];
    let rest = this.#pending.length === 1 ? (this.#pending[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#pending);
    for (let end = this.#finder.end(rest, final); end !== undefined; end = this.#finder.end(rest, final)) {
      out.push(this.#row(rest.subarray(0, end)));
      rest = rest.subarray(end);
      if (rest.length === 0) break;
    }
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    return out;
  }

  #prepare(count: number): RowMasker {
    const format = this.#options.format === 'binary' ? 1 : 0;
    const columns = Array.from({ length: count }, (_, i): ColumnDesc => ({ name: this.#named[i]?.name ?? '', typeOid: this.#named[i]?.typeOid, format }));
    const mask = new ResultMask(this.#plan, columns, this.#context);
    const masker = new RowMasker(mask);
    this.#masker = masker;
    this.#passthrough = mask.passthrough;
    this.#watched = new Set(mask.watched);
    return masker;
  }

  #row(row: Buffer): Buffer {
    if (this.#options.format === 'binary') return this.#binaryRow(row);
    const first = this.#rows++ === 0;
    if (first && this.#header) return row;
    // The end marker of protocol 2, which some servers still send.
    if (row.length <= 4 && /^\\\.\r?\n?$/.test(row.toString('latin1'))) return row;
    if (this.#passthrough) return row;
    const csv = this.#options.format === 'csv';
    const fields = csv ? csvFields(row, this.#form) : textFields(row, this.#form);
    return this.#splice(row, fields, (value, field) => (csv ? writeCsv(value, field.quoted, this.#form) : writeText(value, this.#form)));
  }

  #binaryRow(row: Buffer): Buffer {
    const isTuple = this.#rows++ > 0 && row.readInt16BE(0) >= 0;
    if (!isTuple) return row;
    const fields: CopyField[] = [];
    for (let at = 2; at < row.length; ) {
      const length = row.readInt32BE(at);
      const end = at + 4 + Math.max(0, length);
      fields.push({ start: at, end, value: length < 0 ? null : row.subarray(at + 4, end), quoted: false });
      at = end;
    }
    return this.#splice(row, fields, (value) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(value === null ? -1 : value.length);
      return value === null ? size : Buffer.concat([size, value]);
    });
  }

  /** @throws MalformedError when a row has another number of fields than the statement's columns */
  #splice(row: Buffer, fields: readonly CopyField[], write: (value: Buffer | null, field: CopyField) => Buffer): Buffer {
    const masker = this.#masker ?? this.#prepare(fields.length);
    const expected = this.#named.length > 0 ? this.#named.length : this.#plan.columns === 'detect_all' ? fields.length : this.#plan.columns.length;
    // A row of no columns is an empty line, which reads as one empty field.
    if (expected === 0 && fields.length === 1 && fields[0]?.start === fields[0]?.end) return row;
    if (fields.length !== expected) throw new MalformedError('malformed.value', `a COPY row has ${fields.length} fields, the statement has ${expected} columns`);
    const parts: Buffer[] = [];
    let from = 0;
    fields.forEach((field, i) => {
      if (field.value === null || !this.#watched.has(i)) return;
      const masked = masker.maskCell(i, field.value);
      if (masked === undefined) return;
      parts.push(row.subarray(from, field.start), write(masked, field));
      from = field.end;
    });
    if (parts.length === 0) return row;
    for (const [id, n] of masker.counts) this.counts.set(id, n);
    parts.push(row.subarray(from));
    return Buffer.concat(parts);
  }
}

/** @throws DeniedError for a delimiter or quote that is not one ASCII byte, which PostgreSQL refuses too */
function byteOf(character: string): number {
  const code = character.charCodeAt(0);
  if (character.length !== 1 || code > 127) throw new DeniedError(`COPY with ${JSON.stringify(character)} as delimiter or quote cannot be masked`);
  return code;
}
