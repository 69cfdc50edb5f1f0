/** What the database knows of the log: how far the tree has grown, its right edge, and where an entry lies. */
import { z } from 'zod';
import { concatBytes, fromHex, toHex } from '../../base/encoding.ts';
import { assert, EnvironmentError } from '../../base/errors.ts';
import { CompactRange } from '../../evidence/merkle.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { hashesAt, parseTile, tileWidth, type Edges } from '../../evidence/tlog-tiles.ts';
import type { Queries } from '../db/database.ts';

/** Milliseconds by the database's clock: processes that share it agree on it. */
const NOW_MS = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

/** A store publishes about once in a second; a read takes milliseconds. */
const TREE_READS = 20;

export interface LogState {
  /** Entries that have their place, from 0 on. At least `size`. */
  readonly sequenced: number;
  /** Entries under the published checkpoint. */
  readonly size: number;
  readonly range: CompactRange;
  /** The published checkpoint with all its signatures; undefined before the first. */
  readonly checkpoint: string | undefined;
}

const stateRow = z.object({ sequenced: z.number(), size: z.number(), range: z.string(), checkpoint: z.string().nullable() });
const hashes = z.array(z.string());

export async function readState(q: Queries): Promise<LogState> {
  const row = stateRow.parse(await q.first(stateRow, 'select sequenced, size, range, checkpoint from log_state'));
  const range = new CompactRange(nodeSha256, row.size, hashes.parse(JSON.parse(row.range)).map(fromHex));
  return { sequenced: row.sequenced, size: row.size, range, checkpoint: row.checkpoint ?? undefined };
}

/** How far the published log is, for reports: entries, and the root over them in hex. */
export async function logPosition(q: Queries): Promise<{ readonly size: number; readonly root: string }> {
  const { size, range } = await readState(q);
  return { size, root: toHex(range.root()) };
}

const edgeRow = z.object({ level: z.number(), hashes: z.instanceof(Uint8Array) });

export async function readEdges(q: Queries): Promise<Edges> {
  const rows = await q.rows(edgeRow, 'select level, hashes from log_edges order by level');
  assert(rows.every((row, i) => row.level === i), 'every level of the tree has an edge');
  return rows.map((row) => parseTile(new Uint8Array(row.hashes), row.hashes.length / 32));
}

/** State and edges of one moment: another process may publish between two reads. */
export async function readTree(q: Queries): Promise<{ readonly state: LogState; readonly edges: Edges }> {
  for (let attempt = 0; attempt < TREE_READS; attempt++) {
    const [state, edges] = [await readState(q), await readEdges(q)];
    const fits = edges.every((edge, level) => edge.length === hashesAt(state.size, level) % tileWidth);
    if (fits && hashesAt(state.size, edges.length) === 0) return { state, edges };
  }
  throw new EnvironmentError('env.io', 'the right edge of the log does not fit its size');
}

/**
 * Takes the right to extend the tree for some time. It spares processes double work; correctness does not rest on it.
 * @returns false while another process has it, or the last checkpoint is too young
 */
export async function takeLease(q: Queries, leaseMs: number): Promise<boolean> {
  return (await q.run(`update log_state set lease_until_ms = ${NOW_MS} + $1 where lease_until_ms <= ${NOW_MS}`, [leaseMs])) === 1;
}

/** Gives the right back; nobody takes it for `pauseMs`. */
export async function endLease(q: Queries, pauseMs: number): Promise<void> {
  await q.run(`update log_state set lease_until_ms = ${NOW_MS} + $1`, [pauseMs]);
}

/** Gives waiting entries their places, in order of arrival. Rows of uncommitted transactions are not seen and come later. */
export async function sequence(tx: Queries, limit: number): Promise<number> {
  const { sequenced } = z.object({ sequenced: z.number() }).parse(await tx.first(z.object({ sequenced: z.number() }), 'select sequenced from log_state for update'));
  const count = await tx.run(
    `with waiting as (select id from log_entries where idx is null order by id limit $1 for update),
          placed as (select id, row_number() over (order by id) - 1 as k from waiting)
     update log_entries e set idx = $2 + placed.k from placed where e.id = placed.id`,
    [limit, sequenced],
  );
  if (count > 0) await tx.run('update log_state set sequenced = $1', [sequenced + count]);
  return count;
}

const leafRow = z.object({ idx: z.number(), leaf: z.instanceof(Uint8Array) });

/** Leaf hashes from index `from` on. */
export const leavesFrom = (q: Queries, from: number, limit: number): Promise<{ idx: number; leaf: Uint8Array }[]> =>
  q.rows(leafRow, 'select idx, leaf from log_entries where idx >= $1 order by idx limit $2', [from, limit]);

const entryRow = z.object({ idx: z.number(), entry: z.instanceof(Uint8Array).nullable() });

/** Entries of [from, to) with their bytes; null for those whose bundle is complete and lies in the object store. */
export const entriesOf = (q: Queries, from: number, to: number): Promise<{ idx: number; entry: Uint8Array | null }[]> =>
  q.rows(entryRow, 'select idx, entry from log_entries where idx >= $1 and idx < $2 order by idx', [from, to]);

/** Place of an entry; undefined while it has none, or is not in the log at all. */
export async function indexOfLeaf(q: Queries, leaf: Uint8Array): Promise<number | undefined> {
  return (await q.first(z.object({ idx: z.number().nullable() }), 'select idx from log_entries where leaf = $1', [leaf]))?.idx ?? undefined;
}

export interface Publication {
  readonly oldSize: number;
  readonly size: number;
  readonly range: CompactRange;
  readonly edges: Edges;
  readonly checkpoint: string;
  /** Entries below this index lie in complete bundles in the object store; the database lets their bytes go. */
  readonly bundled: number;
}

/** Publishes a larger tree. @returns false when another process has published meanwhile; nothing is changed then. */
export async function publish(tx: Queries, p: Publication): Promise<boolean> {
  const changed = await tx.run('update log_state set size = $2, range = $3, checkpoint = $4, sequenced = greatest(sequenced, $2) where size = $1', [
    p.oldSize,
    p.size,
    JSON.stringify(p.range.hashes.map(toHex)),
    p.checkpoint,
  ]);
  if (changed !== 1) return false;
  for (const [level, edge] of p.edges.entries()) {
    await tx.run('insert into log_edges (level, hashes) values ($1,$2) on conflict (level) do update set hashes = excluded.hashes', [level, concatBytes(edge)]);
  }
  const first = p.oldSize - (p.oldSize % 256);
  if (p.bundled > first) await tx.run('update log_entries set entry = null where idx >= $1 and idx < $2', [first, p.bundled]);
  return true;
}
