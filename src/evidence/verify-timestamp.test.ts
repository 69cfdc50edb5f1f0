import { X509Certificate } from 'node:crypto';
import { ContentInfo, SignedData } from 'pkijs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../base/encoding.ts';
import { startTestTsa, type TestTsa } from '../testing/test-tsa.ts';
import type { TimestampAuthority } from './trust.ts';
import { verifyTimestampToken } from './verify-timestamp.ts';

const message = utf8('store.test/log\n5\nroot\n');
const made: TestTsa[] = [];
let rsa: TestTsa;
let ec: TestTsa;
const authority = (tsa: TestTsa, name = 'tsa'): TimestampAuthority => ({ name, certificate: new Uint8Array(new X509Certificate(tsa.rootPem).raw) });

beforeAll(async () => {
  [rsa, ec] = [await startTestTsa('rsa'), await startTestTsa('ec')];
  made.push(rsa, ec);
});
afterAll(async () => {
  for (const tsa of made) await tsa.stop();
});

describe('a timestamp token of OpenSSL', () => {
  it.each(['rsa', 'ec'] as const)('verifies for its message, under its root, with %s keys', async (alg) => {
    const tsa = alg === 'rsa' ? rsa : ec;
    const token = tsa.token(message);
    const stamped = await verifyTimestampToken(token, message, [authority(alg === 'rsa' ? ec : rsa, 'other'), authority(tsa)]);
    expect(stamped.authority).toBe('tsa');
    expect(Math.abs(Date.now() - stamped.timeMs)).toBeLessThan(120_000);
  });
  it('is refused for another message, under another root, under none', async () => {
    const token = rsa.token(message);
    await expect(verifyTimestampToken(token, utf8('other'), [authority(rsa)])).rejects.toThrow(/the timestamp is not by tsa/);
    await expect(verifyTimestampToken(token, message, [authority(ec)])).rejects.toThrow(/the timestamp is not by tsa/);
    await expect(verifyTimestampToken(token, message, [])).rejects.toThrow(/no timestamp authority is trusted/);
  });
  it('is refused when it was not made for stamping', async () => {
    const signed = new SignedData({ schema: ContentInfo.fromBER(rsa.token(message)).content });
    const tstInfo = new Uint8Array(signed.encapContentInfo.eContent!.getValue());
    const root = [authority(rsa)];
    expect((await verifyTimestampToken(rsa.cms(tstInfo, {}), message, root)).authority).toBe('tsa');
    await expect(verifyTimestampToken(rsa.cms(tstInfo, { usage: 'other' }), message, root)).rejects.toThrow(/not one for timestamps/);
    await expect(verifyTimestampToken(rsa.cms(tstInfo, { contentType: '1.2.840.113549.1.7.1' }), message, root)).rejects.toThrow(/does not hold a TSTInfo/);
    await expect(verifyTimestampToken(rsa.cms(tstInfo, { unnamed: true }), message, root)).rejects.toThrow(/does not name its certificate/);
    await expect(verifyTimestampToken(rsa.cms(utf8('nothing'), {}), message, root)).rejects.toThrow(/TSTInfo cannot be read/);
  });
  it('never says another time when a byte changed', async () => {
    const token = rsa.token(message);
    const root = [authority(rsa)];
    const { timeMs } = await verifyTimestampToken(token, message, root);
    for (let at = 0; at < token.length; at += 101) {
      const changed = Uint8Array.from(token, (b, i) => (i === at ? b ^ 0x55 : b));
      const outcome = await verifyTimestampToken(changed, message, root).then((s) => s.timeMs, () => timeMs);
      expect({ at, outcome }).toEqual({ at, outcome: timeMs });
    }
    for (const cut of [0, 1, 10, 500, token.length - 1]) await expect(verifyTimestampToken(token.slice(0, cut), message, root)).rejects.toThrow();
  });
});
