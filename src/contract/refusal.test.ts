import { describe, expect, it } from 'vitest';
import { asText, deniedByPolicy, expiredAfter, notApproved, reasonIn, refusalIn, WITHDRAWN } from './refusal.ts';

describe('what a client is told of a request that did not run', () => {
  it.each([
    [{ outcome: 'cancelled', reason: WITHDRAWN }, 'withdrawn before a decision; it did not run'],
    [{ outcome: 'expired', reason: expiredAfter(900_000) }, 'expired after 15 minutes without a decision; it did not run'],
    [{ outcome: 'expired', reason: expiredAfter(60_000) }, 'expired after 1 minute without a decision; it did not run'],
    [{ outcome: 'expired', reason: expiredAfter(2_000) }, 'expired after 2 seconds without a decision; it did not run'],
    [{ outcome: 'denied', by: 'carol@example.com', reason: 'Not today. ' }, 'refused by carol@example.com: Not today; it did not run'],
    [{ outcome: 'denied', by: 'carol@example.com', reason: '' }, 'refused by carol@example.com; it did not run'],
    [{ outcome: 'refused', reason: 'approval could not be asked for: the store is gone' }, 'approval could not be asked for: the store is gone; it did not run'],
  ] as const)('%j', (end, words) => {
    expect(notApproved(end)).toBe(words);
    // Our own clients find it by its reference, whatever it says.
    expect(refusalIn(asText(words, ['ask-first'], 's-1/7'))).toBe(`${words}. Policies: ask-first. Reference s-1/7`);
  });

  it('is told from what the target says', () => {
    expect(asText(deniedByPolicy('not for you'), [], 's-1/7')).toBe('denied by policy: not for you. Reference s-1/7');
    expect(refusalIn('denied by policy: not for you. Reference s-1/7')).toBe('not for you. Reference s-1/7');
    expect(reasonIn('not for you')).toBe('not for you');
    for (const text of ['Permission denied', 'denied by policy: by the server itself', 'no such Reference 1/2 here']) expect(refusalIn(text)).toBeUndefined();
  });
});
