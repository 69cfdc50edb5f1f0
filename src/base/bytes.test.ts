import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter, textOf } from './bytes.ts';
import { BugError, MalformedError } from './errors.ts';

const reader = (...bytes: number[]): ByteReader => new ByteReader(Uint8Array.from(bytes));

describe('ByteReader', () => {
  it('reads big-endian numbers, signed and unsigned', () => {
    expect(reader(0xff).u8()).toBe(255);
    expect(reader(0xff, 0xfe).u16()).toBe(65534);
    expect(reader(0xff, 0xfe).i16()).toBe(-2);
    expect(reader(0x80, 0, 0, 1).i32()).toBe(-2147483647);
    expect(reader(0x80, 0, 0, 1).u32()).toBe(2147483649);
  });

  it('gives views of the kind of its source', () => {
    const source = Buffer.from('ab\0cd');
    const r = new ByteReader<Buffer>(source);
    expect(r.cstring().toString()).toBe('ab');
    const rest = r.rest();
    expect(rest.toString()).toBe('cd');
    expect(rest.buffer).toBe(source.buffer);
    r.end();
  });

  it('reads empty strings and empty byte runs', () => {
    const r = reader(0);
    expect(r.cstring()).toHaveLength(0);
    expect(r.bytes(0)).toHaveLength(0);
    expect(r.rest()).toHaveLength(0);
    r.end();
  });
});

const reads: Readonly<Record<string, (r: ByteReader) => unknown>> = {
  u8: (r) => r.u8(),
  u16: (r) => r.u16(),
  i16: (r) => r.i16(),
  i32: (r) => r.i32(),
  u32: (r) => r.u32(),
  bytes: (r) => r.bytes(5),
  cstring: (r) => r.cstring(),
  count: (r) => r.count(1),
};

describe('ByteReader, too few bytes', () => {
  it.each(Object.entries(reads))('%s says truncated, with the offset', (name, read) => {
    const needed = { u8: 1, u16: 2, i16: 2, i32: 4, u32: 4, bytes: 5, cstring: 3, count: 2 }[name] ?? 0;
    for (let n = 0; n < needed; n++) {
      const r = new ByteReader(new Uint8Array(n).fill(1), 5);
      expect(() => read(r)).toThrow(expect.objectContaining({ code: 'malformed.truncated', offset: 5 }) as Error);
    }
  });

  it('refuses negative lengths, uncovered counts and leftovers', () => {
    expect(() => reader(1).bytes(-1)).toThrow(expect.objectContaining({ code: 'malformed.length' }) as Error);
    expect(() => reader(0, 2, 0, 0, 0).count(2)).toThrow(expect.objectContaining({ code: 'malformed.truncated' }) as Error);
    expect(reader(0, 2, 0, 0, 0, 0).count(2)).toBe(2);
    expect(() => reader(1).end()).toThrow(expect.objectContaining({ code: 'malformed.trailing', offset: 0 }) as Error);
  });

  it('does not move on after a failed read', () => {
    const r = reader(1, 2);
    expect(() => r.i32()).toThrow(MalformedError);
    expect(r.u16()).toBe(0x0102);
  });
});

describe('textOf', () => {
  it('decodes any text, short or long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }).filter((s) => !/\p{Surrogate}/u.test(s)), (s) => {
        expect(textOf(new TextEncoder().encode(s))).toBe(s);
      }),
    );
  });

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[...Array<number>(30).fill(0x41), 0xe2, 0x82]]])('refuses %j', (bytes) => {
    expect(() => textOf(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: 'malformed.encoding' }) as Error);
  });

  it('keeps a byte order mark', () => {
    expect(textOf(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });
});

describe('ByteWriter', () => {
  it('writes what the reader reads, growing as needed', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(65535), fc.integer({ min: -32768, max: 32767 }), fc.integer(), fc.nat(0xffffffff), fc.uint8Array({ maxLength: 500 }), (a, b, c, d, e, f) => {
        const r = new ByteReader(new ByteWriter(1).u8(a).u16(b).i16(c).i32(d).u32(e).bytes(f).cstring('naïve').finish());
        expect([r.u8(), r.u16(), r.i16(), r.i32(), r.u32(), r.bytes(f.length), textOf(r.cstring())]).toEqual([a, b, c, d, e, f, 'naïve']);
        r.end();
      }),
    );
  });

  it('patches a length written before', () => {
    const w = new ByteWriter().i32(0).cstring('x');
    expect([...w.patchI32(0, w.length).finish()]).toEqual([0, 0, 0, 6, 0x78, 0]);
  });

  it('refuses values that do not fit, and a NUL inside a string', () => {
    const w = new ByteWriter();
    for (const run of [() => w.u8(256), () => w.u8(-1), () => w.u16(65536), () => w.i16(32768), () => w.i32(2 ** 31), () => w.u32(-1), () => w.u8(1.5), () => w.patchI32(0, 1)]) {
      expect(run).toThrow(BugError);
    }
    expect(() => w.cstring('a\0b')).toThrow(expect.objectContaining({ code: 'malformed.value' }) as Error);
  });
});
