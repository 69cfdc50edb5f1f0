import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { sealer } from '../crypto/seal.ts';
import { lockDirectory } from '../../evidence/lock.ts';
import { fileObjects } from './file-objects.ts';
import { secretFile } from './secret-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-storage-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('objects', () => {
  const objects = fileObjects(join(dir, 'objects'));
  it('are written once', async () => {
    expect(await objects.putNew('a/b/1.gz', Buffer.from('one'))).toBe('created');
    expect(await objects.putNew('a/b/1.gz', Buffer.from('two'))).toBe('exists');
    expect((await objects.get('a/b/1.gz'))?.toString()).toBe('one');
    expect(await objects.get('a/b/2.gz')).toBeUndefined();
  });

  it('have one winner among many writers', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => objects.putNew('race/x', Buffer.from(String(i)))));
    expect(results.filter((r) => r === 'created')).toHaveLength(1);
    expect(readdirSync(join(dir, 'objects', 'race'))).toEqual(['x']);
  });

  it('are listed by name without unfinished ones', async () => {
    await objects.replace('l/z', Buffer.from('1'));
    await objects.replace('l/m/n', Buffer.from('22'));
    writeFileSync(join(dir, 'objects', 'l', '.half.tmp'), 'x');
    expect(await objects.list('l/')).toEqual([{ name: 'm/n', bytes: 2 }, { name: 'z', bytes: 1 }]);
    expect(await objects.list('none/')).toEqual([]);
  });

  it.each(['../x', 'a/../b', '/etc/passwd', 'a//b', '.hidden', ''])('refuse the key %j', async (key) => {
    await expect(objects.putNew(key, Buffer.from('x'))).rejects.toThrow(/bad object key/);
  });

  it('report a disk that refuses', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(fileObjects(join(dir, 'file')).putNew('a/b', Buffer.from('x'))).rejects.toMatchObject({ code: 'env.io' });
  });
});

describe('secret files', () => {
  it('are made once with mode 0600, even when several start at once', async () => {
    const path = join(dir, 'keys', 'k');
    const all = await Promise.all(Array.from({ length: 8 }, () => secretFile(path, () => randomBytes(32))));
    expect(new Set(all.map((b) => b.toString('hex'))).size).toBe(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('are refused when others can read them', async () => {
    const path = join(dir, 'keys', 'open');
    await secretFile(path, () => randomBytes(32));
    chmodSync(path, 0o640);
    await expect(secretFile(path, () => randomBytes(32))).rejects.toThrow(/read by others/);
  });
});

describe('seal', () => {
  const key = randomBytes(32);
  it('opens what it sealed, for the same target only', () => {
    const sealed = sealer(key).seal('secret', 'tgt_1');
    expect(Buffer.from(sealed).includes('secret')).toBe(false);
    expect(sealer(key).open(sealed, 'tgt_1')).toBe('secret');
    expect(() => sealer(key).open(sealed, 'tgt_2')).toThrow(/tgt_2/);
    expect(() => sealer(randomBytes(32)).open(sealed, 'tgt_1')).toThrow(/cannot be opened/);
  });

  it('notices any flipped bit and any cut', () => {
    const sealed = sealer(key).seal('secret', 't');
    for (let i = 0; i < sealed.length; i++) {
      const bad = sealed.slice();
      bad[i] = (bad[i] ?? 0) ^ 1;
      expect(() => sealer(key).open(bad, 't'), `byte ${i}`).toThrow(/cannot be opened/);
    }
    for (let n = 0; n < sealed.length; n++) expect(() => sealer(key).open(sealed.slice(0, n), 't')).toThrow(/cannot be opened/);
  });
});

describe('the lock of a data directory', () => {
  it('is held once and freed at the end', async () => {
    const path = join(dir, 'locked');
    const free = await lockDirectory(path);
    await expect(lockDirectory(path)).rejects.toThrow(/open already/);
    await free();
    expect(existsSync(join(path, 'lock'))).toBe(false);
    await (await lockDirectory(path))();
  });

  it('respects a running process and takes over from a dead one, or one that only has the same number', async () => {
    const path = join(dir, 'locked2');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'lock'), `${process.ppid}\n`);
    await expect(lockDirectory(path)).rejects.toThrow(new RegExp(`process ${process.ppid}`));
    writeFileSync(join(path, 'lock'), `${process.ppid} 1\n`);
    await (await lockDirectory(path))();
    writeFileSync(join(path, 'lock'), '4194000\n');
    await (await lockDirectory(path))();
  });
});
