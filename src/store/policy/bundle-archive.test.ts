/** What the auditor's page makes of an archive that `sallyport bundle build` has written. */
import { describe, expect, it } from 'vitest';
import { digestOfFiles, readArchive } from '../../auditor/policy/bundle-archive.ts';
import { utf8 } from '../../base/encoding.ts';
import { packBundle } from '../../policy/bundle/archive.ts';
import { digestOf } from '../../policy/bundle/files.ts';

const files = new Map([['bundle.yaml', utf8('name: test\n')], ['policies/a.cedar', utf8('permit(principal, action, resource);\n'.repeat(40))], ['policies/b.cedar', utf8('permit(principal, action, resource);')]]);

describe('the bundle that decided', () => {
  it('is read from its archive, and known by the digest that sessions carry', async () => {
    const read = await readArchive(new Uint8Array(packBundle(files)));
    expect([...read.keys()].sort()).toEqual([...files.keys()].sort());
    expect(digestOfFiles(read)).toBe(digestOf(files));
    const other = new Map(read).set('policies/b.cedar', utf8('permit(principal, action, resource) ;'));
    expect(digestOfFiles(other)).not.toBe(digestOf(files));
  });

  it('is refused when it is cut or no archive', async () => {
    const archive = new Uint8Array(packBundle(files));
    await expect(readArchive(archive.slice(0, 700))).rejects.toThrow();
    await expect(readArchive(new Uint8Array([1, 2, 3]))).rejects.toThrow();
  });
});
