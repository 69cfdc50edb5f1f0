import { describe, expect, it } from 'vitest';
import { joined } from './joined.ts';

const whole = Buffer.from('abcdefgh');
const text = (parts: readonly Uint8Array[]): string => Buffer.from(joined(parts)).toString();

describe('pieces of a stream', () => {
  it('that lie one behind the other are not copied', () => {
    const one = joined([whole.subarray(0, 0), whole.subarray(1, 3), whole.subarray(3, 3), whole.subarray(3, 6), Buffer.alloc(0)]);
    expect(Buffer.from(one).toString()).toBe('bcdef');
    expect([one.buffer === whole.buffer, one.byteOffset]).toEqual([true, whole.byteOffset + 1]);
  });

  it('with a gap, out of order or of other memory are put together in their order', () => {
    expect(text([whole.subarray(0, 2), whole.subarray(3, 5)])).toBe('abde');
    expect(text([whole.subarray(4, 6), whole.subarray(0, 2)])).toBe('efab');
    expect(text([whole.subarray(0, 2), Buffer.from('**'), whole.subarray(4)])).toBe('ab**efgh');
    expect(joined([])).toHaveLength(0);
  });
});
