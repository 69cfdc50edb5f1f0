import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toHex, utf8 } from '../../base/encoding.ts';
import { parseEntryBundle } from '../../evidence/tlog-entry.ts';
import { CompactRange, leafHash, verifyConsistency } from '../../evidence/merkle.ts';
import { nodeCrypto, nodeSha256 } from '../../evidence/node-crypto.ts';
import { parseCheckpoint, parseNote, type Checkpoint } from '../../evidence/note.ts';
import { parseTlogPolicy } from '../../evidence/tlog-policy.ts';
import { verifyTlogProof } from '../../evidence/tlog-proof.ts';
import { parseTilePath, TileTree } from '../../evidence/tlog-tiles.ts';
import { freshDatabase } from '../../testing/database-of.ts';
import { FakeClock, testSigner } from '../../testing/evidence-session.ts';
import { type PostgresServer, startPostgres } from '../../testing/postgres-server.ts';
import { copyStoreTemplate } from '../../testing/store-template.ts';
import { type Database, openEmbedded } from '../db/database.ts';
import { openPostgres } from '../db/postgres.ts';
import { postgresUrl } from '../db/postgres-url.ts';
import { fileObjects } from '../storage/file-objects.ts';
import type { ObjectStore } from '../storage/objects.ts';
import { appendToLog } from './append.ts';
import { logConfig, logPolicyOf } from './config.ts';
import { TransparencyLog } from './log.ts';
import { readState } from './state.ts';
import { servedTile } from './stored-tiles.ts';

const keys = { receipt: testSigner('receipt'), witness: { name: 'store.test/witness', signer: testSigner('witness') }, log: { name: 'store.test/log', signer: testSigner('log') } };
const policy = parseTlogPolicy(logPolicyOf(logConfig.parse({}), keys));
let server: PostgresServer;
const undo: (() => unknown)[] = [];
beforeAll(async () => (server = await startPostgres()));
afterAll(() => server.stop());
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface World {
  readonly db: Database;
  readonly objects: ObjectStore;
  readonly dir: string;
  readonly problems: string[];
  /** A store process's log. */
  log(): TransparencyLog;
  /** Another connection pool, as another process has it; PGlite has one for all. */
  other(): Promise<Database>;
}

const kinds = {
  PGlite: async (dir: string): Promise<{ db: Database; other: () => Promise<Database> }> => {
    copyStoreTemplate(join(dir, 'pg'));
    const db = await openEmbedded(join(dir, 'pg'));
    return { db, other: () => Promise.resolve(db) };
  },
  PostgreSQL: async (): Promise<{ db: Database; other: () => Promise<Database> }> => {
    const connection = postgresUrl(await freshDatabase(server));
    const open = (): Promise<Database> => openPostgres({ connection, connections: 5, onProblem: () => undefined });
    const other = async (): Promise<Database> => {
      const db = await open();
      undo.push(() => db.close());
      return db;
    };
    return { db: await open(), other };
  },
} as const;

async function world(kind: keyof typeof kinds): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-test-log-'));
  undo.push(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const { db, other } = await kinds[kind](dir);
  undo.push(() => db.close());
  const objects = fileObjects(join(dir, 'objects'));
  const problems: string[] = [];
  const log = (): TransparencyLog => new TransparencyLog({ db, objects, keys, clock: new FakeClock(), checkpointMs: 1, witnesses: [], timestamper: undefined, onProblem: (p) => problems.push(p) });
  return { db, objects, dir, problems, log, other };
}

const append = (db: Database, text: string): Promise<unknown> => db.transaction((tx) => appendToLog(tx, { kind: 'identity', envelope: text, tMs: 1 }));
const leafOf = (text: string): Uint8Array => leafHash(utf8(text), nodeSha256);

async function published(db: Database): Promise<Checkpoint> {
  const { checkpoint } = await readState(db);
  if (checkpoint === undefined) throw new Error('nothing is published');
  return parseCheckpoint(parseNote(checkpoint).text);
}

/** Rounds until everything that is committed is under a checkpoint. */
async function drain(log: TransparencyLog, db: Database): Promise<Checkpoint> {
  const waiting = z.object({ n: z.number() });
  for (;;) {
    await log.round();
    const left = await db.first(waiting, 'select count(*)::int as n from log_entries where idx is null or idx >= (select size from log_state)');
    if (left?.n === 0) return published(db);
  }
}

