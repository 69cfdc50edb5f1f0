/** Message frames around a ByteWriter. */
import { ByteWriter } from '../../base/bytes.ts';
import { BugError, MalformedError } from '../../base/errors.ts';

/** Text (sent as UTF-8) or bytes as received. */
export type TextLike = string | Uint8Array;

/** A typed message: writes the type byte, the body by `write`, then the length. */
export function frame(type: number, write?: (w: ByteWriter) => void): Buffer {
  const w = new ByteWriter(write ? 128 : 5).u8(type).i32(4);
  if (write) {
    write(w);
    w.patchI32(1, w.length - 1);
  }
  return toBuffer(w.finish());
}

/** An untyped startup packet. */
export function startupFrame(code: number, write?: (w: ByteWriter) => void): Buffer {
  const w = new ByteWriter().i32(8).u32(code);
  write?.(w);
  return toBuffer(w.patchI32(0, w.length).finish());
}

/** A Buffer on the same memory. */
export const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** Int32 length and bytes; length -1 for null. */
export function writeValue(w: ByteWriter, value: Uint8Array | null): void {
  if (value === null) w.i32(-1);
  else w.i32(value.length).bytes(value);
}

/** Int16 count and Int16 each. */
export function writeFormats(w: ByteWriter, formats: readonly number[]): void {
  w.u16(formats.length);
  for (const format of formats) w.i16(format);
}

/** 0 text, 1 binary. @throws MalformedError for anything else */
export function checkFormat(code: number, offset: number): FormatCode {
  if (code !== 0 && code !== 1) throw new MalformedError('malformed.value', `format code ${code}`, offset);
  return code;
}

export type FormatCode = 0 | 1;

/** First byte of a one-letter value. */
export function byteOf(letter: string): number {
  const code = letter.charCodeAt(0);
  if (letter.length !== 1 || code > 0x7f) throw new BugError(`${JSON.stringify(letter)} is not one ASCII character`);
  return code;
}
