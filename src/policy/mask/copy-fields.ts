/** The fields of one COPY row and how a field is written. Text and CSV as PostgreSQL's CopyOneRowTo writes them. */

/** One field: where its raw bytes stand in the row and what they mean; `value: null` is SQL NULL. */
export interface CopyField {
  readonly start: number;
  readonly end: number;
  readonly value: Buffer | null;
  readonly quoted: boolean;
}

export interface CopyForm {
  readonly delimiter: number;
  readonly nullString: Buffer;
  readonly quote: number;
  readonly escape: number;
}

/** Offset of the row's content end: before LF, or CR LF of a server on Windows (a CR of data is written `\r` or quoted). */
export function contentEnd(row: Buffer): number {
  const lf = row.length > 0 && row[row.length - 1] === 0x0a ? row.length - 1 : row.length;
  return lf > 0 && lf < row.length && row[lf - 1] === 0x0d ? lf - 1 : lf;
}

export function textFields(row: Buffer, form: CopyForm): readonly CopyField[] {
  const fields: CopyField[] = [];
  const end = contentEnd(row);
  let start = 0;
  for (let i = 0; i <= end; i++) {
    if (i < end && row[i] === 0x5c) {
      i++;
      continue;
    }
    if (i < end && row[i] !== form.delimiter) continue;
    const stop = Math.min(i, end);
    const raw = row.subarray(start, stop);
    fields.push({ start, end: stop, value: raw.equals(form.nullString) ? null : unescapeText(raw), quoted: false });
    start = i + 1;
    if (i >= end) break;
  }
  return fields;
}

const UNESCAPE: ReadonlyMap<number, number> = new Map([[0x62, 0x08], [0x66, 0x0c], [0x6e, 0x0a], [0x72, 0x0d], [0x74, 0x09], [0x76, 0x0b]]);
const ESCAPE: ReadonlyMap<number, string> = new Map([[0x08, 'b'], [0x0c, 'f'], [0x0a, 'n'], [0x0d, 'r'], [0x09, 't'], [0x0b, 'v'], [0x5c, '\\']]);

function unescapeText(raw: Buffer): Buffer {
  if (!raw.includes(0x5c)) return raw;
  const out = Buffer.alloc(raw.length);
  let n = 0;
  for (let i = 0; i < raw.length; i++) {
    let byte = raw[i] ?? 0;
    if (byte === 0x5c && i + 1 < raw.length) {
      byte = raw[++i] ?? 0;
      byte = UNESCAPE.get(byte) ?? byte;
    }
    out[n++] = byte;
  }
  return out.subarray(0, n);
}

export function writeText(value: Buffer | null, form: CopyForm): Buffer {
  if (value === null) return form.nullString;
  const parts: number[] = [];
  for (const byte of value) {
    const escaped = ESCAPE.get(byte);
    if (escaped !== undefined) parts.push(0x5c, escaped.charCodeAt(0));
    else if (byte === form.delimiter) parts.push(0x5c, byte);
    else parts.push(byte);
  }
  return Buffer.from(parts);
}

export function csvFields(row: Buffer, form: CopyForm): readonly CopyField[] {
  const fields: CopyField[] = [];
  const end = contentEnd(row);
  let start = 0;
  for (;;) {
    const field = csvField(row, start, end, form);
    fields.push(field);
    if (field.end >= end) return fields;
    start = field.end + 1;
    if (start > end) return fields;
  }
}

function csvField(row: Buffer, start: number, end: number, form: CopyForm): CopyField {
  const out: number[] = [];
  let inside = false;
  let quoted = false;
  let i = start;
  for (; i < end; i++) {
    const byte = row[i] ?? 0;
    if (inside) {
      const next = i + 1 < end ? row[i + 1] : undefined;
      if (byte === form.escape && (next === form.quote || next === form.escape)) {
        out.push(next);
        i++;
      } else if (byte === form.quote) inside = false;
      else out.push(byte);
    } else if (byte === form.quote) {
      inside = true;
      quoted = true;
    } else if (byte === form.delimiter) break;
    else out.push(byte);
  }
  const value = Buffer.from(out);
  return { start, end: i, value: !quoted && value.equals(form.nullString) ? null : value, quoted };
}

export function writeCsv(value: Buffer | null, quoted: boolean, form: CopyForm): Buffer {
  if (value === null) return form.nullString;
  const special = value.some((b) => b === form.delimiter || b === form.quote || b === 0x0a || b === 0x0d);
  if (!quoted && !special && !value.equals(form.nullString)) return value;
  const parts: number[] = [form.quote];
  for (const byte of value) {
    if (byte === form.quote || byte === form.escape) parts.push(form.escape);
    parts.push(byte);
  }
  parts.push(form.quote);
  return Buffer.from(parts);
}
