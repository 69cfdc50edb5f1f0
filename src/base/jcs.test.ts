import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from './errors.ts';
import { canonicalJson } from './jcs.ts';
import type { Json } from './jcs.ts';

describe('canonicalJson', () => {
  it('writes the example of RFC 8785 section 3.2.3', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts keys by UTF-16 code units, as in RFC 8785 section 3.2.3', () => {
    const value = { '\u20ac': 'Euro', '\r': 'CR', '\ufb33': 'Hebrew', '1': 'One', '\u{1f600}': 'Emoji', '\u0080': 'Control', '\u00f6': 'o' };
    const order = [...canonicalJson(value).matchAll(/:"(\w+)"/g)].map((m) => m[1]);
    expect(order).toEqual(['CR', 'One', 'Control', 'o', 'Euro', 'Emoji', 'Hebrew']);
  });

  it('gives one text for one value, whatever the order of its members', () => {
    expect(canonicalJson({ b: 1, a: { d: [], c: {} } })).toBe(canonicalJson({ a: { c: {}, d: [] }, b: 1 }));
  });

  it('keeps the value and is a fixed point', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        const parsed: unknown = JSON.parse(text);
        expect(parsed).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(parsed as Json)).toBe(text);
      }),
    );
  });

  it('leaves undefined members out and writes -0 as 0', () => {
    expect(canonicalJson({ a: undefined, b: -0 })).toBe('{"b":0}');
  });

  it.each([[NaN], [Infinity], ['\ud800'], [{ '\udc00': 1 }], [['ok', ['\udfff']]]])('refuses what JSON cannot carry: %j', (value) => {
    expect(() => canonicalJson(value as Json)).toThrow(MalformedError);
  });
});
