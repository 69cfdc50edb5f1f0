import { describe, expect, it } from 'vitest';
import type { Place } from './place.ts';
import { placeOfUrl, urlOf } from './place.ts';

const session = '019a8a3e-7c11-7d2e-9b52-8b7f6f0f2a11';

describe('addresses', () => {
  it.each<Place>([
    { page: 'search', filters: {} },
    { page: 'search', filters: { text: 'customers email & more', person: ['alice@example.com', 'Bob Ö'], decision: ['denied', 'held'], failed: true, from_ms: 1_763_700_000_000, to_ms: 1_763_800_000_000 } },
    { page: 'session', id: session },
    { page: 'session', id: session, n: 17 },
    { page: 'reports' },
    { page: 'reports', kind: 'access_review', fromMs: 1_763_700_000_000, toMs: 1_763_800_000_000, person: 'alice@example.com' },
    { page: 'activity' },
    { page: 'alarms' },
    { page: 'redactions' },
    { page: 'redactions', id: 'r-019a8a3e-7c11-7d2e-9b52-8b7f6f0f2a11' },
    { page: 'devices' },
    { page: 'sign-ins' },
    { page: 'sign-ins', person: 'deploy:repo/x' },
    { page: 'services' },
  ])('go and come back: %j', (place) => {
    expect(placeOfUrl(urlOf(place))).toEqual(place);
  });

  it('leave out what they do not understand', () => {
    expect(placeOfUrl('/?text=a&decision=maybe&from=yesterday&person=&nonsense=1')).toEqual({ page: 'search', filters: { text: 'a' } });
    expect(placeOfUrl('/?decision=denied&decision=denied')).toEqual({ page: 'search', filters: { decision: ['denied'] } });
    expect(placeOfUrl(`/sessions/${session}?n=-4`)).toEqual({ page: 'session', id: session });
  });

  it('know what is not there', () => {
    expect(['/nothing', '/sessions', '/sessions/', '/sessions/a/b', '/reports/all', '/activity/x', '/alarms', '/devices/x'].map((u) => placeOfUrl(u).page)).toEqual(Array(8).fill('nowhere'));
  });
});
