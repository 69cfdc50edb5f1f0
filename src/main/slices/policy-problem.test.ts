import { describe, expect, it } from 'vitest';
import type { UpdaterStatus } from '../../proxy/core/bundle-updater.ts';
import { policyProblem } from './policy-problem.ts';

const DAY = 24 * 3_600_000;
const now = Date.parse('2026-03-01T00:00:00Z');
const status = (changes: Partial<UpdaterStatus> = {}): UpdaterStatus => ({
  ...{ ring: 'stable', mode: 'normal', active: undefined, endsMs: now + 20 * DAY, lastCheckMs: now, verifiedMs: now, error: undefined, refused: false, skipped: [], rootSha256: 'ab'.repeat(32) },
  ...changes,
});

describe('what a person must know of the policy', () => {
  it('is nothing while it is in order, nor for an outage that costs nothing', () => {
    expect(policyProblem(status(), undefined, now)).toBeUndefined();
    expect(policyProblem(status({ error: 'the store cannot be reached' }), undefined, now)).toBeUndefined();
  });

  it.each(['stopped', 'expired'] as const)('%s comes first, whatever else there is', (mode) => {
    expect(policyProblem(status({ mode, refused: true, error: 'x' }), 'security has stopped all work: a leak', now)).toEqual({ kind: mode, why: 'security has stopped all work: a leak', endsMs: now + 20 * DAY });
  });

  it('names what was refused', () => {
    expect(policyProblem(status({ refused: true, error: 'timestamp.json expired' }), undefined, now)).toMatchObject({ kind: 'refused', why: 'timestamp.json expired' });
  });

  it('says days before that it ends, with or without the store', () => {
    expect(policyProblem(status({ endsMs: now + DAY }), undefined, now)).toMatchObject({ kind: 'ending', why: 'its signers have not renewed it' });
    expect(policyProblem(status({ endsMs: now + DAY, error: 'the store cannot be reached' }), undefined, now)).toMatchObject({ kind: 'ending', why: 'the store cannot be reached' });
  });
});
