import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, fromUtf8, toHex, utf8 } from '../base/encoding.ts';
import { testSigner } from '../testing/evidence-session.ts';
import { pae, parseEnvelope, payloadJson, verifyEnvelope } from './dsse.ts';
import { nodeCrypto } from './node-crypto.ts';
import { ed25519Signer, es256Signer, signStatement } from './sign.ts';
import { keyIdOf, webCrypto } from './verify-crypto.ts';

const ed = testSigner('a');
const es = es256Signer(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);

describe('DSSE', () => {
  it('encodes as the protocol text shows', () => {
    expect(fromUtf8(pae('http://example.com/HelloWorld', utf8('hello world')))).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  it.each([
    ['Ed25519', ed],
    ['ES256', es],
  ] as const)('signs and verifies with %s, on both crypto ports', async (_name, signer) => {
    const text = signStatement('close', { a: 1 }, signer);
    const envelope = parseEnvelope(text, 'close');
    expect(payloadJson(envelope)).toEqual({ a: 1 });
    for (const crypto of [webCrypto, nodeCrypto]) {
      expect(await verifyEnvelope(envelope, signer, crypto)).toBe(true);
      expect(await verifyEnvelope({ ...envelope, payload: utf8('{"a":2}') }, signer, crypto)).toBe(false);
      expect(await verifyEnvelope({ ...envelope, kind: 'open' }, signer, crypto)).toBe(false);
      // Same key id claimed by another key; and the right key under the wrong algorithm.
      expect(await verifyEnvelope(envelope, { ...testSigner('b'), keyId: signer.keyId }, crypto)).toBe(false);
      expect(await verifyEnvelope(envelope, { ...signer, alg: signer.alg === 'ES256' ? 'Ed25519' : 'ES256' }, crypto)).toBe(false);
      expect(await verifyEnvelope(envelope, { ...signer, keyId: 'f'.repeat(64) }, crypto)).toBe(false);
    }
  });

  it('makes the signature of RFC 8032 section 7.1 test 2', () => {
    const signer = ed25519Signer(fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'));
    expect(toHex(signer.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    expect(toHex(signer.sign(fromHex('72')))).toBe('92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00');
    expect(signer.keyId).toBe(keyIdOf(signer.publicKey));
  });
});

describe('malformed envelopes', () => {
  const good = signStatement('close', { a: 1 }, ed);
  const change = (f: (o: Record<string, unknown>) => unknown): string => JSON.stringify(f(JSON.parse(good) as Record<string, unknown>));
  it.each([
    ['white space', `${good}\n`],
    ['not JSON', good.slice(1)],
    ['unknown member', change((o) => ({ ...o, x: 1 }))],
    ['no signature', change((o) => ({ ...o, signatures: [] }))],
    ['two signatures of one key', change((o) => ({ ...o, signatures: [...(o['signatures'] as unknown[]), ...(o['signatures'] as unknown[])] }))],
    ['another kind', signStatement('open', { a: 1 }, ed)],
    ['base64url payload', change((o) => ({ ...o, payload: 'eyJhIjoxfQ' }))],
    ['an array', '[]'],
    ['null', 'null'],
    ['order of members', change(({ payload, ...rest }) => ({ ...rest, payload }))],
  ])('%s', (_name, text) => {
    expect(() => parseEnvelope(text, 'close')).toThrow();
  });
});
