/** Credentials at rest: AES-256-GCM under the operator's key, bound to the target they belong to. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { concatBytes, fromUtf8, utf8 } from '../../base/encoding.ts';
import { EnvironmentError } from '../../base/errors.ts';

/** Layout: version byte 1, 12 bytes nonce, 16 bytes tag, ciphertext. */
const VERSION = 1;

export interface Sealer {
  seal(text: string, context: string): Uint8Array;
  /** @throws EnvironmentError when key, context or bytes are not those of `seal`. */
  open(sealed: Uint8Array, context: string): string;
}

const aad = (context: string): Uint8Array => utf8(`sallyport-seal-v1\n${context}`);

/** @param key 32 bytes of the seal key file. */
export function sealer(key: Uint8Array): Sealer {
  if (key.length !== 32) throw new EnvironmentError('env.io', 'the seal key file does not hold 32 bytes');
  return {
    seal: (text, context) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(aad(context));
      const body = concatBytes([cipher.update(utf8(text)), cipher.final()]);
      return concatBytes([Uint8Array.of(VERSION), nonce, cipher.getAuthTag(), body]);
    },
    open: (sealed, context) => {
      try {
        if (sealed[0] !== VERSION || sealed.length < 29) throw new Error('unknown layout');
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13), { authTagLength: 16 });
        decipher.setAAD(aad(context));
        decipher.setAuthTag(sealed.subarray(13, 29));
        return fromUtf8(concatBytes([decipher.update(sealed.subarray(29)), decipher.final()]));
      } catch {
        // The cause could hold nothing useful and must not hold plaintext.
        throw new EnvironmentError('env.io', `a sealed credential (${context}) cannot be opened with this seal key`);
      }
    },
  };
}
