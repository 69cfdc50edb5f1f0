import { expect, it } from 'vitest';
import { policyView } from './policy-view.ts';

const policy = { name: 'starter', serial: 4, digest: 'sha256:ab', ageMs: 1_000 };
const endsMs = 5;

it('tells a fresh policy from an old one, a directory and none', () => {
  expect(policyView(policy)).toMatchObject({ tone: 'allow', text: 'starter #4 · fresh' });
  expect(policyView({ ...policy, ageMs: 26 * 3_600_000 })).toMatchObject({ tone: 'hold', text: 'starter #4 · verified 1 d ago' });
  expect(policyView({ name: 'starter', serial: 4, digest: 'sha256:ab' })).toMatchObject({ tone: 'allow', text: 'starter #4 · local directory' });
  expect(policyView(null).tone).toBe('deny');
});

it('never calls a policy fresh when only break-glass is left', () => {
  for (const kind of ['stopped', 'expired'] as const) expect(policyView({ ...policy, problem: { kind, why: 'a leak', endsMs } })).toEqual({ tone: 'deny', text: 'starter #4 · break-glass only', help: 'a leak' });
  expect(policyView({ ...policy, problem: { kind: 'refused', why: 'expired metadata', endsMs } })).toMatchObject({ tone: 'hold', help: 'expired metadata' });
});
