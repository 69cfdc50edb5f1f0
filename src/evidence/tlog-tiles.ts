/**
 * C2SP tlog-tiles: paths, growth of a tiled tree, and proofs from tiles. Pure; where tiles come from is an argument.
 * Every hash in a tile is only believed through a root that a checkpoint signs: proofs are verified by merkle.ts.
 */
import { concatBytes } from '../base/encoding.ts';
import { assert, MalformedError } from '../base/errors.ts';
import { nodeHash, pureSha256, rootOf, type Sha256 } from './merkle.ts';

export const tileWidth = 256;

export interface TileRef {
  readonly level: number;
  readonly index: number;
  /** Hashes in it: 256 for a full tile, fewer for a partial one. */
  readonly width: number;
}

/** What a path under the log's prefix names: hashes of a level, or the entries beside level 0. */
export type TileName = TileRef | { readonly level: 'entries'; readonly index: number; readonly width: number };

/** `tile/0/x001/234.p/5`: index in elements of three digits, all but the last after an x. */
export function tilePath(t: TileName): string {
  const digits = String(t.index).padStart(Math.ceil(String(t.index).length / 3) * 3, '0');
  const elements = digits.match(/.{3}/g) ?? [];
  const index = elements.map((e, i) => (i < elements.length - 1 ? `x${e}` : e)).join('/');
  return `tile/${t.level}/${index}${t.width === tileWidth ? '' : `.p/${t.width}`}`;
}

/** @throws MalformedError for every text that `tilePath` would not make */
export function parseTilePath(path: string): TileName {
  const found = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  const [, level = '', digits = '', partial] = found ?? [];
  const index = Number(digits.replaceAll(/[x/]/g, ''));
  const width = partial === undefined ? tileWidth : Number(partial);
  const name: TileName = { level: level === 'entries' ? level : Number(level), index, width };
  const sane = found !== null && Number.isSafeInteger(index) && width >= 1 && (name.level === 'entries' || name.level <= 63);
  if (!sane || tilePath(name) !== path) throw new MalformedError('malformed.value', `not a tile: ${JSON.stringify(path.slice(0, 100))}`);
  return name;
}

/** Complete hashes that a tree of `size` leaves has at a level. */
export const hashesAt = (size: number, level: number): number => Math.floor(size / tileWidth ** level);

/** Width of a tile in a tree of `size` leaves; 0 when the tree does not reach it. */
export const widthIn = (size: number, level: number, index: number): number => Math.max(0, Math.min(tileWidth, hashesAt(size, level) - index * tileWidth));

/** The unfinished tile of each level, lowest first. Together they are the right edge of the tree. */
export type Edges = readonly (readonly Uint8Array[])[];

export interface Growth {
  readonly full: readonly { readonly ref: TileRef; readonly bytes: Uint8Array }[];
  readonly edges: Edges;
}

/** What `leaves` add to a tree of `oldSize` leaves with these edges: tiles that are finished now, and the new edges. */
export function growTiles(oldSize: number, edges: Edges, leaves: readonly Uint8Array[], sha256: Sha256 = pureSha256): Growth {
  const full: { ref: TileRef; bytes: Uint8Array }[] = [];
  const next: (readonly Uint8Array[])[] = [];
  let added = leaves;
  for (let level = 0; added.length > 0 || level < edges.length; level++) {
    const edge = edges[level] ?? [];
    assert(edge.length === hashesAt(oldSize, level) % tileWidth, 'the edge of a tiled tree fits its size');
    let index = Math.floor(hashesAt(oldSize, level) / tileWidth);
    const hashes = [...edge, ...added];
    const up: Uint8Array[] = [];
    while (hashes.length >= tileWidth) {
      const tile = hashes.splice(0, tileWidth);
      full.push({ ref: { level, index: index++, width: tileWidth }, bytes: concatBytes(tile) });
      up.push(rootOf(tile, sha256));
    }
    next.push(hashes);
    added = up;
  }
  return { full, edges: next };
}

/** The hashes in a tile's bytes. @throws MalformedError unless there are exactly `width` */
export function parseTile(bytes: Uint8Array, width: number): Uint8Array[] {
  if (bytes.length !== width * 32) throw new MalformedError('malformed.length', `a tile of ${width} hashes has ${bytes.length} bytes`);
  return Array.from({ length: width }, (_, i) => bytes.slice(i * 32, i * 32 + 32));
}

