import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyedHash } from './keyed-hash.ts';

const hexOf = (words: Int32Array): string => Array.from(words, (w) => (w >>> 0).toString(16).padStart(8, '0')).join('');

it('is HMAC-SHA256 as Node computes it, for every length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.string({ maxLength: 30 }), fc.uint8Array({ maxLength: 600 }), (key, prefix, value) => {
      expect(hexOf(new KeyedHash(key, prefix).digest(value))).toBe(createHmac('sha256', key).update(`${prefix}\0`, 'utf8').update(value).digest('hex'));
    }),
  );
  const hash = new KeyedHash(new Uint8Array(32).fill(9), 'email');
  for (let n = 0; n < 300; n++) {
    const value = Buffer.alloc(n, 0x61);
    expect(hexOf(hash.digest(Buffer.concat([Buffer.from('xy'), value, Buffer.from('z')]), 2, 2 + n))).toBe(createHmac('sha256', Buffer.alloc(32, 9)).update('email\0').update(value).digest('hex'));
  }
});
