/** Policy by TUF: metadata and bundles out, pushes in, and what devices report about what they run. */
import { z } from 'zod';
import { deviceId, line, principal, sessionId, sha256Hex, timeMs } from './common.ts';

const version = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** `timestamp.json`, `3.root.json`, `3.snapshot.json`, `3.targets.json`, `3.<ring>.json`: TUF with consistent snapshots. */
export const metadataFile = z.string().regex(/^(timestamp\.json|[1-9]\d{0,15}\.[a-z][a-z0-9-]{0,31}\.json)$/, 'not a metadata file');
export const metadataParams = z.strictObject({ file: metadataFile });
/** A bundle's archive by its SHA-256. */
export const policyTargetParams = z.strictObject({ sha256: sha256Hex });
/**
 * GET /v1/policy/bundles/:digest: the archive of a bundle by the digest that recordings name (`policy.bundle_sha256` of the
 * open statement). Whoever reads it unpacks it and compares the digest of its files: the answer itself proves nothing.
 */
export const policyBundleParams = z.strictObject({ digest: sha256Hex });

const tufKeyJson = z.strictObject({ keytype: z.string().max(20), scheme: z.string().max(40), keyval: z.strictObject({ public: z.string().max(400) }), 'x-name': z.string().max(100).optional() });
/** GET /v1/policy/online-keys: public halves of the keys with which this store signs snapshot and timestamp. */
export const onlineKeysReply = z.strictObject({ snapshot: tufKeyJson, timestamp: tufKeyJson });

const metadataText = z.string().min(2).max(4 * 1024 * 1024);
/** POST /v1/policy/push: signed files as they are. New roots in order; targets and rings only where they are new. */
export const pushBody = z.strictObject({
  roots: z.array(metadataText).max(64).default([]),
  targets: metadataText.optional(),
  rings: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), metadataText).default({}),
});
export const roleVersions = z.record(z.string().max(40), version);
export const policyVersionsReply = z.strictObject({ versions: roleVersions });
/** GET /v1/policy/status. Without `versions` nothing has been pushed yet. */
export const policyStatusReply = z.strictObject({ versions: roleVersions.optional() });

export const tufVersions = z.strictObject({ root: version, timestamp: version, snapshot: version, targets: version, ring: version });

/**
 * What a device says about its policy, as the payload of a DSSE envelope of kind `bundle`, signed by its key.
 * `activated`: decides from now on. `refused`: stays with what it has. `degraded`: only break-glass from now on.
 * `break_glass`: a session was opened all the same.
 */
export const bundleReport = z.strictObject({
  v: z.literal(1),
  device_id: deviceId,
  t: timeMs,
  outcome: z.enum(['activated', 'refused', 'degraded', 'break_glass']),
  ring: z.string().max(40),
  /** The bundle that the report is about; absent when a repository was refused before any bundle was known. */
  bundle: z.strictObject({ sha256: sha256Hex, name: line(100), serial: version }).optional(),
  tuf: tufVersions.optional(),
  reason: z.string().max(2_000),
  session_id: sessionId.optional(),
  agent: line(100),
});
export type BundleReport = z.output<typeof bundleReport>;

/** POST /v1/policy/reports */
export const reportBody = z.strictObject({ envelope: z.string().max(64 * 1024) });

export const policyDevice = z.strictObject({
  device_id: deviceId,
  name: z.string(),
  owner: principal.pick({ iss: true, sub: true, name: true }),
  report: bundleReport.optional(),
  received_ms: timeMs.optional(),
});
export const policyDevices = z.strictObject({ devices: z.array(policyDevice) });
export type PolicyDevice = z.output<typeof policyDevice>;

/** PUT /v1/policy/targets/:sha256, answer. */
export const uploadedTarget = z.strictObject({ sha256: sha256Hex, bytes: z.number().int().min(0) });
