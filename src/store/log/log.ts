/**
 * The transparency log at work: gives waiting entries their places, extends the tiled tree, signs a checkpoint at most
 * once in a while, asks witnesses, publishes. Any number of store processes may run it on one database. What makes
 * that safe: places are given under a row lock and never change, tiles have one possible content, and a larger tree is
 * published only over the size that it was built on.
 */
import { toHex } from '../../base/encoding.ts';
import type { Clock } from '../../base/clock.ts';
import { assert, EnvironmentError, messageOf } from '../../base/errors.ts';
import { nodeSha256 } from '../../evidence/node-crypto.ts';
import { parseNote } from '../../evidence/note.ts';
import { cosign, signCheckpoint } from '../../evidence/sign.ts';
import { formatTlogProof } from '../../evidence/tlog-proof.ts';
import { growTiles, tilePath, TileTree, tileWidth } from '../../evidence/tlog-tiles.ts';
import type { Database } from '../db/database.ts';
import type { ObjectStore } from '../storage/objects.ts';
import type { StoreKeys } from '../trust/store-keys.ts';
import { endLease, entriesOf, indexOfLeaf, leavesFrom, publish, readState, readTree, sequence, takeLease } from './state.ts';
import { completeBundle, putTile, tileReader } from './stored-tiles.ts';
import { reconcile, writeTail } from './tail.ts';
import type { Timestamper } from './timestamps.ts';
import type { WitnessClient } from './witness-client.ts';

/** Entries that one round takes; more wait for the next. */
const BATCH = 4_096;
/** A process that dies in a round keeps others waiting for this long. */
const LEASE_MS = 30_000;
/** How long an export waits for its entries to be under a checkpoint. */
const SETTLE_MS = 20_000;
const SETTLE_STEP_MS = 50;

export interface LogPorts {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  /** Least time between two checkpoints. */
  readonly checkpointMs: number;
  /** Others who cosign each checkpoint. */
  readonly witnesses: readonly WitnessClient[];
  readonly timestamper: Timestamper | undefined;
  readonly onProblem: (message: string) => void;
}

export class TransparencyLog {
  readonly #p: LogPorts;
  #running: Promise<void> = Promise.resolve();
  #reconciled = false;

  constructor(ports: LogPorts) {
    this.#p = ports;
  }

  get origin(): string {
    return this.#p.keys.log.name;
  }

  /** Runs a round now and then until the returned function is called. */
  start(): () => Promise<void> {
    let problem = '';
    const timer = setInterval(() => {
      void this.round().then(
        () => (problem = ''),
        (error: unknown) => {
          // Once per kind of trouble, not once per second.
          if (problem !== messageOf(error)) this.#p.onProblem(`log: ${messageOf(error)}`);
          problem = messageOf(error);
        },
      );
    }, this.#p.checkpointMs);
    timer.unref();
    return async () => {
      clearInterval(timer);
      await this.#running.catch(() => undefined);
    };
  }

  /** One round, unless another process is at it. @throws EnvironmentError when database and objects do not fit together */
  round(): Promise<void> {
    const next = this.#running.catch(() => undefined).then(() => this.#round());
    this.#running = next;
    return next;
  }

  async #round(): Promise<void> {
    const { db, objects, keys, checkpointMs, timestamper } = this.#p;
    if (!(await takeLease(db, LEASE_MS))) return;
    let published = false;
    try {
      if (!this.#reconciled) await reconcile(db, objects, { name: keys.log.name, publicKey: keys.log.signer.publicKey });
      this.#reconciled = true;
      await db.transaction((tx) => sequence(tx, BATCH));
      published = await this.#grow(await readTree(db));
      await timestamper?.stampIfDue(db);
    } finally {
      await endLease(db, published ? checkpointMs : 0);
    }
  }

  /** @returns false when there was nothing to publish, or another process was faster */
  async #grow({ state, edges: before }: Awaited<ReturnType<typeof readTree>>): Promise<boolean> {
    const { db, objects } = this.#p;
    if (state.sequenced === state.size && state.checkpoint !== undefined) return false;
    const rows = await leavesFrom(db, state.size, BATCH);
    assert(rows.every((r, i) => r.idx === state.size + i), 'the places in the log have no gaps');
    const leaves = rows.map((r) => new Uint8Array(r.leaf));
    const size = state.size + leaves.length;
    const { full, edges } = growTiles(state.size, before, leaves, nodeSha256);
    for (const { ref, bytes } of full) {
      await putTile(objects, tilePath(ref), bytes);
      if (ref.level === 0) await putTile(objects, tilePath({ ...ref, level: 'entries' }), await completeBundle(db, ref.index));
    }
    const range = state.range.clone();
    for (const leaf of leaves) range.append(leaf);
    const tree = new TileTree(size, tileReader(objects, size, edges), nodeSha256);
    // Two ways to the same root: a tile that somebody changed is found before it is signed over.
    if (toHex(await tree.root()) !== toHex(range.root())) throw new EnvironmentError('env.io', 'the transparency log is stopped: its tiles are not those of its entries');
    const checkpoint = await this.#signed(size, range.root(), tree);
    const bundled = size - (size % tileWidth);
    await writeTail(objects, checkpoint, (await entriesOf(db, bundled, size)).map((r) => r.entry ?? new Uint8Array(0)));
    return db.transaction((tx) => publish(tx, { oldSize: state.size, size, range, edges, checkpoint, bundled }));
  }

