/**
 * Merkle tree of RFC 6962 section 2 / RFC 9162 section 2.1: hashes, compact range, inclusion and consistency proofs.
 * Pure: the hash function is an argument, so that Node may lend its faster one.
 */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '../base/encoding.ts';
import { assert } from '../base/errors.ts';

export type Sha256 = (data: Uint8Array) => Uint8Array;

/** Works everywhere; about half the speed of Node's own for records of a few hundred bytes. */
export const pureSha256: Sha256 = (data) => nobleSha256(data);

const LEAF = Uint8Array.of(0);

/** SHA-256(0x00 || data). */
export const leafHash = (data: Uint8Array, sha256: Sha256 = pureSha256): Uint8Array => sha256(concatBytes([LEAF, data]));

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256 = pureSha256): Uint8Array {
  const both = new Uint8Array(65);
  both[0] = 1;
  both.set(left, 1);
  both.set(right, 33);
  assert(left.length === 32 && right.length === 32, 'a tree node has two 32-byte children');
  return sha256(both);
}

/**
 * The right edge of a growing tree: one hash per set bit of the size, largest subtree first.
 * Enough to append and to compute the root, in memory that grows with the logarithm of the size.
 */
export class CompactRange {
  #size: number;
  #hashes: Uint8Array[];
  readonly #sha256: Sha256;

  constructor(sha256: Sha256 = pureSha256, size = 0, hashes: readonly Uint8Array[] = []) {
    assert(Number.isSafeInteger(size) && size >= 0 && popCount(size) === hashes.length, 'a compact range has one hash per set bit of its size');
    this.#sha256 = sha256;
    this.#size = size;
    this.#hashes = [...hashes];
  }

  get size(): number {
    return this.#size;
  }

  /** The hashes, largest subtree first. With `size` they restore the range. */
  get hashes(): readonly Uint8Array[] {
    return this.#hashes;
  }

  append(leaf: Uint8Array): void {
    let hash = leaf;
    for (let s = this.#size; s % 2 === 1; s = Math.floor(s / 2)) {
      const left = this.#hashes.pop();
      assert(left !== undefined, 'a compact range lost a hash');
      hash = nodeHash(left, hash, this.#sha256);
    }
    this.#hashes.push(hash);
    this.#size++;
  }

  /** Root over all leaves; SHA-256 of nothing for the empty tree. */
  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (let i = this.#hashes.length - 1; i >= 0; i--) {
      const hash = this.#hashes[i];
      assert(hash !== undefined, 'a compact range lost a hash');
      root = root === undefined ? hash : nodeHash(hash, root, this.#sha256);
    }
    return root ?? this.#sha256(new Uint8Array(0));
  }

  clone(): CompactRange {
    // Once per record in the writer and the verifier: what was checked when this range was made is not checked again.
    const copy = new CompactRange(this.#sha256);
    copy.#size = this.#size;
    copy.#hashes = this.#hashes.slice();
    return copy;
  }
}

function popCount(n: number): number {
  let count = 0;
  for (let v = n; v > 0; v = Math.floor(v / 2)) count += v % 2;
  return count;
}

/** Root over leaf hashes. */
export function rootOf(leaves: readonly Uint8Array[], sha256: Sha256 = pureSha256): Uint8Array {
  const range = new CompactRange(sha256);
  for (const leaf of leaves) range.append(leaf);
  return range.root();
}

/** Largest power of two below n (n >= 2). */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** PATH(m, D[n]) of RFC 6962 section 2.1.1, over leaf hashes. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number, sha256: Sha256 = pureSha256): Uint8Array[] {
  assert(index >= 0 && index < leaves.length, 'the leaf is in the tree');
  if (leaves.length === 1) return [];
  const k = splitPoint(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return index < k
    ? [...inclusionProof(left, index, sha256), rootOf(right, sha256)]
    : [...inclusionProof(right, index - k, sha256), rootOf(left, sha256)];
}

export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** RFC 9162 section 2.1.3.2. False for any proof that does not fit exactly. */
export function verifyInclusion(claim: InclusionClaim, sha256: Sha256 = pureSha256): boolean {
  if (!Number.isSafeInteger(claim.index) || !Number.isSafeInteger(claim.size) || claim.index < 0 || claim.index >= claim.size) return false;
  let fn = claim.index;
  let sn = claim.size - 1;
  let hash = claim.leaf;
  for (const p of claim.proof) {
    if (sn === 0 || p.length !== 32) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(p, hash, sha256);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else hash = nodeHash(hash, p, sha256);
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equalBytes(hash, claim.root);
}

/** PROOF(m, D[n]) of RFC 6962 section 2.1.2, over leaf hashes. */
export function consistencyProof(leaves: readonly Uint8Array[], oldSize: number, sha256: Sha256 = pureSha256): Uint8Array[] {
  assert(oldSize >= 0 && oldSize <= leaves.length, 'the old tree is a prefix of the new one');
  return oldSize === 0 ? [] : subProof(leaves, oldSize, true, sha256);
}

function subProof(leaves: readonly Uint8Array[], m: number, whole: boolean, sha256: Sha256): Uint8Array[] {
  if (m === leaves.length) return whole ? [] : [rootOf(leaves, sha256)];
  const k = splitPoint(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m <= k ? [...subProof(left, m, whole, sha256), rootOf(right, sha256)] : [...subProof(right, m - k, false, sha256), rootOf(left, sha256)];
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** RFC 9162 section 2.1.4.2. False for any proof that does not fit exactly. */
export function verifyConsistency(claim: ConsistencyClaim, sha256: Sha256 = pureSha256): boolean {
  const { oldSize, newSize, oldRoot, newRoot } = claim;
  if (![oldSize, newSize].every((s) => Number.isSafeInteger(s) && s >= 0) || oldSize > newSize || claim.proof.some((p) => p.length !== 32)) return false;
  if (oldSize === newSize) return claim.proof.length === 0 && equalBytes(oldRoot, newRoot);
  if (oldSize === 0) return claim.proof.length === 0 && equalBytes(oldRoot, sha256(new Uint8Array(0)));
  const path = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...claim.proof] : [...claim.proof];
  const first = path.shift();
  if (first === undefined) return false;
  let fn = oldSize - 1;
  let sn = newSize - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  let [fr, sr] = [first, first];
  for (const c of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(c, fr, sha256);
      sr = nodeHash(c, sr, sha256);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else sr = nodeHash(sr, c, sha256);
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && equalBytes(fr, oldRoot) && equalBytes(sr, newRoot);
}
