/**
 * Several recordings of a device beside each other: is a number missing between them, and does each open name the one
 * before (docs/decisions/0001)? One recording can only prove its own place. Pure.
 */
import { MalformedError } from '../base/errors.ts';
import type { DeviceId } from '../base/ids.ts';
import type { OpenStatement } from './types.ts';

/** An open statement that the verifier has passed, with the digest of its file in hex. */
export interface ChainLink {
  readonly open: OpenStatement;
  readonly sha256: string;
}

export interface DeviceChain {
  readonly device: DeviceId;
  readonly first: number;
  readonly last: number;
  /** Numbers between first and last that are not here: gaps of these recordings, not by themselves of the device. */
  readonly missing: readonly number[];
}

/** @throws MalformedError when two recordings contradict each other: one number twice, or a link to something else */
export function deviceChains(links: readonly ChainLink[]): DeviceChain[] {
  const devices = new Map<DeviceId, ChainLink[]>();
  for (const link of links) devices.set(link.open.device_id, [...(devices.get(link.open.device_id) ?? []), link]);
  return [...devices].map(([device, all]) => chainOf(device, [...all].sort((a, b) => a.open.device_seq - b.open.device_seq)));
}

function chainOf(device: DeviceId, links: readonly ChainLink[]): DeviceChain {
  const missing: number[] = [];
  links.forEach((link, i) => {
    const before = links[i - 1];
    if (before === undefined) return;
    const [seq, last] = [link.open.device_seq, before.open.device_seq];
    if (seq === last && link.sha256 !== before.sha256) throw new MalformedError('malformed.value', `${device} has used number ${seq} for session ${before.open.session_id} and for session ${link.open.session_id}`);
    if (seq === last + 1 && link.open.prev_open_sha256 !== before.sha256) throw new MalformedError('malformed.value', `session ${link.open.session_id} (number ${seq} of ${device}) names another session before it than ${before.open.session_id}`);
    for (let n = last + 1; n < seq; n++) missing.push(n);
  });
  return { device, first: links[0]?.open.device_seq ?? 0, last: links.at(-1)?.open.device_seq ?? 0, missing };
}

/** The chains as a sentence for people. */
export function chainText(links: readonly ChainLink[], chains: readonly DeviceChain[]): string {
  const missing = chains.flatMap((c) => c.missing.map((n) => `${n}${chains.length > 1 ? ` of ${c.device}` : ''}`));
  const ranges = chains.map((c) => `numbers ${c.first} to ${c.last}`).join('; ');
  return `${links.length} recordings of ${chains.length} ${chains.length === 1 ? 'device' : 'devices'}: ${ranges}, ${missing.length === 0 ? 'none missing' : `not here: ${missing.slice(0, 50).join(', ')}`}`;
}
