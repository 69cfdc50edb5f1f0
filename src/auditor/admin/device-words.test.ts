import { describe, expect, it } from 'vitest';
import { device } from '../../contract/store/devices.ts';
import { fromLocalField, holdsText, inOrder, localField, stateOf } from './device-words.ts';

const make = (n: number, change: object = {}) =>
  device.parse({ device_id: `dev_${String(n).padStart(32, '0')}`, name: `laptop ${n}`, alg: 'Ed25519', public_key: 'AA==', owner: { kind: 'User', iss: 'idp', sub: `p${n}@x`, name: `P${n}`, groups: [] }, enrolled_ms: n, state: 'enrolled', ...change });

describe('devices', () => {
  it('are revoked before they are anything else, and end by themselves', () => {
    expect([make(1), make(1, { state: 'pending' }), make(1, { expires_ms: 10 }), make(1, { state: 'pending', revoked: { revoked_ms: 1, compromised_since_ms: 1, reason: 'lost' } })].map((d) => stateOf(d, 10))).toEqual(['enrolled', 'waiting', 'ended', 'revoked']);
  });
  it('that wait come first, then the newest', () => {
    expect(inOrder([make(1), make(2, { state: 'pending' }), make(3)], 10).map((d) => d.enrolled_ms)).toEqual([2, 3, 1]);
  });
  it('are found by owner, name, id and reason', () => {
    const d = make(7, { revoked: { revoked_ms: 1, compromised_since_ms: 1, reason: 'Stolen in Graz' } });
    expect([holdsText(d, ''), holdsText(d, 'p7@x'), holdsText(d, 'graz'), holdsText(d, 'dev_0'), holdsText(d, 'nobody')]).toEqual([true, true, true, true, false]);
  });
  it('were not compromised in the future', () => {
    const now = new Date(2026, 10, 21, 14, 30).getTime();
    expect(localField(now)).toBe('2026-11-21T14:30');
    expect(fromLocalField(localField(now), now)).toBe(now);
    expect([fromLocalField('2026-11-21T14:31', now), fromLocalField('', now), fromLocalField('yesterday', now)]).toEqual([undefined, undefined, undefined]);
  });
});
