import { describe, expect, it } from 'vitest';
import { isRedacted, missingText } from './missing-text.ts';

const missing = { n: 3, tMs: 1, statement: 3, kind: 'missing', field: 'sql' } as const;
const redaction = { n: 3, field: 'sql', legalBasis: 'erasure', ticket: 'T-1' };

describe('content that is not there', () => {
  it('is called redacted only where a verified redaction covers exactly it', () => {
    expect(missingText(missing, [redaction])).toBe('Content of field sql was removed by a signed redaction: erasure (T-1).');
    for (const other of [{ ...redaction, n: 4 }, { ...redaction, field: 'params' }]) {
      expect(isRedacted(missing, [other])).toBe(false);
      expect(missingText(missing, [other])).toBe('Content of field sql is missing or altered: no verified redaction covers it.');
    }
  });
  it('is missing or altered before anybody has verified it', () => {
    expect(missingText(missing, undefined)).toBe('Content of field sql is missing or altered. Verification tells whether a signed redaction took it out.');
  });
});