async function allEntries(w: World, size: number): Promise<Uint8Array[]> {
  const out: Uint8Array[] = [];
  for (let index = 0; index * 256 < size; index++) {
    const width = Math.min(256, size - index * 256);
    const bytes = await servedTile(w.db, w.objects, { level: 'entries', index, width });
    out.push(...parseEntryBundle(bytes ?? new Uint8Array(0), width));
  }
  return out;
}

const rootOfEntries = (entries: readonly Uint8Array[]): string => {
  const range = new CompactRange(nodeSha256);
  for (const e of entries) range.append(leafHash(e, nodeSha256));
  return toHex(range.root());
};

describe.each(['PGlite', 'PostgreSQL'] as const)('the log on %s', (kind) => {
  it('gives each entry one place, proves it, and logs the same bytes once', async () => {
    const w = await world(kind);
    const log = w.log();
    expect(await drain(log, w.db)).toMatchObject({ origin: 'store.test/log', size: 0 });
    for (const text of ['a', 'b', 'a', 'c']) await append(w.db, text);
    const checkpoint = await drain(log, w.db);
    expect(checkpoint.size).toBe(3);
    expect((await allEntries(w, 3)).map((e) => Buffer.from(e).toString())).toEqual(['a', 'b', 'c']);
    expect(toHex(checkpoint.root)).toBe(rootOfEntries(await allEntries(w, 3)));
    const { proofs } = await log.prove([leafOf('c'), leafOf('a')]);
    expect(await verifyTlogProof(proofs[0]!, leafOf('c'), policy, nodeCrypto)).toMatchObject({ index: 2, checkpoint: { size: 3 } });
    expect(await verifyTlogProof(proofs[1]!, leafOf('a'), policy, nodeCrypto)).toMatchObject({ index: 0 });
    await expect(verifyTlogProof(proofs[0]!, leafOf('b'), policy, nodeCrypto)).rejects.toThrow(/does not prove/);
  });

  it('forgets what was rolled back, and leaves no gap for it', async () => {
    const w = await world(kind);
    await append(w.db, 'kept');
    const failing = w.db.transaction(async (tx) => {
      await appendToLog(tx, { kind: 'identity', envelope: 'lost', tMs: 1 });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await append(w.db, 'after');
    await drain(w.log(), w.db);
    expect((await allEntries(w, 2)).map((e) => Buffer.from(e).toString())).toEqual(['kept', 'after']);
  });

  it('is one tree when several processes append and extend it at once', async () => {
    const w = await world(kind);
    const dbs = [w.db, await w.other(), await w.other()];
    const logs = dbs.map((db) => new TransparencyLog({ db, objects: w.objects, keys, clock: new FakeClock(), checkpointMs: 1, witnesses: [], timestamper: undefined, onProblem: (p) => w.problems.push(p) }));
    const seen: Checkpoint[] = [];
    let working = true;
    const rounds = logs.map(async (log) => {
      while (working) {
        await log.round();
        const { checkpoint } = await readState(w.db);
        if (checkpoint !== undefined) seen.push(parseCheckpoint(parseNote(checkpoint).text));
      }
    });
    await Promise.all(dbs.flatMap((db, d) => Array.from({ length: 4 }, async (_, k) => {
      for (let i = 0; i < 10; i++) await append(db, `${d}/${k}/${i}`);
    })));
    working = false;
    await Promise.all(rounds);
    const end = await drain(logs[0]!, w.db);
    expect(end.size).toBe(3 * 4 * 10);
    const entries = await allEntries(w, end.size);
    expect(new Set(entries.map((e) => Buffer.from(e).toString())).size).toBe(end.size);
    expect(toHex(end.root)).toBe(rootOfEntries(entries));
    const tree = new TileTree(end.size, async (ref) => (await servedTile(w.db, w.objects, ref)) ?? new Uint8Array(0), nodeSha256);
    for (const c of seen) {
      const proof = await tree.consistency(c.size);
      expect(verifyConsistency({ oldSize: c.size, newSize: end.size, oldRoot: c.root, newRoot: end.root, proof: c.size === 0 ? [] : proof }, nodeSha256)).toBe(true);
    }
    expect(w.problems).toEqual([]);
  });
});

describe('the log', () => {
  it('serves every tile and bundle of every width, also after the full one is there', async () => {
    const w = await world('PostgreSQL');
    const log = w.log();
    const texts = Array.from({ length: 600 }, (_, i) => `entry ${i}`);
    await w.db.transaction(async (tx) => {
      for (const t of texts) await appendToLog(tx, { kind: 'identity', envelope: t, tMs: 1 });
    });
    await drain(log, w.db);
    const served = (path: string): Promise<Uint8Array | undefined> => servedTile(w.db, w.objects, parseTilePath(path));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 256 }), async (index, width) => {
        const there = index * 256 + width <= 600;
        const partial = width === 256 ? '' : `.p/${width}`;
        const hashes = await served(`tile/0/00${index}${partial}`);
        const bundle = await served(`tile/entries/00${index}${partial}`);
        expect([hashes !== undefined, bundle !== undefined]).toEqual([there, there]);
        if (bundle === undefined) return;
        const entries = parseEntryBundle(bundle, width);
        expect(entries.map((e) => Buffer.from(e).toString())).toEqual(texts.slice(index * 256, index * 256 + width));
        expect(Buffer.concat(entries.map((e) => leafHash(e, nodeSha256))).equals(Buffer.from(hashes!))).toBe(true);
      }),
      { seed: 7, numRuns: 60 },
    );
    expect(await served('tile/1/000.p/2')).toHaveLength(64);
    for (const none of ['tile/1/000.p/3', 'tile/1/000', 'tile/2/000.p/1', 'tile/0/003.p/1']) expect(await served(none)).toBeUndefined();
  });

  it('catches up when the database has lost its newest rows, and gives no place twice', async () => {
    const w = await world('PGlite');
    for (let i = 0; i < 300; i++) await append(w.db, `entry ${i}`);
    const before = await drain(w.log(), w.db);
    // As after a power cut: the database is of an earlier moment, the objects are not.
    await w.db.run('delete from log_entries where idx >= 290');
    await w.db.run("update log_state set size = 0, sequenced = 290, range = '[]', checkpoint = null");
    await w.db.run('delete from log_edges');
    await w.db.run("update log_entries set entry = convert_to('entry ' || idx, 'UTF8') where entry is null");
    await append(w.db, 'new after the cut');
    await append(w.db, 'entry 295');
    const log = w.log();
    const after = await drain(log, w.db);
    expect(after.size).toBe(301);
    const entries = await allEntries(w, 301);
    expect(rootOfEntries(entries.slice(0, 300))).toBe(toHex(before.root));
    expect(Buffer.from(entries[300]!).toString()).toBe('new after the cut');
  });

  it('stops rather than signs when database and objects are not of one history', async () => {
    const w = await world('PostgreSQL');
    for (let i = 0; i < 10; i++) await append(w.db, `entry ${i}`);
    const before = await drain(w.log(), w.db);
    // An entry is rewritten in the database, before or after it was published.
    await w.db.run('update log_entries set leaf = $1 where idx = 4', [leafOf('forged')]);
    await w.db.run("update log_state set size = 0, range = '[]', checkpoint = null");
    await w.db.run('delete from log_edges');
    await expect(w.log().round()).rejects.toThrow(/entry 4 of the database is not the one in the object store/);
    expect((await readState(w.db)).size).toBe(0);
    // The state says more than the objects hold.
    await w.db.run('update log_state set size = 11, range = $1', [JSON.stringify([0, 1, 2].map(() => '00'.repeat(32)))]);
    await expect(w.log().round()).rejects.toThrow(/the objects are older than the database/);
    expect(before.size).toBe(10);
  });

  it('stops when a full tile was changed under it, or its end was', async () => {
    const w = await world('PostgreSQL');
    for (let i = 0; i < 256; i++) await append(w.db, `entry ${i}`);
    await drain(w.log(), w.db);
    const tile = join(w.dir, 'objects/log/tile/0/000');
    const good = readFileSync(tile);
    writeFileSync(tile, Buffer.from(good).fill(7, 0, 32));
    await append(w.db, 'another');
    // The proof over a changed tile is not one, so nobody is fooled by it.
    const log = w.log();
    await drain(log, w.db);
    const { proofs } = await log.prove([leafOf('entry 1')]);
    await expect(verifyTlogProof(proofs[0]!, leafOf('entry 1'), policy, nodeCrypto)).rejects.toThrow(/does not prove/);
    writeFileSync(tile, good);
    const tail = join(w.dir, 'objects/log/tail');
    writeFileSync(tail, readFileSync(tail, 'utf8').replace(/store\.test\/log\\n257/, 'store.test/log\\n258'));
    await expect(w.log().round()).rejects.toThrow(/not signed by the log key/);
    rmSync(tail);
    await expect(w.log().round()).rejects.toThrow(/lost the end of the log/);
  });

  it('waits for what is not published yet', async () => {
    const w = await world('PostgreSQL');
    const log = w.log();
    const settled = log.settle([leafOf('late')]);
    await append(w.db, 'late');
    await settled;
  });
});
