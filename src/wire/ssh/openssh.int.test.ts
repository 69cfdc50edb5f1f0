/** Our certificates and lists in the hands of OpenSSH's own tools, and theirs in ours. */
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, certificateBody, decodeCertificate, ED25519_CERTIFICATE, signedCertificate } from './certificate.ts';
import { encodeKrl } from './krl.ts';
import { blobOfLine, decodePublicKey, ED25519, encodePublicKey, keyLine } from './public-key.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'sallyport-ssh-wire-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const at = (name: string): string => path.join(dir, name);
const keygen = (...args: string[]): string => execFileSync('ssh-keygen', args, { cwd: dir, encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } });
const rawOf = (key: KeyObject): Uint8Array => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');

function ca(): { readonly key: Uint8Array; issue(change: Partial<Certificate>): Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = rawOf(publicKey);
  return {
    key,
    issue: (change) => {
      const body = certificateBody({ nonce: randomBytes(32), publicKey: rawOf(generateKeyPairSync('ed25519').publicKey), serial: 1n, type: 'user', keyId: 'k', principals: ['p'], validAfterS: 0n, validBeforeS: 1n, criticalOptions: {}, extensions: {}, caKey: key, ...change });
      return signedCertificate(body, sign(null, body, privateKey));
    },
  };
}

describe('certificates', () => {
  it('of ours are read by ssh-keygen', () => {
    const blob = ca().issue({
      serial: 9_007_199_254_740_993n,
      keyId: 'session=1 person=alice@example.com',
      principals: ['deploy', 'web-1'],
      validAfterS: BigInt(Date.UTC(2031, 1, 2, 3, 4, 5) / 1000),
      validBeforeS: BigInt(Date.UTC(2031, 1, 2, 3, 9, 5) / 1000),
      criticalOptions: { 'source-address': '10.0.0.0/8,::1', 'force-command': '/bin/true' },
      extensions: { 'permit-pty': '', 'permit-port-forwarding': '' },
    });
    writeFileSync(at('ours-cert.pub'), `${keyLine(ED25519_CERTIFICATE, blob)}\n`);
    const shown = keygen('-L', '-f', 'ours-cert.pub').replace(/\s+/g, ' ');
    expect(shown).toContain('user certificate');
    expect(shown).toContain('Key ID: "session=1 person=alice@example.com" Serial: 9007199254740993 Valid: from 2031-02-02T03:04:05 to 2031-02-02T03:09:05');
    expect(shown).toContain('Principals: deploy web-1 Critical Options: force-command /bin/true source-address 10.0.0.0/8,::1 Extensions: permit-port-forwarding permit-pty');
  });

  it('of ssh-keygen are read by ours', () => {
    keygen('-q', '-t', 'ed25519', '-N', '', '-f', 'ca');
    keygen('-q', '-t', 'ed25519', '-N', '', '-f', 'user');
    const pub = (name: string): Uint8Array => decodePublicKey(blobOfLine(ED25519, readFileSync(at(name), 'utf8').trim()));
    const read = (...args: string[]): Certificate => {
      keygen('-q', '-s', 'ca', '-I', 'someone', ...args, 'user.pub');
      return decodeCertificate(blobOfLine(ED25519_CERTIFICATE, readFileSync(at('user-cert.pub'), 'utf8').trim())).certificate;
    };
    expect(read('-n', 'a,b', '-z', '18446744073709551615', '-O', 'clear')).toMatchObject({ serial: 2n ** 64n - 1n, principals: ['a', 'b'], extensions: {}, validAfterS: 0n, validBeforeS: 2n ** 64n - 1n, publicKey: pub('user.pub'), caKey: pub('ca.pub'), type: 'user' });
    expect(read('-h', '-n', 'host.example', '-V', '+1h')).toMatchObject({ type: 'host', principals: ['host.example'] });
    expect(read('-O', 'extension:x@example.com=1', '-O', 'critical:y@example.com=two')).toMatchObject({ principals: [], extensions: { 'x@example.com': '1', 'permit-pty': '' }, criticalOptions: { 'y@example.com': 'two' } });
  });
});

describe('revocation lists', () => {
  const refused = (name: string, blob: Uint8Array, type = ED25519_CERTIFICATE): boolean => {
    writeFileSync(at(name), `${keyLine(type, blob)}\n`);
    const run = spawnSync('ssh-keygen', ['-Q', '-f', 'list.krl', name], { cwd: dir, encoding: 'utf8' });
    expect(`${run.stdout}${run.stderr}`).toMatch(/: (ok|REVOKED)/i);
    return run.status !== 0;
  };
  const list = (certificates: Parameters<typeof encodeKrl>[0]['certificates'], keys: readonly Uint8Array[] = []): void =>
    writeFileSync(at('list.krl'), encodeKrl({ version: 3n, generatedS: 1n, comment: 'test', certificates, keys }));

  it('names certificates by the number that this CA gave them', () => {
    const [one, other] = [ca(), ca()];
    list([
      { caKey: one.key, serials: [1n, 2n, 70_000n, 2n ** 63n] },
      { caKey: other.key, serials: [5n] },
    ]);
    for (const serial of [1n, 2n, 70_000n, 2n ** 63n]) expect(refused('c.pub', one.issue({ serial })), `${serial}`).toBe(true);
    for (const serial of [3n, 5n]) expect(refused('c.pub', one.issue({ serial })), `${serial}`).toBe(false);
    expect(refused('c.pub', other.issue({ serial: 5n }))).toBe(true);
    expect(refused('c.pub', other.issue({ serial: 1n }))).toBe(false);
  });

  it('names a key whole, and with it every certificate that it has signed', () => {
    const [gone, still] = [ca(), ca()];
    list([], [gone.key]);
    expect(refused('k.pub', encodePublicKey(gone.key), ED25519)).toBe(true);
    expect(refused('c.pub', gone.issue({ serial: 8n }))).toBe(true);
    expect(refused('c.pub', still.issue({ serial: 8n }))).toBe(false);
  });

  it('may be empty', () => {
    list([{ caKey: ca().key, serials: [] }]);
    expect(refused('c.pub', ca().issue({}))).toBe(false);
    expect(keygen('-Q', '-l', '-f', 'list.krl')).toContain('# KRL version 3');
  });
});
