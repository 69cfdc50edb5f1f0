/** RFC 4251 section 5: the data types that SSH messages, keys and certificates are made of. */
import { type ByteReader, ByteWriter } from '../../base/bytes.ts';
import { utf8 } from '../../base/encoding.ts';
import { BugError } from '../../base/errors.ts';

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** `string`: a length of four bytes and so many bytes; a view. @throws MalformedError */
export const readString = <S extends Uint8Array>(r: ByteReader<S>): S => r.bytes(r.i32());

/** @throws MalformedError */
export const readU64 = (r: ByteReader): bigint => (BigInt(r.u32()) << 32n) | BigInt(r.u32());

export function writeString(w: ByteWriter, value: string | Uint8Array): ByteWriter {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  return w.i32(bytes.length).bytes(bytes);
}

export function writeU64(w: ByteWriter, value: bigint): ByteWriter {
  if (value < 0n || value > U64_MAX) throw new BugError(`${value} does not fit into 64 bits`);
  return w.u32(Number(value >> 32n)).u32(Number(value & 0xffff_ffffn));
}

/** Strings one after the other. */
export function packed(values: readonly (string | Uint8Array)[]): Uint8Array {
  const w = new ByteWriter();
  for (const value of values) writeString(w, value);
  return w.finish();
}
