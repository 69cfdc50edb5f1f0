/**
 * What a device remembers of its policy, signed by its own key: the highest versions it has seen, the bundle that
 * decides and until when. It lies beside the cache, not in it: deleting the cache loses no version. An altered file is
 * refused. What it cannot stop: somebody who may write this user's files puts back an older, genuine state together
 * with the cache of its time, or deletes all of it; then the pinned root and the expiry of the metadata still bind
 * (a day for the timestamp).
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { fromBase64, toBase64, utf8 } from '../../base/encoding.ts';
import { ConfigError } from '../../base/errors.ts';
import { canonicalJson } from '../../base/jcs.ts';
import { writeDurable } from '../../evidence/files.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import { tufVersions } from '../../contract/store/index.ts';
import { bundleCustom } from '../../tuf/metadata.ts';
import type { Device } from './device.ts';

const version = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const hex = z.string().regex(/^[0-9a-f]{64}$/);

const activeBundle = z.strictObject({
  path: z.string().max(200),
  sha256: hex,
  length: version,
  custom: bundleCustom,
  name: z.string().max(100),
  tuf: tufVersions,
  signers: z.array(z.string().max(100)).max(50),
  activated_ms: version,
});
export type ActiveRecord = z.output<typeof activeBundle>;

const policyState = z.strictObject({
  v: z.literal(1),
  device_id: z.string(),
  ring: z.string(),
  /** SHA-256 of the root that the configuration pins. */
  pin: hex,
  floors: z.strictObject({ root: version, timestamp: version, snapshot: version, roles: z.record(z.string().max(40), version), authority: z.strictObject({ timestamp: z.string(), snapshot: z.string(), targets: z.string() }) }),
  /** Highest serial that has decided here. */
  serial: version,
  active: activeBundle.optional(),
  /** Expiry of the newest verified targets: until then `active` decides without the store. */
  ends_ms: version,
  stop: z.strictObject({ reason: z.string().max(500), since: z.string().max(30) }).optional(),
  /** Reports that the store has not taken yet, as signed envelopes. */
  pending: z.array(z.string().max(64 * 1024)).max(50),
  /** The latest time that this device has known: a clock that is turned back does not lengthen anything. */
  seen_ms: version,
});
export type PolicyState = z.output<typeof policyState>;

const message = (state: PolicyState): Uint8Array => utf8(`sallyport-policy-state-v1\n${canonicalJson(state)}`);

export function writeState(file: string, device: Device, state: PolicyState): void {
  writeDurable(file, `${JSON.stringify({ state, signature: toBase64(device.signer.sign(message(state))) })}\n`);
}

/** Undefined when there is none. @throws ConfigError when it is damaged or not of this device: it is never replaced then. */
export async function readState(file: string, device: Device): Promise<PolicyState | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const { state, signature } = z.strictObject({ state: policyState, signature: z.string().max(200) }).parse(JSON.parse(readFileSync(file, 'utf8')));
    const { keyId, alg, publicKey } = device.signer;
    if (state.device_id === device.id && (await nodeCrypto.verify({ keyId, alg, publicKey }, message(state), fromBase64(signature)))) return state;
  } catch {
    // Told below: what the file holds is nobody's to quote.
  }
  throw new ConfigError('does not hold what this device wrote about its policy', { file, fix: 'tell security; they may have it deleted, which forgets the versions that were seen' });
}

/** What the file says, for people: unverified, as whoever asks may not hold the device's key. */
export function policySummary(file: string): unknown {
  const text = z.looseObject({ state: policyState }).parse(JSON.parse(readFileSync(file, 'utf8')));
  const { ring, active, ends_ms, stop, floors } = text.state;
  const bundle = active === undefined ? {} : { name: active.name, serial: active.custom.serial, bundle: active.custom.bundle, signers: active.signers, activated: new Date(active.activated_ms).toISOString() };
  return { ring, ...bundle, ends: new Date(ends_ms).toISOString(), ...(stop === undefined ? {} : { stop }), versions: { root: floors.root, timestamp: floors.timestamp, snapshot: floors.snapshot, ...floors.roles } };
}
