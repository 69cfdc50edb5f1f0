import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from './errors.ts';
import { isApprovalId, isBundleDigest, isDeviceId, isSessionId, parseApprovalId, parseBundleDigest, parseDeviceId, parseSessionId, uuidv7 } from './ids.ts';

const random = Uint8Array.of(0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9);

describe('uuidv7', () => {
  it('carries time, version and variant as RFC 9562 section 5.7 lays them out', () => {
    expect(uuidv7(0x017f22e279b0, Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f))).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('is always a session id, and sorts by time', () => {
    const time = fc.nat(2 ** 47);
    fc.assert(
      fc.property(time, time, fc.uint8Array({ minLength: 10, maxLength: 10 }), (a, b, noise) => {
        expect(isSessionId(uuidv7(a, noise))).toBe(true);
        if (a !== b) expect(uuidv7(a, noise) < uuidv7(b, noise)).toBe(a < b);
      }),
    );
  });
});

const id = uuidv7(1_700_000_000_000, random);
const valid = {
  session: id,
  approval: `apr_${id}`,
  device: `dev_${'0'.repeat(31)}a`,
  bundle: `sha256:${'f'.repeat(64)}`,
};

describe('guards and parsers', () => {
  it('take their own kind', () => {
    expect(parseSessionId(valid.session)).toBe(valid.session);
    expect(parseApprovalId(valid.approval)).toBe(valid.approval);
    expect(parseDeviceId(valid.device)).toBe(valid.device);
    expect(parseBundleDigest(valid.bundle)).toBe(valid.bundle);
  });

  it('take no other kind', () => {
    const guards = { session: isSessionId, approval: isApprovalId, device: isDeviceId, bundle: isBundleDigest };
    for (const [name, guard] of Object.entries(guards)) {
      for (const [kind, value] of Object.entries(valid)) expect([name, kind, guard(value)]).toEqual([name, kind, name === kind]);
    }
  });

  it.each([
    ['upper case', id.toUpperCase()],
    ['version 4', id.replace(/-7/, '-4')],
    ['a wrong variant', id.replace(/-[89ab]([0-9a-f]{3}-[0-9a-f]{12})$/, '-c$1')],
    ['a newline at the end', `${id}\n`],
    ['a path', `../${id}`],
    ['a number', 7],
    ['nothing', undefined],
  ])('refuse %s as a session id', (_, value) => {
    expect(() => parseSessionId(value)).toThrow(MalformedError);
  });

  it.each([`dev_${'A'.repeat(32)}`, `dev_${'0'.repeat(33)}`, `dev_${'0'.repeat(32)}\n`, 'dev_'])('refuse %j as a device id', (value) => {
    expect(() => parseDeviceId(value)).toThrow(MalformedError);
  });
});
