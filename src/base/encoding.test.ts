import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, equalBytes, fromBase64, fromBase64Url, fromHex, fromUtf8, toBase64, toBase64Url, toHex, utf8 } from './encoding.ts';
import { MalformedError } from './errors.ts';

const bytes = fc.uint8Array({ maxLength: 200 });

describe('base64', () => {
  it('agrees with another implementation, both ways', () => {
    fc.assert(
      fc.property(bytes, (b) => {
        expect(toBase64(b)).toBe(Buffer.from(b).toString('base64'));
        expect(toBase64Url(b)).toBe(Buffer.from(b).toString('base64url'));
        expect(fromBase64(toBase64(b))).toEqual(b);
        expect(fromBase64Url(toBase64Url(b))).toEqual(b);
      }),
    );
  });

  it.each([
    ['a character of neither alphabet', 'AA*='],
    ['white space', 'AAAA\n'],
    ['missing padding', 'AA'],
    ['too much padding', 'AA==='],
    ['padding in the middle', 'AA==AAAA'],
    ['only padding', '='],
    ['leftover bits', 'AB=='],
    ['the other alphabet', '-_-_'],
    ['one character', 'A'],
  ])('refuses %s', (_, text) => {
    expect(() => fromBase64(text)).toThrow(MalformedError);
  });

  it.each(['+/+/', 'AA==', 'A', 'AB', 'A A'])('refuses %j as base64url', (text) => {
    expect(() => fromBase64Url(text)).toThrow(MalformedError);
  });

  it('decodes nothing but what it encodes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        try {
          expect(toBase64(fromBase64(text))).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('hex', () => {
  it('round-trips and agrees with another implementation', () => {
    fc.assert(
      fc.property(bytes, (b) => {
        expect(toHex(b)).toBe(Buffer.from(b).toString('hex'));
        expect(fromHex(toHex(b))).toEqual(b);
      }),
    );
  });

  it.each(['a', 'AB', 'zz', '0x', ' 0'])('refuses %j', (text) => {
    expect(() => fromHex(text)).toThrow(MalformedError);
  });
});

describe('UTF-8', () => {
  it('round-trips text and refuses what is not UTF-8', () => {
    expect(fromUtf8(utf8('Grüße 世界 🌍 \ufeff'))).toBe('Grüße 世界 🌍 \ufeff');
    for (const bad of [[0x80], [0xc0, 0xaf], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(() => fromUtf8(Uint8Array.from(bad))).toThrow(MalformedError);
    }
  });
});

describe('byte helpers', () => {
  it('joins and compares', () => {
    expect(concatBytes([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3));
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
    expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });
});
