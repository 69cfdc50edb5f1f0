/**
 * "Must show": the store turned evil. Whoever runs it holds its keys, its database and its objects, and nothing else.
 * Each act is done the way an operator would do it; each is found, and the test prints by whom and how.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { look, type Looked } from '../../cli/monitor-look.ts';
import type { SessionId } from '../../base/ids.ts';
import { gzipChunk } from '../../evidence/chunks.ts';
import { leafHash } from '../../evidence/merkle.ts';
import { nodeCrypto, nodeSha256 } from '../../evidence/node-crypto.ts';
import { openRecordingDir } from '../../evidence/read-files.ts';
import { readSrz } from '../../evidence/srz-read.ts';
import { formatAddCheckpoint, judgeCheckpoint } from '../../evidence/tlog-witness.ts';
import { tilePath, TileTree } from '../../evidence/tlog-tiles.ts';
import { parseCheckpoint, parseNote } from '../../evidence/note.ts';
import type { RecordingSource } from '../../evidence/source.ts';
import { parseTrust, type Trust } from '../../evidence/trust.ts';
import { verifyRecording, type VerifyReport } from '../../evidence/verify.ts';
import { type Person, startTestStore, type TestStore } from '../../testing/store-harness.ts';
import type { Database } from '../db/database.ts';
import { logStatement } from './append.ts';
import { forgetSession } from '../search/forget.ts';
import { openSession, type RecordedSession, scratch, uploadedSession } from '../../testing/store-recordings.ts';

const found: string[][] = [];
const told = (act: string, by: string, how: string): void => void found.push([act, by, how]);

let store: TestStore;
let alice: Person;
let audrey: Person;
let trust: Trust;
let sessions: RecordedSession[];
let dir: string;
/** The export of session 0 from before. */
let earlier: RecordingSource;
/** What an independent witness has cosigned. */
let witnessed: { size: number; root: Uint8Array };

beforeAll(async () => {
  dir = scratch();
  store = await startTestStore();
  alice = await store.person('alice@example.com', ['engineering']);
  audrey = await store.person('audrey@example.com', ['audit']);
  sessions = [];
  for (let i = 0; i < 5; i++) sessions.push(await uploadedSession(store, alice, 12));
  trust = parseTrust(await audrey.client.trust());
  earlier = await exported(0);
  // An export waits for the log: with the last session in it, all are.
  await exported(4);
  expect(await monitor()).toMatchObject({ alarms: [], sessions: 5 });
  const { size, root } = parseCheckpoint(parseNote(await checkpoint()).text);
  witnessed = { size, root };
});
afterAll(async () => {
  await store.stop();
  rmSync(dir, { recursive: true, force: true });
  const width = [0, 1].map((c) => Math.max(...found.map((row) => row[c]?.length ?? 0)));
  process.stdout.write(`\nThe store turned evil\n${found.map(([act = '', by = '', how = '']) => `  ${act.padEnd(width[0] ?? 0)}  found by ${by.padEnd(width[1] ?? 0)}  ${how}`).join('\n')}\n`);
});

const id = (i: number): SessionId => sessions[i]!.id;
const exported = async (i: number): Promise<RecordingSource> => readSrz(await audrey.client.downloadSrz(id(i)));
const checkpoint = async (): Promise<string> => Buffer.from(await audrey.client.logFile('checkpoint')).toString();
const monitor = (full = false, name = 'memory'): Promise<Looked> => look(audrey.client, { state: join(dir, name), full, maxOpenMs: 86_400_000, graceMs: 0 }, trust.logPolicy!);
const verified = (source: RecordingSource): Promise<VerifyReport> => verifyRecording(source, trust, { crypto: nodeCrypto });
const objectsOf = (i: number): string => join(store.dataDir, 'store/objects/recordings', id(i));
const chunkFile = (i: number, n = 0): string => join(objectsOf(i), 'chunks', `${String(n).padStart(6, '0')}.ndjson.gz`);

/** Rewrites the text of a chunk in the object store. */
function edit(i: number, change: (text: string) => string): void {
  const text = gunzipSync(readFileSync(chunkFile(i))).toString();
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(chunkFile(i), gzipChunk(Buffer.from(changed)));
}

/** Does it, verifies the export, and puts everything back. */
async function failing(i: number, act: string, evil: () => void, code: string): Promise<void> {
  const kept = join(dir, `kept-${i}`);
  cpSync(objectsOf(i), kept, { recursive: true });
  evil();
  const report = await verified(await exported(i));
  rmSync(objectsOf(i), { recursive: true });
  cpSync(kept, objectsOf(i), { recursive: true });
  expect(report.firstBad).toMatchObject({ code });
  told(act, 'the verifier', `${code}: ${report.firstBad?.reason ?? ''}`);
}

function alarmed(act: string, looked: Looked, ...codes: string[]): void {
  expect([...new Set(looked.alarms.map((a) => a.code))].sort()).toEqual([...codes].sort());
  for (const code of codes) told(act, 'the monitor', `${code}: ${looked.alarms.find((a) => a.code === code)?.message ?? ''}`);
}

