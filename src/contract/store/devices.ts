/** Enrolment of device keys, and the messages that devices sign. */
import { sha256 } from '@noble/hashes/sha2.js';
import { z } from 'zod';
import { toHex, utf8 } from '../../base/encoding.ts';
import { base64, deviceId, keyAlg, line, principal, timeMs } from './common.ts';

/** POST /v1/devices/challenge */
export const challengeReply = z.strictObject({ challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/), expires_ms: timeMs });

/** POST /v1/devices. `signature` is over `enrolmentMessage`. */
export const enrolBody = z.strictObject({
  public_key: base64(200),
  alg: keyAlg,
  name: line(100),
  challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  signature: base64(200),
  /** A pre-authorisation of an administrator: with it the device need not wait for one. */
  code: z.string().regex(/^spd_[A-Za-z0-9_-]{43}$/, 'not a device code').optional(),
});

export const device = z.strictObject({
  device_id: deviceId,
  name: line(100),
  alg: keyAlg,
  public_key: base64(200),
  owner: principal,
  enrolled_ms: timeMs,
  /** A pending device may do nothing until an administrator approves it. */
  state: z.enum(['pending', 'enrolled']),
  /** Devices of CI jobs and agents end by themselves. */
  expires_ms: timeMs.optional(),
  revoked: z.strictObject({ revoked_ms: timeMs, compromised_since_ms: timeMs, reason: line(500) }).optional(),
});
export type Device = z.output<typeof device>;

export const deviceParams = z.strictObject({ id: deviceId });
export const deviceList = z.strictObject({ devices: z.array(device) });
/** POST /v1/devices/:id/revoke. Signatures witnessed before `compromised_since_ms` stay good. */
export const revokeBody = z.strictObject({ compromised_since_ms: timeMs.optional(), reason: line(500) });


/** POST /v1/devices/codes, for administrators: a code that enrols one device without a later approval. */
export const deviceCodeBody = z.strictObject({
  /** Whose device it may enrol; absent: anybody's. */
  person: z.strictObject({ iss: line(500), sub: line(255) }).optional(),
  hours: z.number().min(0.1).max(24 * 30).default(24),
});
export const deviceCodeReply = z.strictObject({ code_id: z.uuid(), code: z.string().regex(/^spd_[A-Za-z0-9_-]{43}$/), expires_ms: timeMs });
/** GET /v1/devices/codes: codes that still work. The codes themselves are not stored. */
export const deviceCodeList = z.strictObject({
  codes: z.array(z.strictObject({ code_id: z.uuid(), person: z.strictObject({ iss: line(500), sub: line(255) }).optional(), created_by: line(1_000), expires_ms: timeMs })),
});
/** DELETE /v1/devices/codes/:code */
export const deviceCodeParams = z.strictObject({ code: z.uuid() });

/** Header of a device-signed request: `<device id> <milliseconds> <nonce> <base64 signature>`. */
export const DEVICE_HEADER = 'sallyport-device';
export const deviceHeader = z
  .string()
  .max(400)
  .regex(/^dev_[0-9a-f]{32} [0-9]{1,15} [A-Za-z0-9_-]{22} [A-Za-z0-9+/]{80,140}={0,2}$/, 'not a device signature header')
  .transform((text) => {
    const [id = '', t = '', nonce = '', signature = ''] = text.split(' ');
    return { device_id: id, t: Number(t), nonce, signature };
  });

/** What a device signs to enrol its key for a person: the person is part of it, so a proof cannot be re-used by another. */
export function enrolmentMessage(o: { challenge: string; alg: string; publicKey: string; iss: string; sub: string }): Uint8Array {
  return utf8(['sallyport-enrol-v1', o.challenge, o.alg, o.publicKey, JSON.stringify([o.iss, o.sub])].join('\n'));
}

/**
 * What a device signs for one request. `host` is the HTTP Host, so that one store cannot relay the request to
 * another; `path` includes the query.
 */
export function deviceRequestMessage(o: { method: string; host: string; path: string; t: number; nonce: string; body: Uint8Array }): Uint8Array {
  return utf8(['sallyport-device-v1', o.method, o.host, o.path, String(o.t), o.nonce, toHex(sha256(o.body))].join('\n'));
}

/** `dev_` and the first 32 hex digits of SHA-256 over the public key bytes. */
export const deviceIdOf = (publicKey: Uint8Array): string => `dev_${toHex(sha256(publicKey)).slice(0, 32)}`;
