/** GET /v1/trust: the public keys that a verifier needs. src/evidence's `parseTrust` reads the same shape. */
import { z } from 'zod';
import { base64, deviceId, keyAlg, line, timeMs } from './common.ts';

const person = z.strictObject({ iss: line(500), sub: line(255), name: line(255), groups: z.array(line(255)) });
const revoked = z.strictObject({ compromised_since_ms: timeMs });

const publicKey = z.strictObject({ key_id: line(100), alg: keyAlg, public_key: base64(200) });

/** The key of somebody, with who that is. */
const personalKey = z.strictObject({ key_id: line(100), alg: keyAlg, public_key: base64(200), principal: person, revoked: revoked.optional() });
export type RedactorKey = z.output<typeof personalKey>;

export const trustReply = z.strictObject({
  v: z.literal(1),
  organisation: line(255),
  devices: z.array(z.strictObject({ device_id: deviceId, public_key: base64(200), alg: keyAlg, enrolled_ms: timeMs, revoked: revoked.optional() })),
  witnesses: z.array(z.strictObject({ name: line(255), public_key: base64(200) })),
  receipt_keys: z.array(publicKey),
  /** Who signs the list of files in an export. */
  exporters: z.array(publicKey),
  /** C2SP tlog-policy: the log that every recording must prove to be in, and who must have witnessed it. */
  log_policy: z.string().max(64 * 1024),
  timestamp_authorities: z.array(z.strictObject({ name: line(255), certificate: base64(20_000) })).optional(),
  approvers: z.array(personalKey),
  /** Who signs redactions, and how many people it takes. */
  redactors: z.strictObject({ threshold: z.number().int().min(1), keys: z.array(personalKey) }),
});