/** Bytes of a tile. May answer with a wider one: it is cut to the width that was asked for. */
export type TileReader = (ref: TileRef) => Promise<Uint8Array>;

/** A tree of `size` leaves as its tiles show it. Nothing is believed: compare `root()`, or verify the proofs. */
export class TileTree {
  readonly #size: number;
  readonly #read: TileReader;
  readonly #sha256: Sha256;
  readonly #tiles = new Map<string, Promise<Uint8Array[]>>();

  constructor(size: number, read: TileReader, sha256: Sha256 = pureSha256) {
    this.#size = size;
    this.#read = read;
    this.#sha256 = sha256;
  }

  /** @throws MalformedError when a tile has not the right length */
  async root(): Promise<Uint8Array> {
    return this.#size === 0 ? this.#sha256(new Uint8Array(0)) : this.#hash(0, this.#size);
  }

  /** Leaf hash number `index`. */
  leaf(index: number): Promise<Uint8Array> {
    assert(index >= 0 && index < this.#size, 'the leaf is in the tree');
    return this.#hash(index, index + 1);
  }

  /** PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf's sibling up. */
  async inclusion(index: number): Promise<Uint8Array[]> {
    assert(Number.isSafeInteger(index) && index >= 0 && index < this.#size, 'the leaf is in the tree');
    const parts: Promise<Uint8Array>[] = [];
    let [lo, hi] = [0, this.#size];
    while (hi - lo > 1) {
      const middle = lo + splitPoint(hi - lo);
      parts.push(index < middle ? this.#hash(middle, hi) : this.#hash(lo, middle));
      [lo, hi] = index < middle ? [lo, middle] : [middle, hi];
    }
    return (await Promise.all(parts)).reverse();
  }

  /** PROOF(oldSize, D[size]) of RFC 6962 section 2.1.2. Empty for an empty old tree. */
  async consistency(oldSize: number): Promise<Uint8Array[]> {
    assert(Number.isSafeInteger(oldSize) && oldSize >= 0 && oldSize <= this.#size, 'the old tree is a prefix of the new one');
    if (oldSize === 0 || oldSize === this.#size) return [];
    const parts: Promise<Uint8Array>[] = [];
    let [lo, hi, whole] = [0, this.#size, true];
    while (oldSize !== hi) {
      const middle = lo + splitPoint(hi - lo);
      if (oldSize <= middle) {
        parts.push(this.#hash(middle, hi));
        hi = middle;
      } else {
        parts.push(this.#hash(lo, middle));
        lo = middle;
        whole = false;
      }
    }
    if (!whole) parts.push(this.#hash(lo, hi));
    return (await Promise.all(parts)).reverse();
  }

  /** MTH(D[lo:hi]): one tile for a complete subtree, else its two parts. */
  async #hash(lo: number, hi: number): Promise<Uint8Array> {
    const width = hi - lo;
    const height = Math.log2(width);
    if (!Number.isInteger(height) || lo % width !== 0) {
      const middle = lo + splitPoint(width);
      const [left, right] = await Promise.all([this.#hash(lo, middle), this.#hash(middle, hi)]);
      return nodeHash(left, right, this.#sha256);
    }
    const level = Math.floor(height / 8);
    const span = tileWidth ** level;
    const [first, last] = [lo / span, hi / span];
    const index = Math.floor(first / tileWidth);
    const tile = await this.#tile(level, index);
    return rootOf(tile.slice(first - index * tileWidth, last - index * tileWidth), this.#sha256);
  }

  #tile(level: number, index: number): Promise<Uint8Array[]> {
    const key = `${level} ${index}`;
    const known = this.#tiles.get(key);
    if (known !== undefined) return known;
    const width = widthIn(this.#size, level, index);
    const read = this.#read({ level, index, width }).then((bytes) => parseTile(bytes.length > width * 32 ? bytes.slice(0, width * 32) : bytes, width));
    this.#tiles.set(key, read);
    return read;
  }
}

/** Largest power of two below n (n >= 2). */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
