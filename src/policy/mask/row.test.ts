import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BugError, ConfigError } from '../../base/errors.ts';
import type { DataClass, MaskKind, MaskPlan } from '../types.ts';
import { hiddenText, mayHide } from './detect/hidden.ts';
import { plainlyClean, prefilter } from './detect/prefilter.ts';
import { containsMaskToken, createDetectors, FULL_MASK, ResultMask, RowMasker, type MaskContext } from './index.ts';

const dataClass = (id: string, detectors: string[], kind: MaskKind = 'token'): DataClass => ({ id, columns: [], detectors, mask: { kind }, predicates: 'allow' });
const CLASSES = ['email', 'phone', 'card', 'iban', 'national_id', 'token', 'password'].map((id) => dataClass(id, [id]));
const context = (key = 7, classes: readonly DataClass[] = CLASSES): MaskContext => ({ tokenKey: new Uint8Array(32).fill(key), detectors: createDetectors(classes) });
const detect: MaskPlan = { columns: 'detect_all', unmasked: [], scrubMessages: false };
const rule = (classId: string, kind: MaskKind): MaskPlan => ({ columns: [{ classId, kind, rule: `${classId} on x` }], unmasked: [], scrubMessages: false });
const mask = (plan: MaskPlan, cell: Buffer | string, typeOid = 25, format: 0 | 1 = 0, ctx = context(), name = 'x'): Buffer | null | undefined =>
  new RowMasker(new ResultMask(plan, [{ name, typeOid, format }], ctx)).maskCell(0, Buffer.from(cell));
const masked = (...args: Parameters<typeof mask>): string | null | undefined => {
  const out = mask(...args);
  return out?.toString('utf8') ?? (out === null ? null : undefined);
};
const TOKEN = /^msk_email_[bcdfghjkmnpqrtvw]{12}$/;