describe('what is in recordings', () => {
  it('cannot be edited, swapped, cut or emptied', async () => {
    await failing(0, 'a statement in a recording is edited', () => edit(0, (t) => t.replace('WHERE id = 1', 'WHERE id = 9')), 'altered');
    await failing(0, 'records of a recording are taken out', () => edit(0, (t) => t.split('\n').filter((l) => !/"n":4,|,4,"sql"/.test(l)).join('\n')), 'dropped');
    await failing(0, 'chunks of two sessions are swapped', () => cpSync(chunkFile(1), chunkFile(0)), 'other_session');
    await failing(0, 'content is removed without two people', () => edit(0, (t) => t.split('\n').filter((l) => !/^D\[".*",0,"sql"/.test(l)).join('\n')), 'disclosure_missing');
    await failing(0, 'the end of a recording is cut off', () => rmSync(chunkFile(0, readdirSync(join(objectsOf(0), 'chunks')).length - 1)), 'cut_tail');
    expect((await verified(await exported(0))).verdict).toBe('PASS');
  });

  it('cannot be taken out without its place in the log', async () => {
    const good = await exported(0);
    const bare: RecordingSource = { ...good, names: good.names.filter((n) => !n.startsWith('proofs/') && n !== 'export.dsse.json'), file: (n) => (n.startsWith('proofs/') || n === 'export.dsse.json' ? undefined : good.file(n)) };
    const report = await verified(bare);
    expect(report.firstBad).toMatchObject({ code: 'log_proof_missing' });
    told('an export without the proofs of the log', 'the verifier', `log_proof_missing: ${report.firstBad?.reason ?? ''}`);
    const other = await exported(1);
    const borrowed: RecordingSource = { ...bare, names: good.names.filter((n) => n !== 'export.dsse.json'), file: (n) => (n.startsWith('proofs/') ? other.file(n) : bare.file(n)) };
    const second = await verified(borrowed);
    expect(second.firstBad).toMatchObject({ code: 'log_proof_invalid' });
    told('an export with the proofs of another session', 'the verifier', `log_proof_invalid: ${second.firstBad?.reason ?? ''}`);
  });
});

describe('what is in the database', () => {
  it('cannot be edited, deleted or kept out of the log', async () => {
    const hidden = await openSession(store, alice);
    await alice.client.uploadOpen(hidden.id, hidden.openEnvelope);
    const next = await uploadedSession(store, alice);
    await hidden.recorder.close({ reason: 'x' });
    await store.inside(async (db) => {
      // Session 2 never was; session 3 was shorter; the hidden one was never opened, as if the log had not been told.
      await vanish(db, id(2));
      await db.run('update recordings set size = size - 6 where session_id = $1', [id(3)]);
      await vanish(db, hidden.id);
      const leaf = leafHash(Buffer.from(hidden.openEnvelope), nodeSha256);
      expect(await db.run('delete from log_entries where leaf = $1 and idx is not null', [leaf])).toBe(1);
      // The operator holds the log's key, so a new tree without it is signed: the log is rewritten from its beginning.
      await rewrite(db, next.openEnvelope);
    });
    rmSync(objectsOf(2), { recursive: true });
    await exported(4);
    const fresh = await monitor(false, 'a monitor that begins only now');
    alarmed('a session is deleted, one is shortened, one is kept out', fresh, 'session_missing', 'session_shrunk', 'device_gap');
    expect(fresh.alarms.find((a) => a.code === 'device_gap')?.message).toContain('number 6');
  });

  async function vanish(db: Database, session: SessionId): Promise<void> {
    await forgetSession(db, session);
    for (const table of ['chunks', 'recordings']) await db.run(`delete from ${table} where session_id = $1`, [session]);
  }

  /** Builds the log anew from the envelopes that are left, as the store itself would, with its own keys. */
  async function rewrite(db: Database, newest: string): Promise<void> {
    const rest = [...sessions.flatMap((s) => [s.openEnvelope, readFileSync(join(s.dir, 'close.dsse.json'), 'utf8')]), newest, ...[1, 2, 3, 4].map((n) => logStatement('identity', n, { n }))];
    await db.run('delete from log_entries');
    for (const [i, text] of rest.entries()) await db.run("insert into log_entries (kind, leaf, entry, t_ms, idx) values ('rewritten',$1,$2,0,$3)", [leafHash(Buffer.from(text), nodeSha256), Buffer.from(text), i]);
    await db.run("update log_state set sequenced = $1, size = 0, range = '[]', checkpoint = null", [rest.length]);
    await db.run('delete from log_edges');
    rmSync(join(store.dataDir, 'store/objects/log'), { recursive: true });
  }

  it('and a log that was rewritten convinces nobody who has seen it before', async () => {
    const known = await monitor();
    alarmed('the log is rewritten and signed anew', known, 'log_forked');
    expect(readdirSync(dir)).toContain('memory.log_forked.note');
    alarmed('the same, read whole', await monitor(true), 'log_forked');
    const note = await checkpoint();
    const { size } = parseCheckpoint(parseNote(note).text);
    const tree = new TileTree(size, (ref) => audrey.client.logFile(tilePath(ref)), nodeSha256);
    const proof = size > witnessed.size ? await tree.consistency(witnessed.size) : [];
    const answer = await judgeCheckpoint(formatAddCheckpoint({ oldSize: witnessed.size, proof, checkpoint: note }), trust.logPolicy!.logs, () => Promise.resolve(witnessed), nodeCrypto);
    expect(answer.status).toBe(422);
    told('the same, shown to an independent witness', 'the witness', `${answer.status}: ${answer.status === 200 ? '' : answer.reason}`);
    // What was exported before still proves itself: with the new checkpoint it is the proof that the log was forked.
    expect((await verified(earlier)).verdict).toBe('PASS');
    told('the same, beside an export from before', 'the verifier', 'the old export still passes; its checkpoint and the new one, both signed by the log, do not fit together');
  });
});

describe('the device’s own copy', () => {
  it('outlives the store', async () => {
    const report = await verifyRecording(openRecordingDir(sessions[2]!.dir), trust, { crypto: nodeCrypto, proofs: 'if present' });
    expect(report.verdict).toBe('PASS');
    told('a deleted session', 'whoever has the device’s spool, before it was cleared', 'the copy still verifies with public keys');
  });
});
