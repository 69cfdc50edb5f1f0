/**
 * The one ZIP that an .srz may be: stored entries, no extras, no comments, no time, in a fixed order. Writer and reader
 * share these encoders; the reader re-encodes what it parsed and compares, so every bit of the container is pinned.
 */
import { concatBytes, utf8 } from '../base/encoding.ts';

export interface ZipEntry {
  readonly name: string;
  readonly crc32: number;
  readonly sizeBytes: number;
  readonly offset: number;
}

export const srzMimetype = 'application/vnd.sallyport.srz+zip';

/** 1980-01-01: the format's zero. */
const dosDate = 0x0021;

function fields(length: number, set: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  set(new DataView(bytes.buffer));
  return bytes;
}

export function localHeader(e: ZipEntry): Uint8Array {
  const name = utf8(e.name);
  const head = fields(30, (v) => {
    v.setUint32(0, 0x04034b50, true);
    v.setUint16(4, 10, true);
    v.setUint16(12, dosDate, true);
    v.setUint32(14, e.crc32, true);
    v.setUint32(18, e.sizeBytes, true);
    v.setUint32(22, e.sizeBytes, true);
    v.setUint16(26, name.length, true);
  });
  return concatBytes([head, name]);
}

export function centralHeader(e: ZipEntry): Uint8Array {
  const name = utf8(e.name);
  const head = fields(46, (v) => {
    v.setUint32(0, 0x02014b50, true);
    v.setUint16(4, 10, true);
    v.setUint16(6, 10, true);
    v.setUint16(14, dosDate, true);
    v.setUint32(16, e.crc32, true);
    v.setUint32(20, e.sizeBytes, true);
    v.setUint32(24, e.sizeBytes, true);
    v.setUint16(28, name.length, true);
    v.setUint32(42, e.offset, true);
  });
  return concatBytes([head, name]);
}

export function endRecord(count: number, centralBytes: number, centralOffset: number): Uint8Array {
  return fields(22, (v) => {
    v.setUint32(0, 0x06054b50, true);
    v.setUint16(8, count, true);
    v.setUint16(10, count, true);
    v.setUint32(12, centralBytes, true);
    v.setUint32(16, centralOffset, true);
  });
}

const table = Uint32Array.from({ length: 256 }, (_, i) => {
  let c = i;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** CRC-32 of IEEE 802.3, as ZIP uses it. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const b of bytes) c = (table[(c ^ b) & 0xff] ?? 0) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
