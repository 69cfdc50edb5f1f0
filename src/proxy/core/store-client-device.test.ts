import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDeviceFile, personDeviceDir } from './store-client-device.ts';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-device-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('device key files', () => {
  it('makes a key once, for its user only, and finds it again', () => {
    const first = openDeviceFile(join(dir, 'a'));
    expect(first.deviceId).toBe(`dev_${first.keyId.slice(0, 32)}`);
    expect(statSync(join(dir, 'a', 'device.json')).mode & 0o777).toBe(0o600);
    expect(openDeviceFile(join(dir, 'a')).deviceId).toBe(first.deviceId);
  });

  it('refuses a key that others can read, and a damaged one, and replaces neither', () => {
    openDeviceFile(join(dir, 'b'));
    const path = join(dir, 'b', 'device.json');
    chmodSync(path, 0o644);
    expect(() => openDeviceFile(join(dir, 'b'))).toThrow(/read by others/);
    chmodSync(path, 0o600);
    writeFileSync(path, '{"v":1,"alg":"Ed25519","seed":"short"}');
    expect(() => openDeviceFile(join(dir, 'b'))).toThrow(/damaged/);
    expect(readFileSync(path, 'utf8')).toContain('short');
  });

  it('gives every subject one directory below devices, whatever is in its name', () => {
    const subjects = ['alice@example.com', '..', '.', '../../etc', 'a/b', 'a%2fb', 'ä', '', '...x'];
    const names = subjects.filter((s) => s !== '').map((s) => personDeviceDir('/data', s));
    for (const name of names) expect(name).toMatch(/^\/data\/devices\/[A-Za-z0-9@_.%-]+$/);
    expect(names.map((n) => basename(n))).not.toContain('..');
    expect(new Set(names).size).toBe(names.length);
    expect(personDeviceDir('/data', 'alice@example.com')).toBe('/data/devices/alice@example.com');
  });
});
