import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../../base/encoding.ts';
import { BugError } from '../../base/errors.ts';
import { type Certificate, certificateBody, decodeCertificate, ED25519_CERTIFICATE, signedCertificate } from './certificate.ts';
import { blobOfLine, decodePublicKey, ED25519, encodePublicKey, keyLine } from './public-key.ts';

/** Made by `ssh-keygen -s` of OpenSSH 9.2: serial 77, principals deploy and web, ten minutes of 1 January 2030, two critical options. */
const made =
  'ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAII4pF8m3ly4K9ZUAjDk5TQN0anXjNxeEH/GwC9x4wkqfAAAAIIJcxibw8A/XBc3zFH9CWt2tXRNrACJSQhuUiMNOpyxrAAAAAAAAAE0AAAABAAAAGWFsaWNlQGV4YW1wbGUuY29tIHNlc3Npb24AAAARAAAABmRlcGxveQAAAAN3ZWIAAAAAcNvYgAAAAABw29rYAAAAVAAAAA1mb3JjZS1jb21tYW5kAAAADgAAAAplY2hvICJhIGIiAAAADnNvdXJjZS1hZGRyZXNzAAAAGwAAABcxMC4wLjAuMC84LDEyNy4wLjAuMS8zMgAAABIAAAAKcGVybWl0LXB0eQAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACAc5AsKU8CXECFa9KXj+itH9t2GMrpuf+e7/3LdjnVa1wAAAFMAAAALc3NoLWVkMjU1MTkAAABAx219aaFn0f9ghTkMTbyAPl6sG702O2up2iyGYmgnPcysZtmjzjabvwLjGIfqJaDNNBC9oubgPRk2UYLnF8b9BA== u';
const ca = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBzkCwpTwJcQIVr0peP6K0f23YYyum5/57v/ct2OdVrX ca';
const own = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIJcxibw8A/XBc3zFH9CWt2tXRNrACJSQhuUiMNOpyxr u';
const key = (line: string): Uint8Array => decodePublicKey(blobOfLine(ED25519, line));
const blob = blobOfLine(ED25519_CERTIFICATE, made);

describe('a certificate that ssh-keygen made', () => {
  it('is read whole', () => {
    const { certificate } = decodeCertificate(blob);
    expect(certificate).toEqual({
      nonce: blob.slice(40, 72),
      publicKey: key(own),
      serial: 77n,
      type: 'user',
      keyId: 'alice@example.com session',
      principals: ['deploy', 'web'],
      validAfterS: BigInt(Date.UTC(2030, 0, 1) / 1000),
      validBeforeS: BigInt(Date.UTC(2030, 0, 1, 0, 10) / 1000),
      criticalOptions: { 'force-command': 'echo "a b"', 'source-address': '10.0.0.0/8,127.0.0.1/32' },
      extensions: { 'permit-pty': '' },
      caKey: key(ca),
    });
  });

  it('carries a signature of its CA over the body that is given back', () => {
    const { body, signature } = decodeCertificate(blob);
    const object = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key(ca)).toString('base64url') }, format: 'jwk' });
    expect(verify(null, body, object, signature)).toBe(true);
    const changed = Uint8Array.from(body);
    changed[100] = (changed[100] ?? 0) ^ 1;
    expect(verify(null, changed, object, signature)).toBe(false);
  });

  it('is made again byte for byte', () => {
    const { certificate, signature } = decodeCertificate(blob);
    expect(toBase64(signedCertificate(certificateBody(certificate), signature))).toBe(toBase64(blob));
  });
});

describe('certificates of ours', () => {
  const seed = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]), format: 'der', type: 'pkcs8' });
  const base: Certificate = {
    nonce: new Uint8Array(32),
    publicKey: key(own),
    serial: 0xffff_ffff_ffff_ffffn,
    type: 'host',
    keyId: 'Zoë',
    principals: ['a'],
    validAfterS: 0n,
    validBeforeS: 0xffff_ffff_ffff_ffffn,
    criticalOptions: { z: '1', a: '2' },
    extensions: { 'permit-pty': '', 'a@b': 'x' },
    caKey: key(ca),
  };
  const issued = (c: Certificate): Uint8Array => {
    const body = certificateBody(c);
    return signedCertificate(body, sign(null, body, seed));
  };

  it('come back as they went, with options in ascending order', () => {
    const back = decodeCertificate(issued(base)).certificate;
    expect(back).toEqual(base);
    expect(Object.keys(back.criticalOptions)).toEqual(['a', 'z']);
  });

  it.each([
    ['no principals', { principals: [] }],
    ['an empty principal', { principals: ['a', ''] }],
    ['too many principals', { principals: Array.from({ length: 257 }, (_, i) => `p${i}`) }],
    ['a short key', { publicKey: new Uint8Array(31) }],
    ['a serial of 65 bits', { serial: 1n << 64n }],
    ['a time before the epoch', { validAfterS: -1n }],
  ])('are not made with %s', (_what, change) => {
    expect(() => certificateBody({ ...base, ...change })).toThrow(BugError);
  });
});

it('lines of other types are not taken', () => {
  expect(() => blobOfLine(ED25519, made)).toThrow(/not a line of type/);
  expect(() => decodePublicKey(fromBase64(made.split(' ')[1] ?? ''))).toThrow(/only ssh-ed25519/);
  expect(keyLine(ED25519, encodePublicKey(key(own)), 'u')).toBe(own);
});
