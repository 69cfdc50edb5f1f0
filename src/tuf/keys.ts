/** Keys of policy signers and of the store: Ed25519 or P-256, as TUF 1.0 writes them (section 4.2). */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import { ConfigError, messageOf } from '../base/errors.ts';

const signerName = z.string().min(1).max(100).regex(/^\P{Cc}*$/u, 'must not hold control characters');

/** `keyval.public` is hex for Ed25519 and PEM for P-256. `x-name` is for people; it is no part of the key's id. */
export const tufKey = z.union([
  z.strictObject({
    keytype: z.literal('ed25519'),
    scheme: z.literal('ed25519'),
    keyval: z.strictObject({ public: z.string().regex(/^[0-9a-f]{64}$/, 'not an Ed25519 public key') }),
    'x-name': signerName.optional(),
  }),
  z.strictObject({
    keytype: z.literal('ecdsa'),
    scheme: z.literal('ecdsa-sha2-nistp256'),
    keyval: z.strictObject({ public: z.string().max(400).refine(isP256Pem, 'not a P-256 public key in PEM') }),
    'x-name': signerName.optional(),
  }),
]);
export type TufKey = z.output<typeof tufKey>;

function isP256Pem(pem: string): boolean {
  try {
    const key = createPublicKey(pem);
    // One form only: the same key written in two ways would count as two signers.
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' && key.export({ format: 'pem', type: 'spki' }) === pem;
  } catch {
    return false;
  }
}

/** SHA-256 of the canonical form of type, scheme and value: the same key has one id, whatever it is called. */
export const keyIdOf = (key: TufKey): string =>
  createHash('sha256').update(canonicalize({ keytype: key.keytype, scheme: key.scheme, keyval: key.keyval }), 'utf8').digest('hex');

export const nameOf = (key: TufKey): string => key['x-name'] ?? keyIdOf(key).slice(0, 8);

export interface TufSigner {
  readonly keyId: string;
  readonly key: TufKey;
  /** Hex signature over bytes. */
  sign(message: Uint8Array): string;
}

export type TufKeyAlg = 'ed25519' | 'p256';

/** A new private key as PKCS#8 PEM. */
export function generatePrivatePem(alg: TufKeyAlg): string {
  const pair = alg === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** @throws ConfigError when the PEM does not hold an Ed25519 or P-256 private key. */
export function signerOf(pem: string, name: string): TufSigner {
  let secret: KeyObject;
  try {
    secret = createPrivateKey(pem);
  } catch (error) {
    throw new ConfigError(`not a private key: ${messageOf(error)}`);
  }
  const key = publicTufKey(createPublicKey(secret), name);
  const digest = key.keytype === 'ed25519' ? null : 'sha256';
  return { keyId: keyIdOf(key), key, sign: (message) => sign(digest, message, secret).toString('hex') };
}

function publicTufKey(key: KeyObject, name: string): TufKey {
  if (key.asymmetricKeyType === 'ed25519') {
    const raw = key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
    return tufKey.parse({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw }, 'x-name': name });
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new ConfigError('policy is signed with Ed25519 or P-256 keys');
  return tufKey.parse({ keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: key.export({ format: 'pem', type: 'spki' }) }, 'x-name': name });
}

const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

/** True for a good signature by this key. */
export function verifyWith(key: TufKey, message: Uint8Array, signatureHex: string): boolean {
  try {
    const signature = Buffer.from(signatureHex, 'hex');
    if (key.keytype === 'ecdsa') return verify('sha256', message, createPublicKey(key.keyval.public), signature);
    const spki = Buffer.concat([SPKI_ED25519, Buffer.from(key.keyval.public, 'hex')]);
    return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature);
  } catch {
    return false;
  }
}
