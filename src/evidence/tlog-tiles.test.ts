import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toHex, utf8 } from '../base/encoding.ts';
import { CompactRange, consistencyProof, inclusionProof, leafHash, rootOf, verifyConsistency, verifyInclusion } from './merkle.ts';
import { nodeSha256 } from './node-crypto.ts';
import { formatEntryBundle, logEntryOf, parseEntryBundle } from './tlog-entry.ts';
import { type Edges, growTiles, hashesAt, parseTilePath, type TileReader, tilePath, TileTree, tileWidth, widthIn } from './tlog-tiles.ts';

const seed = { seed: 20_261_121 };
const leaf = (i: number): Uint8Array => leafHash(Uint8Array.of(i >> 16, i >> 8, i), nodeSha256);
const leavesTo = (n: number): Uint8Array[] => Array.from({ length: n }, (_, i) => leaf(i));

/** A tree that grew in these steps, as a store keeps it: full tiles by path, and the edges. */
function grown(steps: readonly number[]): { size: number; full: Map<string, Uint8Array>; edges: Edges; read: TileReader } {
  const full = new Map<string, Uint8Array>();
  let edges: Edges = [];
  let size = 0;
  for (const step of steps) {
    const growth = growTiles(size, edges, Array.from({ length: step }, (_, i) => leaf(size + i)), nodeSha256);
    for (const { ref, bytes } of growth.full) full.set(tilePath(ref), bytes);
    edges = growth.edges;
    size += step;
  }
  const read: TileReader = (ref) => Promise.resolve(full.get(tilePath({ ...ref, width: tileWidth })) ?? concatBytes(edges[ref.level] ?? []));
  return { size, full, edges, read };
}

/** Of everything that a store keeps of a tree. */
const digestOf = (tree: ReturnType<typeof grown>): string => toHex(nodeSha256(concatBytes([...[...tree.full].flatMap(([path, bytes]) => [utf8(path), bytes]), ...tree.edges.flatMap((edge) => [utf8('edge'), ...edge])])));

describe('paths of tiles', () => {
  // Examples of C2SP tlog-tiles, "Merkle Tree".
  it('are those of the specification', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(tilePath({ level: 'entries', index: 5, width: 17 })).toBe('tile/entries/005.p/17');
  });

  it('are read back, and nothing else is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)), fc.integer({ min: 0, max: 2 ** 45 }), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
        expect(parseTilePath(tilePath({ level, index, width }))).toEqual({ level, index, width });
      }),
      seed,
    );
    const bad = ['tile/64/000', 'tile/00/000', 'tile/0/0', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/0/000.p/05', 'tile/0/x000/001', 'tile/0/001/002', 'tile/-1/000', 'tile/data/000', '/tile/0/000', 'tile/0/000/', 'tile/0/x999/../001', ''];
    for (const path of bad) expect(() => parseTilePath(path), path).toThrow();
  });
});

