import { describe, expect, it } from 'vitest';
import type { MaskPlan } from '../types.ts';
import { createDetectors, maskText, type MaskContext } from './index.ts';

const context: MaskContext = {
  tokenKey: new Uint8Array(32).fill(7),
  detectors: createDetectors([{ id: 'email', columns: [], detectors: ['email'], mask: { kind: 'token' }, predicates: 'allow' }]),
};
const scrub: MaskPlan = { columns: 'detect_all', unmasked: [], scrubMessages: true };
const text = (s: string, plan = scrub): string => maskText(s, plan, context).text;

describe('near classified columns', () => {
  it.each([
    ['Key (email)=(SECRET) already exists.', 'Key (email)=(<redacted>) already exists.'],
    ['Key (a, b)=(SECRET, x) SECRET) already exists.', 'Key (a, b)=(<redacted>) already exists.'],
    ['Key (org)=(SECRET) is not present in table "orgs".', 'Key (org)=(<redacted>) is not present in table "orgs".'],
    ['Failing row contains (1, SECRET, null).', 'Failing row contains (<redacted>).'],
    ['invalid input syntax for type integer: "SECRET"', 'invalid input syntax for type integer: "<redacted>"'],
    ['invalid input syntax for type integer: "SECRET" table "SECRET"', undefined],
    ['value "SECRET" is out of range for type smallint', 'value "<redacted>" is out of range for type smallint'],
    ['Wert »SECRET« ist ungültig', 'Wert »<redacted>« ist ungültig'],
    ['COPY t, line 3, column email: "SECRET"', 'COPY t, line 3, column email: <redacted>'],
    ['JSON data, line 1: {"a": SECRET', 'JSON data, line 1: <redacted>'],
    ['SQL statement "INSERT INTO t VALUES (\'SECRET\')"', 'SQL statement "<redacted>"'],
    ["unnamed portal with parameters: $1 = 'SECRET', $2 = 'SECRET'", "unnamed portal with parameters: $1 = '<redacted>'"],
    ["SELECT 1 WHERE x = 'SECRET", "SELECT 1 WHERE x = '<redacted>"],
    ['SELECT $q$SECRET$q$', 'SELECT $q$<redacted>$q$'],
  ])('%s', (given, wanted) => {
    const out = text(given);
    expect(out).not.toContain('SECRET');
    if (wanted !== undefined) expect(out).toBe(wanted);
  });

  it.each([
    'null value in column "email" of relation "customers" violates not-null constraint',
    'duplicate key value violates unique constraint "customers_email_key"',
    'relation "foo" does not exist',
    "this doesn't hold a value",
    'permission denied for table customers',
  ])('keeps names of the schema: %s', (message) => {
    expect(text(message)).toBe(message);
  });
});

describe('elsewhere', () => {
  it('masks what detectors find and counts it', () => {
    const out = maskText('no such user bob@example.com', { ...scrub, scrubMessages: false }, context);
    expect(out.text).toMatch(/^no such user msk_email_\w{12}$/);
    expect([...out.counts]).toEqual([['email', 1]]);
  });

  it('keeps quotes', () => {
    expect(text('syntax error at or near "selec"', { ...scrub, scrubMessages: false })).toBe('syntax error at or near "selec"');
  });
});
