/** Public keys at the store's door, and tokens. The algorithm comes from the enrolment, never from a message. */
import { createHash, randomBytes } from 'node:crypto';
import { MalformedError } from '../../base/errors.ts';
import { publicKeyObject } from '../../evidence/node-crypto.ts';
import type { KeyAlg } from '../../evidence/types.ts';

/**
 * Accepts one encoding per key, because the device id is a hash over these bytes.
 * @throws MalformedError when the bytes are not a public key of that algorithm in canonical form.
 */
export function checkPublicKey(alg: KeyAlg, publicKey: Uint8Array): void {
  let canonical: boolean;
  try {
    const key = publicKeyObject({ alg, publicKey });
    canonical = alg === 'Ed25519' ? publicKey.length === 32 : key.export({ format: 'der', type: 'spki' }).equals(publicKey);
  } catch {
    canonical = false;
  }
  if (!canonical) throw new MalformedError('malformed.value', `not an ${alg} public key`);
}

export const sha256Hex = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

/** 256 random bits as 43 characters. */
export const randomToken = (): string => randomBytes(32).toString('base64url');
