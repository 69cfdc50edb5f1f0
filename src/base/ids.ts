/**
 * Branded identifiers: a guard and a maker each, so that a device id cannot be passed where a session id is meant.
 */
import { MalformedError } from './errors.ts';

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** UUIDv7 (RFC 9562 section 5.7), lower-case with dashes. Sorts by time of creation. */
export type SessionId = Brand<string, 'SessionId'>;
/** `dev_` and the first 32 hex digits of SHA-256 over the device's raw public key. */
export type DeviceId = Brand<string, 'DeviceId'>;
/** `apr_` and a UUIDv7. */
export type ApprovalId = Brand<string, 'ApprovalId'>;
/** `sha256:` and 64 hex digits over the bundle's file list (formats.md section 4.1). */
export type BundleDigest = Brand<string, 'BundleDigest'>;

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const isSessionId = (v: unknown): v is SessionId => typeof v === 'string' && UUID7.test(v);
export const isDeviceId = (v: unknown): v is DeviceId => typeof v === 'string' && /^dev_[0-9a-f]{32}$/.test(v);
export const isApprovalId = (v: unknown): v is ApprovalId => typeof v === 'string' && v.startsWith('apr_') && UUID7.test(v.slice(4));
export const isBundleDigest = (v: unknown): v is BundleDigest => typeof v === 'string' && /^sha256:[0-9a-f]{64}$/.test(v);

function parser<T extends string>(name: string, guard: (v: unknown) => v is T): (v: unknown) => T {
  return (v) => {
    if (!guard(v)) throw new MalformedError('malformed.value', `not a ${name}`);
    return v;
  };
}
export const parseSessionId = parser('session id', isSessionId);
export const parseDeviceId = parser('device id', isDeviceId);
export const parseApprovalId = parser('approval id', isApprovalId);
export const parseBundleDigest = parser('bundle digest', isBundleDigest);

/** A UUIDv7 from the caller's clock and 10 random bytes. */
export function uuidv7(nowMs: number, random: Uint8Array): string {
  const b = new Uint8Array(16);
  let t = nowMs;
  for (let i = 5; i >= 0; i--) {
    b[i] = t % 256;
    t = Math.floor(t / 256);
  }
  b.set(random.subarray(0, 10), 6);
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x70;
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
