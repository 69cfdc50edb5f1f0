import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../base/encoding.ts';
import { CompactRange, consistencyProof, inclusionProof, leafHash, rootOf, verifyConsistency, verifyInclusion } from './merkle.ts';
import { nodeSha256 } from './node-crypto.ts';

// The test tree of the Certificate Transparency reference implementations.
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(fromHex);
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = inputs.map((i) => leafHash(i));
const many = Array.from({ length: 33 }, (_, i) => leafHash(Uint8Array.of(i)));

describe('tree', () => {
  it('has the published roots, with either hash function', () => {
    for (const sha256 of [undefined, nodeSha256]) {
      const range = new CompactRange(sha256);
      expect(toHex(range.root())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
      const seen = leaves.map((leaf) => (range.append(leaf), toHex(range.root())));
      expect(seen).toEqual(roots);
    }
  });

  it('goes on from a saved range', () => {
    for (let cut = 0; cut <= many.length; cut++) {
      const first = new CompactRange();
      for (const leaf of many.slice(0, cut)) first.append(leaf);
      const second = new CompactRange(undefined, first.size, first.hashes);
      for (const leaf of many.slice(cut)) second.append(leaf);
      expect(second.root()).toEqual(rootOf(many));
    }
  });

  it('refuses a range that cannot be', () => {
    expect(() => new CompactRange(undefined, 3, [many[0]!])).toThrow(/one hash per set bit/);
  });
});

describe('inclusion', () => {
  it('is proved for each leaf of each size and for no other', () => {
    for (let size = 1; size <= many.length; size++) {
      const tree = many.slice(0, size);
      const root = rootOf(tree);
      tree.forEach((leaf, index) => {
        const proof = inclusionProof(tree, index);
        const claim = { leaf, index, size, proof, root };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, leaf: leafHash(Uint8Array.of(99)) })).toBe(false);
        expect(verifyInclusion({ ...claim, index: index + 1 })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...proof, leaf] })).toBe(false);
        if (proof.length > 0) expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(false);
      });
    }
  });
});

describe('consistency', () => {
  it('is proved for each pair of sizes and for no other roots', () => {
    for (let newSize = 1; newSize <= many.length; newSize++) {
      const tree = many.slice(0, newSize);
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const claim = { oldSize, newSize, oldRoot: rootOf(many.slice(0, oldSize)), newRoot: rootOf(tree), proof: consistencyProof(tree, oldSize) };
        expect(verifyConsistency(claim)).toBe(true);
        expect(verifyConsistency({ ...claim, oldRoot: leafHash(Uint8Array.of(99)) })).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...claim.proof, many[0]!] })).toBe(false);
        if (oldSize > 0 && oldSize < newSize) expect(verifyConsistency({ ...claim, newRoot: leafHash(Uint8Array.of(99)) })).toBe(false);
      }
    }
  });
});