  /** The log's signature, this store's own cosignature with its time, and those of the witnesses that answer. */
  async #signed(size: number, root: Uint8Array, tree: TileTree): Promise<string> {
    const { keys, clock, witnesses, onProblem } = this.#p;
    const note = signCheckpoint({ origin: keys.log.name, size, root }, keys.log.signer);
    const text = parseNote(note).text;
    const answers = await Promise.all(
      witnesses.map((w) =>
        w.cosign({ note, size, consistency: (old) => tree.consistency(old) }).catch((error: unknown) => {
          onProblem(`log: the witness ${w.name} did not cosign ${size} entries: ${messageOf(error)}`);
          return '';
        }),
      ),
    );
    return note + cosign(text, keys.witness, clock.nowMs()) + answers.join('');
  }

  /** Waits until all leaves are under a published checkpoint. @throws EnvironmentError env.timeout */
  async settle(leaves: readonly Uint8Array[]): Promise<void> {
    const until = performance.now() + SETTLE_MS;
    for (;;) {
      const { size } = await readState(this.#p.db);
      const at = await Promise.all(leaves.map((l) => indexOfLeaf(this.#p.db, l)));
      if (at.every((i) => i !== undefined && i < size)) return;
      if (performance.now() > until) throw new EnvironmentError('env.timeout', 'the transparency log has not taken this up yet: try again');
      await this.round();
      await new Promise((wake) => setTimeout(wake, SETTLE_STEP_MS));
    }
  }

  /**
   * Proofs for leaves, all under one checkpoint: the earliest with a timestamp that covers them, else the newest.
   * @throws EnvironmentError env.timeout while one of them is not published
   */
  async prove(leaves: readonly Uint8Array[]): Promise<{ readonly proofs: readonly string[]; readonly timestamp: Uint8Array | undefined }> {
    await this.settle(leaves);
    const { db, objects, timestamper } = this.#p;
    const { state, edges } = await readTree(db);
    const places = await Promise.all(leaves.map((l) => indexOfLeaf(db, l)));
    const stamped = await timestamper?.covering(db, Math.max(...places.map((i) => (i ?? 0) + 1)));
    const checkpoint = stamped?.checkpoint ?? state.checkpoint;
    assert(checkpoint !== undefined, 'a log with entries has a checkpoint');
    const size = stamped?.size ?? state.size;
    const reader = tileReader(objects, state.size, edges);
    const tree = new TileTree(size, reader, nodeSha256);
    const proofs = [];
    for (const index of places) {
      assert(index !== undefined && index < size, 'a settled entry has its place');
      proofs.push(formatTlogProof({ index, hashes: await tree.inclusion(index), checkpoint }));
    }
    return { proofs, timestamp: stamped?.token };
  }
}
