/**
 * The end of the log in the object store: the published checkpoint and the entries after the last complete bundle.
 * With it, a database that has lost its newest rows (a power cut under PGlite, a restored backup) catches up instead
 * of giving places in the log a second time.
 */
import { z } from 'zod';
import { fromBase64, toBase64, toHex, utf8 } from '../../base/encoding.ts';
import { EnvironmentError } from '../../base/errors.ts';
import { leafHash, type CompactRange } from '../../evidence/merkle.ts';
import { nodeCrypto, nodeSha256 } from '../../evidence/node-crypto.ts';
import { parseCheckpoint, parseNote, verifyNote, type NoteKey } from '../../evidence/note.ts';
import { parseEntryBundle } from '../../evidence/tlog-entry.ts';
import { tilePath, tileWidth } from '../../evidence/tlog-tiles.ts';
import type { Database, Queries } from '../db/database.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { readState, type LogState } from './state.ts';
import { logKey } from './stored-tiles.ts';

const tailKey = logKey('tail');
const tailForm = z.strictObject({ v: z.literal(1), checkpoint: z.string(), entries: z.array(z.string()).max(tileWidth - 1) });

const broken = (what: string): EnvironmentError => new EnvironmentError('env.io', `the transparency log is stopped: ${what}`);

export async function writeTail(objects: ObjectStore, checkpoint: string, entries: readonly Uint8Array[]): Promise<void> {
  await objects.replace(tailKey, utf8(JSON.stringify({ v: 1, checkpoint, entries: entries.map(toBase64) })));
}

/**
 * Brings the database up to the object store's log. Called before a process first extends the tree.
 * @throws EnvironmentError when the two are not of one history: then nothing is ever signed over it
 */
export async function reconcile(db: Database, objects: ObjectStore, key: NoteKey): Promise<void> {
  const state = await readState(db);
  const bytes = await objects.get(tailKey);
  if (bytes === undefined) {
    if (state.size > 0) throw broken(`the object store has lost the end of the log of ${state.size} entries`);
    return;
  }
  const tail = tailForm.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const note = parseNote(tail.checkpoint);
  const { size, root, origin } = parseCheckpoint(note.text);
  if (origin !== key.name || !(await verifyNote(note, key, nodeCrypto))) throw broken('the end of the log in the object store is not signed by the log key');
  if (size < state.size) throw broken(`the object store ends at ${size} entries, the database at ${state.size}: the objects are older than the database`);
  const range = await caughtUp(db, objects, state, { size, entries: tail.entries.map(fromBase64) });
  if (toHex(range.root()) !== toHex(root)) throw broken(`the first ${size} entries of the database are not those that the log has signed`);
}

/** The range over `size` leaves, after entries that the database lacks have been put back. */
async function caughtUp(db: Database, objects: ObjectStore, state: LogState, tail: { size: number; entries: readonly Uint8Array[] }): Promise<CompactRange> {
  const range = state.range.clone();
  for (let at = state.size; at < tail.size; ) {
    const index = Math.floor(at / tileWidth);
    const end = Math.min(tail.size, (index + 1) * tileWidth);
    const entries = end === (index + 1) * tileWidth ? await bundle(objects, index) : tail.entries;
    await db.transaction(async (tx) => {
      for (let i = at; i < end; i++) {
        const entry = entries[i % tileWidth];
        if (entry === undefined) throw broken(`entry ${i} is missing in the object store`);
        range.append(await restored(tx, i, entry));
      }
      await tx.run('update log_state set sequenced = greatest(sequenced, $1)', [end]);
    });
    at = end;
  }
  return range;
}

async function restored(tx: Queries, idx: number, entry: Uint8Array): Promise<Uint8Array> {
  const leaf = leafHash(entry, nodeSha256);
  const row = z.object({ leaf: z.instanceof(Uint8Array) });
  const there = await tx.first(row, 'select leaf from log_entries where idx = $1', [idx]);
  if (there === undefined) {
    await tx.run(
      `insert into log_entries (kind, leaf, entry, t_ms, idx) values ('restored',$1,$2,0,$3)
       on conflict (leaf) do update set idx = excluded.idx where log_entries.idx is null`,
      [leaf, entry, idx],
    );
  }
  const now = await tx.first(row, 'select leaf from log_entries where idx = $1', [idx]);
  if (now === undefined || toHex(now.leaf) !== toHex(leaf)) throw broken(`entry ${idx} of the database is not the one in the object store`);
  return leaf;
}

async function bundle(objects: ObjectStore, index: number): Promise<readonly Uint8Array[]> {
  const path = tilePath({ level: 'entries', index, width: tileWidth });
  const bytes = await objects.get(logKey(path));
  if (bytes === undefined) throw broken(`the object store has lost ${path}`);
  return parseEntryBundle(bytes, tileWidth);
}
