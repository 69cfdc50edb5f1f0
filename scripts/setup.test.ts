import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withLock } from './lib/lock.mjs';
import { packagesMatch } from './setup.mjs';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-setup-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('packages in place', () => {
  const lock = { packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' }, 'node_modules/mac': { version: '2.0.0', optional: true } } };

  it('a missing optional package of another platform is fine', () => {
    expect(packagesMatch(lock, { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } })).toBe(true);
  });

  it('a missing, older or altered package is not', () => {
    expect(packagesMatch(lock, { packages: {} })).toBe(false);
    expect(packagesMatch(lock, { packages: { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } } })).toBe(false);
    expect(packagesMatch(lock, { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } } })).toBe(false);
  });
});

describe('the lock between runs', () => {
  it('lets one in at a time', async () => {
    const path = join(dir, 'one.lock');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([withLock(path, work), withLock(path, work), withLock(path, work)]);
    expect(most).toBe(1);
  });

  it('takes over the lock of a process that is gone, and leaves none behind', async () => {
    const path = join(dir, 'dead.lock');
    // Above the largest pid that Linux gives out.
    writeFileSync(path, '4194399');
    await withLock(path, async () => {
      expect(readFileSync(path, 'utf8')).toBe(String(process.pid));
    });
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  it('gives up on a live owner after its time, and says who it is', async () => {
    const path = join(dir, 'live.lock');
    writeFileSync(path, String(process.pid));
    await expect(withLock(path, async () => undefined, { timeoutMs: 0 })).rejects.toThrow(`process ${process.pid}`);
  });
});
