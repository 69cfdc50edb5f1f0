/** The two primitives that verification needs. The default runs in browsers and in Node; Node may lend faster ones. */
import { toHex } from '../base/encoding.ts';
import { fastHex } from './hex.ts';
import { pureSha256, type Sha256 } from './merkle.ts';
import type { PublicKeyRef } from './types.ts';

export interface CryptoPort {
  readonly sha256: Sha256;
  /** The same digest in lower-case hex. */
  readonly sha256Hex: (data: Uint8Array) => string;
  /** False for a bad signature and for key bytes that are no key. The algorithm is the key's, never the message's. */
  verify(key: PublicKeyRef, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

/** WebCrypto and a small pure SHA-256. Ed25519 needs Safari 17, Firefox 129, Chrome 137 or Node 20. */
export const webCrypto: CryptoPort = {
  sha256: pureSha256,
  sha256Hex: (data) => fastHex(pureSha256(data)),
  verify: async (key, message, signature) => {
    if (signature.length !== 64) return false;
    const { subtle } = globalThis.crypto;
    const [bytes, data, sig] = [new Uint8Array(key.publicKey), new Uint8Array(message), new Uint8Array(signature)];
    try {
      if (key.alg === 'Ed25519') {
        const imported = await subtle.importKey('raw', bytes, { name: 'Ed25519' }, false, ['verify']);
        return await subtle.verify({ name: 'Ed25519' }, imported, sig, data);
      }
      const imported = await subtle.importKey('spki', bytes, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
      return await subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, imported, sig, data);
    } catch (error) {
      // A runtime without the algorithm must not look like a forged recording.
      if (error instanceof Error && error.name === 'NotSupportedError') throw error;
      return false;
    }
  },
};

/** Key id: SHA-256 hex over the public key's bytes (raw 32 bytes for Ed25519, SPKI DER for ES256). */
export const keyIdOf = (publicKey: Uint8Array, sha256: Sha256 = pureSha256): string => toHex(sha256(publicKey));

/** `dev_` and the first 32 hex digits of the key id. */
export const deviceIdOf = (publicKey: Uint8Array, sha256: Sha256 = pureSha256): string => `dev_${keyIdOf(publicKey, sha256).slice(0, 32)}`;
