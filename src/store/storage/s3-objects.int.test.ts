import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { S3TestServer } from '../../testing/s3/server.ts';
import { fileObjects } from './file-objects.ts';
import type { ObjectStore } from './objects.ts';
import { openS3, type S3Options } from './s3-objects.ts';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-objects-'));
const closers: (() => void | Promise<void>)[] = [() => rmSync(dir, { recursive: true, force: true })];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function started(o: Parameters<typeof S3TestServer.start>[0] = {}): Promise<S3TestServer> {
  const s3 = await S3TestServer.start(o);
  closers.push(() => s3.down());
  return s3;
}

const optionsFor = (s3: S3TestServer, change: Partial<S3Options> = {}): S3Options => ({
  endpoint: s3.endpoint,
  region: 'eu-test-1',
  bucket: s3.bucketName,
  prefix: 'a/b/',
  pathStyle: true,
  credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
  lock: undefined,
  clock: systemClock,
  ...change,
});

async function opened(s3: S3TestServer, change: Partial<S3Options> = {}): Promise<ObjectStore> {
  const made = await openS3(optionsFor(s3, change));
  closers.push(() => made.close());
  return made.objects;
}

const kinds: readonly (readonly [string, () => Promise<ObjectStore>])[] = [
  ['files', () => Promise.resolve(fileObjects(join(dir, 'objects')))],
  ['S3', async () => opened(await started({ pageSize: 3 }))],
];

describe.each(kinds)('objects in %s', (_name, open) => {
  let objects: ObjectStore;
  beforeAll(async () => {
    objects = await open();
  });

  it('are written once', async () => {
    expect(await objects.putNew('a/b/1.gz', Buffer.from('one'))).toBe('created');
    expect(await objects.putNew('a/b/1.gz', Buffer.from('two'))).toBe('exists');
    expect((await objects.get('a/b/1.gz'))?.toString()).toBe('one');
    expect(await objects.get('a/b/2.gz')).toBeUndefined();
  });

  it('have one winner among many writers', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => objects.putNew('race/x', Buffer.from(String(i)))));
    expect(results.filter((r) => r === 'created')).toHaveLength(1);
  });

  it('are replaced whole', async () => {
    await objects.replace('r/x', Buffer.from('one'));
    await objects.replace('r/x', Buffer.from('two'));
    expect((await objects.get('r/x'))?.toString()).toBe('two');
    await objects.replace('r/empty', Buffer.alloc(0));
    expect((await objects.get('r/empty'))?.length).toBe(0);
  });

  it('are listed by name, over pages', async () => {
    const names = ['a', 'a-b', 'a.b', 'b/c/d', 'b/e', 'x1', 'x2', 'z'];
    for (const [i, name] of names.entries()) await objects.putNew(`l/${name}`, Buffer.alloc(i));
    expect(await objects.list('l/')).toEqual(names.map((name, bytes) => ({ name, bytes })));
    expect(await objects.list('none/')).toEqual([]);
  });

  it('of any bytes come back as they were', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256));
    await objects.putNew('big/x', bytes);
    expect((await objects.get('big/x'))?.equals(bytes)).toBe(true);
  });

  it.each(['../x', 'a/../b', '/etc/passwd', 'a//b', '.hidden', ''])('refuse the key %j', async (key) => {
    await expect(objects.putNew(key, Buffer.from('x'))).rejects.toThrow(/bad object key/);
  });

  it('answer the readiness check', async () => {
    await objects.check();
  });
});

describe('S3-compatible storage', () => {
  it('is refused when it does not keep to If-None-Match', async () => {
    await expect(openS3(optionsFor(await started({ ignoresConditions: true })))).rejects.toThrow(/does not keep to If-None-Match/);
  });

  it('is refused with a wrong secret, and without naming it', async () => {
    const s3 = await started();
    await expect(openS3(optionsFor(s3, { credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: 'geheim' } }))).rejects.toMatchObject({ code: 'env.io', message: expect.not.stringContaining('geheim') as unknown });
    await expect(openS3(optionsFor(s3, { bucket: 'another' }))).rejects.toMatchObject({ code: 'env.io' });
    expect(s3.bucket.keys()).toEqual([]);
  });

  it('keeps its prefix', async () => {
    const s3 = await started();
    const objects = await opened(s3);
    await objects.putNew('x/y', Buffer.from('1'));
    expect(s3.bucket.keys()).toEqual(['a/b/probe/written-once', 'a/b/x/y']);
  });

  it('locks what is written once, where the bucket can', async () => {
    const s3 = await started({ objectLock: true });
    const before = Date.now();
    const objects = await opened(s3, { lock: { mode: 'COMPLIANCE', days: 10 } });
    await objects.putNew('x/y', Buffer.from('1'));
    await objects.replace('x/z', Buffer.from('1'));
    const lock = s3.bucket.latest('a/b/x/y')?.lock;
    expect(lock?.mode).toBe('COMPLIANCE');
    expect(lock?.until).toBeGreaterThanOrEqual(before + 10 * 86_400_000 - 1_000);
    expect(() => s3.bucket.remove('a/b/x/y', Date.now())).toThrow(/locked/);
    expect(s3.bucket.latest('a/b/x/z')?.lock).toBeUndefined();
  });

  it('without object lock is refused where it is configured', async () => {
    await expect(openS3(optionsFor(await started(), { lock: { mode: 'GOVERNANCE', days: 1 } }))).rejects.toThrow(/no object lock/);
  });

  it('gets over a failure or two, and over a connection that was cut', async () => {
    const s3 = await started();
    const objects = await opened(s3);
    const faults = ['cut', { status: 503 }] as const;
    let at = 0;
    s3.fault = () => faults[at++];
    expect(await objects.putNew('x/y', Buffer.from('1'))).toBe('created');
    s3.fault = () => undefined;
    expect(at).toBe(3);
    expect(s3.bucket.versions('a/b/x/y')).toHaveLength(1);
  });

  it('that took an object and lost the answer says so at the next try', async () => {
    const s3 = await started();
    const objects = await opened(s3);
    const take = s3.bucket.put.bind(s3.bucket);
    let lost = false;
    s3.bucket.put = (...args) => {
      const version = take(...args);
      if (!lost) {
        lost = true;
        throw new Error('the answer is lost');
      }
      return version;
    };
    expect(await objects.putNew('x/y', Buffer.from('1'))).toBe('exists');
    expect((await objects.get('x/y'))?.toString()).toBe('1');
  });

  it('that is away is the environment\'s fault, and comes back', async () => {
    const s3 = await started();
    const objects = await opened(s3);
    await s3.down();
    await expect(objects.putNew('x/y', Buffer.from('1'))).rejects.toMatchObject({ name: 'EnvironmentError', code: 'env.unreachable' });
    await expect(objects.get('x/y')).rejects.toMatchObject({ code: 'env.unreachable' });
    await expect(objects.list('x/')).rejects.toMatchObject({ code: 'env.unreachable' });
    await expect(objects.check()).rejects.toMatchObject({ code: 'env.unreachable' });
    await s3.up();
    expect(await objects.putNew('x/y', Buffer.from('1'))).toBe('created');
  });
});
