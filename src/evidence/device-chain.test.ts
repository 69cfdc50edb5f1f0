import { describe, expect, it } from 'vitest';
import { parseDeviceId, parseSessionId } from '../base/ids.ts';
import { openInput } from '../testing/evidence-session.ts';
import { chainText, deviceChains, type ChainLink } from './device-chain.ts';

const device = parseDeviceId(`dev_${'a'.repeat(32)}`);
const other = parseDeviceId(`dev_${'b'.repeat(32)}`);
const sha = (n: number): string => String(n).repeat(64);

function link(seq: number, prev = sha(seq - 1), sha256 = sha(seq), device_id = device): ChainLink {
  const session_id = parseSessionId(`0190a5b2-7c00-7000-8000-00000000000${seq}`);
  return { open: { v: 1, ...openInput, session_id, device_id, device_seq: seq, prev_open_sha256: prev, session_pub: '', origin: 'x', t: 1 }, sha256 };
}

describe('recordings of a device beside each other', () => {
  it('are a chain, or say which numbers are not here', () => {
    const whole = [link(3), link(1), link(2)];
    expect(deviceChains(whole)).toEqual([{ device, first: 1, last: 3, missing: [] }]);
    expect(chainText(whole, deviceChains(whole))).toBe('3 recordings of 1 device: numbers 1 to 3, none missing');
    const gap = [link(1), link(4, sha(9)), link(1, sha(0), sha(7), other)];
    expect(deviceChains(gap)).toEqual([{ device, first: 1, last: 4, missing: [2, 3] }, { device: other, first: 1, last: 1, missing: [] }]);
    expect(chainText(gap, deviceChains(gap))).toContain(`not here: 2 of ${device}, 3 of ${device}`);
    expect(deviceChains([])).toEqual([]);
  });
  it('must not contradict each other', () => {
    expect(() => deviceChains([link(1), link(2, sha(8))])).toThrow(/names another session before it/);
    expect(() => deviceChains([link(2), link(2, sha(1), sha(8))])).toThrow(/has used number 2 for session/);
    expect(deviceChains([link(2), link(2)])).toHaveLength(1);
  });
});
