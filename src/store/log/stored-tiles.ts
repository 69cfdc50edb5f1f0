/** Tiles and entry bundles where they lie: full ones in the object store, the right edge in the database. */
import { concatBytes } from '../../base/encoding.ts';
import { assert, EnvironmentError } from '../../base/errors.ts';
import { formatEntryBundle, parseEntryBundle } from '../../evidence/tlog-entry.ts';
import { tilePath, tileWidth, widthIn, type Edges, type TileName, type TileReader } from '../../evidence/tlog-tiles.ts';
import type { Queries } from '../db/database.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { entriesOf, readTree } from './state.ts';

export const logKey = (path: string): string => `log/${path}`;

/** Reads tiles of a tree of `size` leaves whose unfinished tiles are `edges`. A full tile may stand in for a partial one. */
export function tileReader(objects: ObjectStore, size: number, edges: Edges): TileReader {
  return async (ref) => {
    const edge = edges[ref.level] ?? [];
    const isEdge = ref.width <= edge.length && widthIn(size, ref.level, ref.index) === edge.length;
    return isEdge ? concatBytes(edge.slice(0, ref.width)) : fullTile(objects, { ...ref, width: tileWidth });
  };
}

async function fullTile(objects: ObjectStore, name: TileName): Promise<Uint8Array> {
  const bytes = await objects.get(logKey(tilePath(name)));
  if (bytes === undefined) throw new EnvironmentError('env.io', `the object store has lost ${tilePath(name)} of the log`);
  return bytes;
}

/**
 * The bytes of a tile or bundle of the published log.
 * @returns undefined when the published tree has no such tile
 */
export async function servedTile(q: Queries, objects: ObjectStore, name: TileName): Promise<Uint8Array | undefined> {
  const { state, edges } = await readTree(q);
  const { size } = state;
  const level = name.level === 'entries' ? 0 : name.level;
  if (widthIn(size, level, name.index) < name.width) return undefined;
  if (name.level === 'entries') return servedBundle(q, objects, name.index, name.width);
  const bytes = await tileReader(objects, size, edges)({ level: name.level, index: name.index, width: name.width });
  return bytes.subarray(0, name.width * 32);
}

async function servedBundle(q: Queries, objects: ObjectStore, index: number, width: number): Promise<Uint8Array> {
  const from = index * tileWidth;
  const rows = await entriesOf(q, from, from + width);
  const entries = rows.map((r) => r.entry).filter((e) => e !== null);
  if (entries.length === width) return formatEntryBundle(entries);
  const bytes = await fullTile(objects, { level: 'entries', index, width: tileWidth });
  const all = parseEntryBundle(bytes, tileWidth);
  return width === tileWidth ? bytes : formatEntryBundle(all.slice(0, width));
}

/** Writes an object that can only ever have one content. Another content there means that the log was forked. */
export async function putTile(objects: ObjectStore, path: string, bytes: Uint8Array): Promise<void> {
  if ((await objects.putNew(logKey(path), bytes)) === 'created') return;
  const there = await objects.get(logKey(path));
  if (there === undefined || !there.equals(bytes)) throw new EnvironmentError('env.io', `${path} of the log is there with another content: the database and the object store are not of one history`);
}

/** The bundle of 256 entries that ends the tile `index`. */
export async function completeBundle(q: Queries, index: number): Promise<Uint8Array> {
  const rows = await entriesOf(q, index * tileWidth, (index + 1) * tileWidth);
  const entries = rows.map((r) => r.entry).filter((e) => e !== null);
  assert(entries.length === tileWidth, 'a complete bundle has all its entries');
  return formatEntryBundle(entries);
}
