/** Node's own primitives for the verifier and the writer. Never imported by verify*: callers lend it. */
import { createHash, createPublicKey, hash, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { PublicKeyRef } from './types.ts';
import type { CryptoPort } from './verify-crypto.ts';

// The one-shot hash appeared in 20.12 and halves the cost of small inputs; older Electron builds lack it.
const oneShot = typeof hash === 'function';

export const nodeSha256Hex = (data: Uint8Array | string): string => (oneShot ? hash('sha256', data, 'hex') : createHash('sha256').update(data).digest('hex'));

// By way of hex: a digest that comes back as a Buffer of its own costs more than twice as much.
export const nodeSha256 = (data: Uint8Array): Uint8Array => Buffer.from(nodeSha256Hex(data), 'hex');

/** A key object from the bytes that statements and trust files carry. @throws when they are no key of that kind. */
export function publicKeyObject(key: Pick<PublicKeyRef, 'alg' | 'publicKey'>): KeyObject {
  if (key.alg === 'Ed25519') {
    const x = Buffer.from(key.publicKey).toString('base64url');
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  }
  const object = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' });
  if (object.asymmetricKeyType !== 'ec' || object.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('not a P-256 key');
  return object;
}

const cache = new Map<string, KeyObject>();

export const nodeCrypto: CryptoPort = {
  sha256: nodeSha256,
  sha256Hex: nodeSha256Hex,
  verify: (key, message, signature) => {
    try {
      const id = `${key.alg}:${Buffer.from(key.publicKey).toString('base64')}`;
      const object = cache.get(id) ?? publicKeyObject(key);
      if (cache.size > 100) cache.clear();
      cache.set(id, object);
      if (key.alg === 'Ed25519') return Promise.resolve(verify(null, message, object, signature));
      return Promise.resolve(signature.length === 64 && verify('sha256', message, { key: object, dsaEncoding: 'ieee-p1363' }, signature));
    } catch {
      return Promise.resolve(false);
    }
  },
};