describe('column rules', () => {
  it.each([25, 1043, 1042, 19, 705, 142, 16_999])('write a token into text type %i', (oid) => {
    expect(masked(rule('email', 'token'), 'bob@example.com', oid)).toMatch(TOKEN);
  });

  it.each([16, 20, 21, 23, 700, 701, 1700, 1082, 1114, 1184, 17, 869, 600, 3904, 1007])('give NULL for type %i, which cannot hold a token', (oid) => {
    for (const format of [0, 1] as const) for (const kind of ['token', 'partial', 'full', 'null'] as const) expect(mask(rule('email', kind), '12345678', oid, format)).toBeNull();
  });

  it('give NULL for binary values of unknown types and of arrays', () => {
    for (const oid of [16_999, 1009, 2249]) expect(mask(rule('email', 'token'), 'x', oid, 1)).toBeNull();
  });

  it('keep json a JSON string and jsonb its version byte', () => {
    expect(JSON.parse(masked(rule('email', 'token'), '{"a":1}', 114) ?? '')).toMatch(TOKEN);
    const binary = mask(rule('email', 'token'), Buffer.from('\u0001"bob@example.com"'), 3802, 1);
    expect(binary?.[0]).toBe(1);
    expect(JSON.parse(binary?.toString('utf8', 1) ?? '')).toBe(masked(rule('email', 'token'), 'bob@example.com'));
  });

  it('write a recognisable uuid in both formats, the same one', () => {
    const text = masked(rule('email', 'token'), '550e8400-e29b-41d4-a716-446655440000', 2950) ?? '';
    const binary = mask(rule('email', 'token'), Buffer.from('550e8400e29b41d4a716446655440000', 'hex'), 2950, 1);
    expect(text).toMatch(/^6d736b5f-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(binary?.toString('hex')).toBe(text.replaceAll('-', ''));
    expect(containsMaskToken(text) && containsMaskToken(binary ?? Buffer.alloc(0))).toBe(true);
  });

  it('mask each element of an array, NULL elements stay', () => {
    const out = masked(rule('email', 'token'), '{bob@example.com,NULL,"a \\"b\\", c",{x}}', 1009) ?? '';
    expect(out).toMatch(/^\{msk_email_\w{12},NULL,msk_email_\w{12},\{msk_email_\w{12}\}\}$/);
    expect(mask(rule('email', 'token'), '{broken', 1009)).toBeNull();
  });

  it('ignore the padding of bpchar', () => {
    expect(masked(rule('email', 'token'), 'bob@x.com     ', 1042)).toBe(masked(rule('email', 'token'), 'bob@x.com', 25));
  });

  it.each([
    ['email', 'robert@example.com', 'r***@example.com'],
    ['email', 'bo@example.com', '***@example.com'],
    ['email', 'not an address', FULL_MASK],
    ['card', '4111 1111 1111 1111', '************1111'],
    ['card', '4111', FULL_MASK],
    ['phone', '+1 415 555 0123', `${FULL_MASK}23`],
    ['phone', '5550123', FULL_MASK],
    ['iban', 'DE89370400440532013000', 'DE**************3000'],
    ['password', 'correct horse', FULL_MASK],
    ['token', 'abcdefghijkl', FULL_MASK],
  ])('partial %s of %s keeps little', (id, value, out) => {
    expect(masked(rule(id, 'partial'), value)).toBe(out);
  });

  it('full has one length for every value, null is NULL', () => {
    expect(new Set(['', 'a', 'b'.repeat(999)].map((v) => masked(rule('email', 'full'), v)))).toEqual(new Set([FULL_MASK]));
    expect(mask(rule('email', 'null'), 'x')).toBeNull();
  });

  it('mask bytes that are no text', () => {
    expect(masked(rule('email', 'token'), Buffer.from([0xff, 0xfe, 0x80]))).toMatch(TOKEN);
  });

  it('refuse a plan for another number of columns', () => {
    expect(() => new ResultMask({ columns: ['detect', 'detect'], unmasked: [], scrubMessages: false }, [{ name: 'a', typeOid: 25, format: 0 }], context())).toThrow(BugError);
  });
});

describe('detectors', () => {
  it('watch only types that can hold text, and numbers only for cards', () => {
    const types = [16, 21, 23, 20, 1700, 25, 1184, 2950, 114, 17, 1009, 2249, 16_999];
    const columns = types.map((typeOid) => ({ name: 'c', typeOid, format: 0 as const }));
    expect(new ResultMask(detect, columns, context()).watched).toEqual([3, 4, 5, 8, 9, 10, 11, 12]);
    expect(new ResultMask(detect, columns, context(7, [dataClass('email', ['email'])])).watched).toEqual([5, 8, 9, 10, 11, 12]);
  });

  it('let a result pass that needs no look', () => {
    expect(new ResultMask(detect, [{ name: 'n', typeOid: 23, format: 1 }], context()).passthrough).toBe(true);
    expect(new ResultMask(detect, [{ name: 't', typeOid: 25, format: 1 }], context(7, [])).passthrough).toBe(true);
    expect(new ResultMask(rule('email', 'token'), [{ name: 'n', typeOid: 23, format: 1 }], context()).passthrough).toBe(false);
  });

  it('are silent for classes that may be seen, and only when all owners may', () => {
    expect(mask({ ...detect, unmasked: ['email'] }, 'bob@example.com')).toBeUndefined();
    const shared = context(7, [dataClass('email', ['email']), dataClass('contact', ['email'])]);
    expect(masked({ ...detect, unmasked: ['email'] }, 'bob@example.com', 25, 0, shared)).toMatch(/^msk_contact_/);
  });

  it('replace inside the text and count by class', () => {
    const masker = new RowMasker(new ResultMask(detect, [{ name: 'x', typeOid: 25, format: 0 }], context()));
    expect(masker.maskCell(0, Buffer.from('Grüße an bob@example.com!'))?.toString()).toMatch(/^Grüße an msk_email_\w{12}!$/);
    expect(masker.maskCell(0, Buffer.from('nichts'))).toBeUndefined();
    expect([...masker.counts]).toEqual([['email', 1]]);
    expect(masker.lastHit).toBe('email');
  });

  it('keep every other byte of text that is not UTF-8', () => {
    const out = mask(detect, Buffer.concat([Buffer.from([0xff, 0x20]), Buffer.from('bob@example.com'), Buffer.from([0x20, 0xe9])]));
    expect([out?.[0], out?.at(-1)]).toEqual([0xff, 0xe9]);
    expect(out?.includes('bob@')).toBe(false);
  });

  it('walk JSON: nested values, keys, escapes, numbers, telling names', () => {
    const json = '{ "a" : [1, {"b":"bob\\u0040example.com"}], "bob@example.com": true, "n": 4111111111111111, "password":"hunter2", "phone":4155550123, "z": 1.50 }';
    const out = masked(detect, json, 114) ?? '';
    expect(out).not.toMatch(/bob|4111|hunter2|4155/);
    expect(JSON.parse(out)).toMatchObject({ z: 1.5 });
    expect(out).toContain('"z": 1.50 }');
    expect(masked(detect, '{"a":"plain","at":"2024-05-01T10:00:00Z"}', 114)).toBeUndefined();
  });

  it('find a card in numbers, in text and binary', () => {
    const int8 = Buffer.alloc(8);
    int8.writeBigInt64BE(4111111111111111n);
    expect(mask(detect, '4111111111111111', 20)).toBeNull();
    expect(mask(detect, int8, 20, 1)).toBeNull();
    expect(mask(detect, '4111111111111111.00', 1700)).toBeNull();
    expect(mask(detect, Buffer.from('0004000300000000' + '100f045704570457', 'hex'), 1700, 1)).toBeNull();
    expect(mask(detect, '4111111111111112', 20)).toBeUndefined();
    expect(mask(detect, '{12,4111111111111111}', 1016)).toBeNull();
    // The length of a row's cell stands before it, and 46 is a point.
    const row = Buffer.from('.4111111111111111');
    expect(new RowMasker(new ResultMask(detect, [{ name: 'x', typeOid: 20, format: 0 }], context())).maskCell(0, row, 1)).toBeNull();
  });

  it('leave averages alone, whatever their decimals pass for', () => {
    for (const [number, oid] of [['3.4310344827586206', 1700], ['0.4111111111111111', 1700], ['{"avg":3.4310344827586206}', 3802], ['took 3.4310344827586206 s', 25]] as const) {
      expect(mask(detect, number, oid)).toBeUndefined();
    }
  });

  it('look into bytea, base64 and hexadecimal', () => {
    expect(mask(detect, `\\x${Buffer.from('bob@example.com').toString('hex')}`, 17)).toBeNull();
    expect(mask(detect, 'bob@example.com', 17, 1)).toBeNull();
    expect(masked(detect, Buffer.from('bob@example.com').toString('base64'))).toMatch(TOKEN);
    expect(masked(detect, Buffer.from('bob@example.com').toString('hex'))).toMatch(TOKEN);
    expect(mask(detect, Buffer.from('just a harmless line').toString('base64'))).toBeUndefined();
  });

  it('take the column name as a hint', () => {
    expect(masked(detect, '4155550123', 25, 0, context(), 'mobile_phone')).toMatch(/^msk_phone_/);
    expect(mask(detect, '4155550123', 25, 0, context(), 'order_no')).toBeUndefined();
    expect(masked(detect, 'hunter2', 25, 0, context(), 'db_password')).toMatch(/^msk_password_/);
  });

  it('refuse a detector that does not exist', () => {
    expect(() => createDetectors([dataClass('x', ['emial'])])).toThrow(ConfigError);
  });
});

describe('properties', () => {
  const value = fc.string({ minLength: 1, maxLength: 60, unit: 'binary' });

  it('tokens are stable under a key, differ between keys, classes and values, and hide the value', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        fc.pre(!a.startsWith('msk_') && !b.startsWith('msk_'));
        const token = masked(rule('email', 'token'), a);
        expect(masked(rule('email', 'token'), a)).toBe(token);
        expect(masked(rule('phone', 'token'), a)).not.toBe(token);
        expect(masked(rule('email', 'token'), a, 25, 0, context(8))).not.toBe(token);
        if (a !== b) expect(masked(rule('email', 'token'), b)).not.toBe(token);
        expect(containsMaskToken(token ?? '')).toBe(true);
      }),
    );
  });

  it('masking a masked text changes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom('bob@example.com', 'ssn 123-45-6789', 'password=hunter2 token=abcdef123456', '4111 1111 1111 1111', 'Authorization: Bearer abcdef123456789'), value, (secret, around) => {
        const once = mask(detect, `${around.replaceAll(/[@%&\\]/g, '')} ${secret}`);
        if (once !== undefined && once !== null) expect(mask(detect, once)).toBeUndefined();
      }),
    );
    expect(mask(rule('email', 'token'), mask(rule('email', 'token'), 'bob@example.com') ?? '')).toBeUndefined();
  });

  it('never throws, whatever the bytes, type and format', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0, 17, 19, 20, 25, 114, 142, 869, 1009, 1700, 2249, 2950, 3802, 3807, 16_999), fc.constantFrom(0 as const, 1 as const), (bytes, oid, format) => {
        mask(detect, Buffer.from(bytes), oid, format);
        for (const kind of ['token', 'partial', 'full'] as const) mask(rule('card', kind), Buffer.from(bytes), oid, format);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the quick look at a cell in a row', () => {
  const piece = fc.constantFrom('bob@example.com', '4111111111111111', '+1 415 555 0132', 'ghp_', 'AKIA', 'eyJ', 'key=', "password '", 'Ünï', 'MTIzNDU2Nzg5', '31323334', ' ', 'word', 'a b', '12345', '.', '-', '\\x', '\u00a0');
  const bytes = fc.oneof(fc.array(piece, { maxLength: 6 }).map((p) => Buffer.from(p.join(''))), fc.uint8Array({ maxLength: 60 }).map((b) => Buffer.from(b)));

  it('gives every cell the mask that it has alone, whatever its neighbours are', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.constantFrom(25, 1043, 1700, 20, 0), (before, cell, after, oid) => {
        const masker = (): RowMasker => new RowMasker(new ResultMask(detect, [{ name: 'x', typeOid: oid, format: 0 }], context()));
        const row = Buffer.concat([before, cell, after]);
        expect(masker().maskCell(0, row, before.length, before.length + cell.length)).toEqual(masker().maskCell(0, cell));
        if (plainlyClean(row, before.length, before.length + cell.length, 6)) expect(mask(detect, cell)).toBeUndefined();
        if (plainlyClean(cell, 0, cell.length, 6)) expect(prefilter(cell, 6) === 0 && !(mayHide(cell) && hiddenText(cell.toString('latin1')) !== undefined)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('containsMaskToken', () => {
  it('knows its own tokens and nothing else', () => {
    expect(containsMaskToken("UPDATE t SET e = 'msk_email_bcdfghjkmnpq'")).toBe(true);
    expect(containsMaskToken(Buffer.from('x msk_national_id_bcdfghjkmnpq y'))).toBe(true);
    for (const text of ['msk_email', 'select msk_customer_subscription from t', 'msk_email_bcdfghjkmnp', 'msk_a_b']) expect(containsMaskToken(text)).toBe(false);
  });
});
