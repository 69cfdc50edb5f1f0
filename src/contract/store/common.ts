/** Pieces that every part of the store's HTTP API shares. The API is versioned by its path prefix, `/v1`. */
import { z } from 'zod';
import { type ApprovalId, type DeviceId, isApprovalId, isDeviceId, isSessionId, type SessionId } from '../../base/ids.ts';

export const sessionId = z.custom<SessionId>((v) => isSessionId(v), 'not a session id');
export const deviceId = z.custom<DeviceId>((v) => isDeviceId(v), 'not a device id');
export const approvalId = z.custom<ApprovalId>((v) => isApprovalId(v), 'not an approval id');

/** Milliseconds since the Unix epoch. */
export const timeMs = z.number().int().min(0).max(8.64e15);
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hex');
/** Standard base64 with padding; the length bound is of the text. */
export const base64 = (maxLength: number) => z.string().max(maxLength).regex(/^[A-Za-z0-9+/]*={0,2}$/, 'not base64');
/** A short line that people read: no control characters, so that it cannot forge a log line or a terminal title. */
export const line = (max: number) => z.string().min(1).max(max).regex(/^\P{Cc}*$/u, 'must not hold control characters');

export const keyAlg = z.enum(['Ed25519', 'ES256']);

/** Who somebody is, as the store's sign-in established it. `iss` and `sub` together name the person. */
export const principal = z.strictObject({
  kind: z.enum(['User', 'Agent']),
  iss: line(500),
  sub: line(255),
  name: line(255),
  groups: z.array(line(255)).max(500),
});
export type WirePrincipal = z.output<typeof principal>;

export const errorCodes = [
  'bad_request',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'gone',
  'too_large',
  'rate_limited',
  'unprocessable',
  'internal',
  'unavailable',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** Every answer that is not a success has this body. */
export const errorReply = z.strictObject({
  error: z.strictObject({ code: z.enum(errorCodes), message: z.string().max(4_000) }),
});

export const emptyReply = z.strictObject({});
export const noQuery = z.strictObject({});
