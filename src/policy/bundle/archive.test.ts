import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundleFiles } from '../../testing/policy.ts';
import { MANIFEST, packBundle, unpackBundle } from './archive.ts';
import { digestOf } from './files.ts';

const files = bundleFiles();

describe('a bundle as one file', () => {
  it('gives the same bytes each time, whatever the order of the files', () => {
    const turned = new Map([...files].reverse());
    expect(packBundle(turned)).toEqual(packBundle(files));
  });

  it('gives back what was packed, and its digest', () => {
    const back = unpackBundle(packBundle(files));
    expect(new Map(back)).toEqual(new Map([...files].sort()));
    expect(digestOf(back)).toBe(digestOf(files));
  });

  it('is plain tar and gzip to others', () => {
    const tar = gunzipSync(packBundle(files));
    expect(tar.subarray(257, 262).toString()).toBe('ustar');
    expect(tar.subarray(0, MANIFEST.length).toString()).toBe(MANIFEST);
    expect(JSON.parse(tar.subarray(512, 512 + parseInt(tar.subarray(124, 135).toString(), 8)).toString())).toMatchObject({ v: 1, bundle: digestOf(files), cedar: expect.stringMatching(/^4\.\d+/) as string });
  });

  it('holds a file of several blocks and an empty one', () => {
    const large = bundleFiles({ 'README.md': 'x'.repeat(200_000), 'policies/none.cedar': '' });
    expect(unpackBundle(packBundle(large)).get('README.md')?.length).toBe(200_000);
  });
});

describe('refuses', () => {
  const archive = packBundle(files);
  const changed = (change: (tar: Buffer) => Buffer | undefined): Uint8Array => {
    const tar = Buffer.from(gunzipSync(archive));
    return new Uint8Array(gzipSync(change(tar) ?? tar));
  };

  it.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('bundle')],
    ['the same tar in another gzip', changed(() => undefined)],
    ['a cut archive', archive.subarray(0, archive.length - 20)],
    ['bytes after the end', Uint8Array.from([...archive, 0])],
    ['another mode', changed((tar) => void tar.write('0000755', 100))],
    ['a size that is no number', changed((tar) => void tar.write('zzzzzzzzzzz', 124))],
    ['a size past the end', changed((tar) => void tar.write('77777777777', 124))],
    ['a file twice', changed((tar) => Buffer.concat([tar.subarray(0, 512), tar]))],
    ['no file list', changed((tar) => tar.subarray(512 + Math.ceil(parseInt(tar.subarray(124, 135).toString(), 8) / 512) * 512))],
  ])('%s', (_what, bytes) => {
    expect(() => unpackBundle(bytes)).toThrow(/not a bundle archive/);
  });

  it('an archive that unpacks without end', () => {
    expect(() => unpackBundle(new Uint8Array(gzipSync(Buffer.alloc(64 * 1024 * 1024))))).toThrow(/not a bundle archive/);
  });
});
