/** Which bundle of a ring a device is to run: by the ring's signed listings, and nothing that the device could choose. */
import { createHash } from 'node:crypto';
import { isOlder } from '../base/versions.ts';
import type { BundleCustom, Metadata } from './metadata.ts';

export interface Listing {
  readonly path: string;
  readonly sha256: string;
  readonly length: number;
  readonly custom: BundleCustom;
}

export interface Chooser {
  readonly deviceId: string;
  /** This program's version, `1.2.3`. */
  readonly agent: string;
  readonly nowMs: number;
}

export interface Choice {
  /** Undefined when no listing is for this device now. */
  readonly listing: Listing | undefined;
  /** Newer listings that are not for this device, and why. */
  readonly skipped: readonly { readonly serial: number; readonly why: string }[];
}

/** The ring's bundles, newest first. */
export const listingsOf = (ring: Metadata<'ring'>): Listing[] =>
  Object.entries(ring.targets)
    .map(([path, t]) => ({ path, sha256: t.hashes.sha256, length: t.length, custom: t.custom }))
    .sort((a, b) => b.custom.serial - a.custom.serial);

/** Where the device stands in a rollout: 0 to 99, the same for as long as the salt is the same. */
export function rolloutSlot(deviceId: string, salt: string): number {
  return createHash('sha256').update(`${deviceId}${salt}`, 'utf8').digest().readUInt32BE(0) % 100;
}

/** The newest listing that is for this device. */
export function choose(ring: Metadata<'ring'>, who: Chooser): Choice {
  const skipped: { serial: number; why: string }[] = [];
  for (const listing of listingsOf(ring)) {
    const why = whyNot(listing.custom, who);
    if (why === undefined) return { listing, skipped };
    skipped.push({ serial: listing.custom.serial, why });
  }
  return { listing: undefined, skipped };
}

function whyNot(c: BundleCustom, who: Chooser): string | undefined {
  if (c.notBefore !== undefined && who.nowMs < Date.parse(c.notBefore)) return `starts ${c.notBefore}`;
  if (c.minAgent !== undefined && isOlder(who.agent, c.minAgent)) return `needs version ${c.minAgent} of this program, which is ${who.agent}`;
  if (c.rollout !== undefined && rolloutSlot(who.deviceId, c.rollout.salt) >= c.rollout.percent) return `is rolled out to ${c.rollout.percent} % of devices, not yet to this one`;
  return undefined;
}