describe('a tiled tree', () => {
  // The example of C2SP tlog-tiles, "Partial Tiles".
  it('of 70,000 leaves has the tiles of the specification', () => {
    const { full, edges } = grown([70_000]);
    expect([...full.keys()].filter((k) => k.startsWith('tile/0/'))).toHaveLength(273);
    expect([...full.keys()].filter((k) => k.startsWith('tile/1/'))).toEqual(['tile/1/000']);
    expect(edges.map((e) => e.length)).toEqual([112, 17, 1]);
    expect([0, 1, 2].map((level) => hashesAt(70_000, level))).toEqual([70_000, 273, 1]);
    expect(widthIn(70_000, 0, 273)).toBe(112);
    expect(widthIn(70_000, 0, 274)).toBe(0);
  });

  it('of 256 leaves has one full tile and one of width 1 above', () => {
    const { full, edges } = grown([256]);
    expect([...full.keys()]).toEqual(['tile/0/000']);
    expect(edges.map((e) => e.length)).toEqual([0, 1]);
  });

  it('has one content, however it grew', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }), (steps) => {
        const [once, often] = [grown([steps.reduce((a, b) => a + b, 0)]), grown(steps)];
        expect(digestOf(often)).toBe(digestOf(once));
      }),
      { ...seed, numRuns: 15 },
    );
  });

  it('gives the proofs of RFC 6962, for random sizes and leaves', async () => {
    const { read } = grown([1_500]);
    const all = leavesTo(1_500);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_500 }), fc.nat(), fc.nat(), async (size, a, b) => {
        const [index, oldSize] = [a % size, b % (size + 1)];
        const tree = new TileTree(size, read, nodeSha256);
        const leaves = all.slice(0, size);
        expect((await tree.inclusion(index)).map(toHex)).toEqual(inclusionProof(leaves, index, nodeSha256).map(toHex));
        expect((await tree.consistency(oldSize)).map(toHex)).toEqual(consistencyProof(leaves, oldSize, nodeSha256).map(toHex));
        expect(toHex(await tree.root())).toBe(toHex(rootOf(leaves, nodeSha256)));
      }),
      { ...seed, numRuns: 60 },
    );
  });

  it('proves across levels of tiles, and a changed tile breaks the proof', async () => {
    const { read, size } = grown([40_000, 30_000]);
    const range = new CompactRange(nodeSha256);
    for (let i = 0; i < size; i++) range.append(leaf(i));
    const root = range.root();
    const tree = new TileTree(size, read, nodeSha256);
    for (const index of [0, 255, 256, 65_535, 65_536, 69_999]) {
      expect(verifyInclusion({ leaf: leaf(index), index, size, proof: await tree.inclusion(index), root }, nodeSha256)).toBe(true);
    }
    for (const oldSize of [1, 256, 65_536, 65_537, 69_888, 69_999]) {
      const old = new CompactRange(nodeSha256);
      for (let i = 0; i < oldSize; i++) old.append(leaf(i));
      expect(verifyConsistency({ oldSize, newSize: size, oldRoot: old.root(), newRoot: root, proof: await tree.consistency(oldSize) }, nodeSha256)).toBe(true);
    }
    const evil = new TileTree(size, async (ref) => ((bytes) => (ref.level === 1 ? Uint8Array.from(bytes, (b, i) => (i === 40 ? b ^ 1 : b)) : bytes))(await read(ref)), nodeSha256);
    expect(toHex(await evil.root())).not.toBe(toHex(root));
    expect(verifyInclusion({ leaf: leaf(69_999), index: 69_999, size, proof: await evil.inclusion(69_999), root }, nodeSha256)).toBe(false);
  });

  it('refuses tiles of another length', async () => {
    const tree = new TileTree(300, () => Promise.resolve(new Uint8Array(31)), nodeSha256);
    await expect(tree.root()).rejects.toThrow(/a tile of/);
  });
});

describe('entry bundles', () => {
  it('are read back', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
        expect(parseEntryBundle(formatEntryBundle(entries), entries.length)).toEqual(entries.map((e) => new Uint8Array(e)));
      }),
      seed,
    );
  });
  it('are refused when cut, or of another number', () => {
    const bundle = formatEntryBundle([Uint8Array.of(1, 2, 3), new Uint8Array(400)]);
    for (let cut = 1; cut < bundle.length; cut++) expect(() => parseEntryBundle(bundle.slice(0, cut), 2)).toThrow();
    expect(() => parseEntryBundle(bundle, 3)).toThrow();
    expect(() => formatEntryBundle([new Uint8Array(65_536)])).toThrow();
  });
  it('hold long statements by digest', () => {
    expect(logEntryOf(new Uint8Array(65_535))).toHaveLength(65_535);
    expect(Buffer.from(logEntryOf(new Uint8Array(65_536))).toString()).toBe(`{"kind":"digest","sha256":"${Buffer.from(nodeSha256(new Uint8Array(65_536))).toString('hex')}","v":1}`);
  });
});
