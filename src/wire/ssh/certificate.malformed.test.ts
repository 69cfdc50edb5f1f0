import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../base/bytes.ts';
import { MalformedError } from '../../base/errors.ts';
import { caught } from '../../testing/pg-malformed.ts';
import { type Certificate, certificateBody, decodeCertificate, ED25519_CERTIFICATE, signedCertificate } from './certificate.ts';
import { packed, writeString, writeU64 } from './data-types.ts';
import { decodePublicKey, decodeSignature, encodePublicKey } from './public-key.ts';

const good: Certificate = { nonce: new Uint8Array(32).fill(1), publicKey: new Uint8Array(32).fill(2), serial: 1n, type: 'user', keyId: 'k', principals: ['p', 'q'], validAfterS: 1n, validBeforeS: 2n, criticalOptions: { a: 'b' }, extensions: { 'permit-pty': '' }, caKey: new Uint8Array(32).fill(3) };
const blob = signedCertificate(certificateBody(good), new Uint8Array(64).fill(4));

interface Raw {
  readonly type: string;
  readonly key: Uint8Array;
  readonly kind: number;
  readonly keyId: Uint8Array;
  readonly principals: Uint8Array;
  readonly critical: Uint8Array;
  readonly extensions: Uint8Array;
  readonly reserved: string;
  readonly ca: Uint8Array;
  readonly signature: Uint8Array;
}

/** Field by field, so that each can be wrong. */
function raw(change: Partial<Raw>): Uint8Array {
  const empty = new Uint8Array(0);
  const o: Raw = { type: ED25519_CERTIFICATE, key: good.publicKey, kind: 1, keyId: empty, principals: packed(['p']), critical: empty, extensions: empty, reserved: '', ca: encodePublicKey(good.caKey), signature: packed(['ssh-ed25519', new Uint8Array(64)]), ...change };
  const w = new ByteWriter();
  for (const s of [o.type, good.nonce, o.key]) writeString(w, s);
  writeU64(w, 1n);
  w.u32(o.kind);
  writeString(w, o.keyId);
  writeString(w, o.principals);
  writeU64(w, 1n);
  writeU64(w, 2n);
  for (const s of [o.critical, o.extensions, o.reserved, o.ca, o.signature]) writeString(w, s);
  return w.finish();
}

describe('hostile certificates', () => {
  it('the builder makes a good one', () => {
    expect(decodeCertificate(raw({})).certificate.principals).toEqual(['p']);
  });

  it('is cut at every byte', () => {
    for (let n = 0; n < blob.length; n++) expect(caught(() => decodeCertificate(blob.subarray(0, n))), `${n} bytes`).toMatchObject({ name: 'MalformedError' });
  });

  it('goes on after its end', () => {
    expect(caught(() => decodeCertificate(new Uint8Array([...blob, 0])))).toMatchObject({ code: 'malformed.trailing' });
  });

  it.each([
    ['another type', { type: 'ssh-rsa-cert-v01@openssh.com' }, 'malformed.unknown_type'],
    ['a key of 31 bytes', { key: new Uint8Array(31) }, 'malformed.length'],
    ['neither user nor host', { kind: 3 }, 'malformed.value'],
    ['a key id that is not UTF-8', { keyId: Uint8Array.of(0xff) }, 'malformed.encoding'],
    ['a principal without a name', { principals: packed(['a', '']) }, 'malformed.value'],
    ['a principal cut off', { principals: Uint8Array.of(0, 0, 0, 9, 65) }, 'malformed.truncated'],
    ['too many principals', { principals: packed(Array.from({ length: 257 }, () => 'p')) }, 'malformed.length'],
    ['a negative length', { principals: Uint8Array.of(0xff, 0xff, 0xff, 0xff) }, 'malformed.length'],
    ['options in descending order', { critical: packed(['b', '', 'a', '']) }, 'malformed.value'],
    ['an option twice', { extensions: packed(['a', '', 'a', '']) }, 'malformed.value'],
    ['an option without data', { critical: packed(['a']) }, 'malformed.truncated'],
    ['bytes after an option’s value', { critical: packed(['a', Uint8Array.of(0, 0, 0, 1, 65, 66)]) }, 'malformed.trailing'],
    ['an option with an empty value', { critical: packed(['a', packed([''])]) }, 'malformed.value'],
    ['something in the reserved field', { reserved: 'x' }, 'malformed.value'],
    ['a CA of another type', { ca: packed(['ssh-rsa', new Uint8Array(32)]) }, 'malformed.unknown_type'],
    ['a CA with more after it', { ca: packed(['ssh-ed25519', new Uint8Array(32), 'x']) }, 'malformed.trailing'],
    ['a signature of another type', { signature: packed(['rsa-sha2-512', new Uint8Array(64)]) }, 'malformed.unknown_type'],
    ['a signature of 63 bytes', { signature: packed(['ssh-ed25519', new Uint8Array(63)]) }, 'malformed.length'],
  ])('%s is refused', (_what, change, code) => {
    expect(caught(() => decodeCertificate(raw(change)))).toMatchObject({ name: 'MalformedError', code });
  });

  it('one of more than 64 KiB is not read', () => {
    expect(caught(() => decodeCertificate(raw({ keyId: new Uint8Array(70_000).fill(65) })))).toMatchObject({ code: 'malformed.length' });
  });

  it('bytes at random, and good ones with a change, are read or refused, nothing else', () => {
    const read = (bytes: Uint8Array): void => {
      for (const decode of [decodeCertificate, decodePublicKey, decodeSignature]) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read));
    fc.assert(
      fc.property(fc.nat(blob.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(blob);
        changed[at] = value;
        read(changed);
      }),
    );
  });

  it('what was read is what is written: no certificate has two forms', () => {
    fc.assert(
      fc.property(fc.nat(blob.length - 1), fc.nat(255), (at, value) => {
        const changed = Uint8Array.from(blob);
        changed[at] = value;
        try {
          const { certificate, signature } = decodeCertificate(changed);
          expect(Buffer.from(signedCertificate(certificateBody(certificate), signature))).toEqual(Buffer.from(changed));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
