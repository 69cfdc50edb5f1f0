import { appendFileSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSessionId } from '../base/ids.ts';
import { receiveAll, testTrust } from '../testing/evidence-recording.ts';
import { FakeClock, openTestRecorder, recordSession, testSigner } from '../testing/evidence-session.ts';
import { nextChunk } from './chunks.ts';
import { nodeCrypto } from './node-crypto.ts';
import { openRecording } from './read-files.ts';
import { recoverSession, recoverSpool } from './recover.ts';
import { verifyRecording } from './verify.ts';

let root: string;
let crashed: string;
let whole: number;
const options = { device: testSigner('device'), clock: new FakeClock(), bootId: 'boot-2' };
const verify = (path: string): ReturnType<typeof verifyRecording> => verifyRecording(openRecording(path), testTrust(), { crypto: nodeCrypto });

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'srb-recover-'));
  const recorder = await openTestRecorder({ dir: join(root, 'spool') });
  // The program dies here: no close. Copied before anything is awaited, so that no timed checkpoint comes in between.
  const synced = recordSession(recorder, 12, 5);
  crashed = join(root, 'crashed');
  cpSync(recorder.dir, crashed, { recursive: true });
  whole = statSync(join(crashed, 'log.ndjson')).size;
  await synced;
  await recorder.close({ reason: 'x' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let copies = 0;
function copyOf(): string {
  const at = join(root, `copy-${copies++}`);
  cpSync(crashed, at, { recursive: true });
  return at;
}

describe('recovery', () => {
  it('signs what a crash left and marks what the session key had signed', async () => {
    const dir = copyOf();
    expect((await verify(dir)).firstBad).toMatchObject({ code: 'unclosed', n: 36 });
    expect(await recoverSession(dir, options)).toEqual({ state: 'recovered', size: 36, checkpointSize: 30, tornBytes: 0, now: true });
    expect(await verify(dir)).toMatchObject({ verdict: 'RECOVERED', size: 36, signedThrough: 30 });
    expect(readdirSync(dir).sort()).toEqual(['log.ndjson', 'open.dsse.json', 'recovered.dsse.json']);
  });

  it('makes every one of 300 random truncations verify, and repeating it changes nothing', async () => {
    let state = 11;
    for (let i = 0; i < 300; i++) {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      const dir = copyOf();
      const cut = state % (whole + 1);
      truncateSync(join(dir, 'log.ndjson'), cut);
      const result = await recoverSession(dir, options);
      expect(result).toMatchObject({ state: 'recovered', now: true });
      const report = await verify(dir);
      expect([cut, report.verdict, report.firstBad]).toEqual([cut, 'RECOVERED', undefined]);
      const kept = statSync(join(dir, 'log.ndjson')).size;
      if (result.state === 'recovered') expect(kept + result.tornBytes).toBe(cut);
      const before = readFileSync(join(dir, 'recovered.dsse.json'), 'utf8');
      expect(await recoverSession(dir, options)).toMatchObject({ state: 'recovered', now: false });
      expect(readFileSync(join(dir, 'recovered.dsse.json'), 'utf8')).toBe(before);
      rmSync(dir, { recursive: true });
    }
  }, 240_000);

  it('cuts garbage and keeps it', async () => {
    const dir = copyOf();
    appendFileSync(join(dir, 'log.ndjson'), Buffer.from([0, 255, 10, 0, 0, 10]));
    expect(await recoverSession(dir, options)).toMatchObject({ state: 'recovered', size: 36, tornBytes: 6 });
    expect(readFileSync(join(dir, 'torn.bin'))).toEqual(Buffer.from([0, 255, 10, 0, 0, 10]));
    expect((await verify(dir)).verdict).toBe('RECOVERED');
    writeFileSync(join(dir, 'torn.bin'), 'other');
    expect((await verify(dir)).firstBad).toMatchObject({ code: 'close_mismatch' });
  });

  it('goes on where it was interrupted itself', async () => {
    const dir = copyOf();
    truncateSync(join(dir, 'log.ndjson'), whole - 10);
    await recoverSession(dir, options);
    const torn = readFileSync(join(dir, 'torn.bin'));
    rmSync(join(dir, 'recovered.dsse.json'));
    expect(await recoverSession(dir, options)).toMatchObject({ state: 'recovered', tornBytes: torn.length, now: true });
    expect((await verify(dir)).verdict).toBe('RECOVERED');
  });

  it('a log that is changed afterwards is found, not signed again', async () => {
    const dir = copyOf();
    await recoverSession(dir, options);
    appendFileSync(join(dir, 'log.ndjson'), 'R{"n":36}\n');
    expect(await recoverSession(dir, options)).toMatchObject({ state: 'failed' });
  });

  it('is received by the store with its tail', async () => {
    const dir = copyOf();
    await recoverSession(dir, options);
    await receiveAll(dir, { nowMs: 1_780_000_100_000 });
    expect(await verify(dir)).toMatchObject({ verdict: 'RECOVERED', size: 36, signedThrough: 30, witnessedThrough: 36, witnessedMs: 1_780_000_100_000 });
  });
});

describe('directories in any half state', () => {
  it('get a named result each, and none stops the others', async () => {
    const spool = mkdtempSync(join(root, 'half-'));
    const id = (n: number): string => `0190a5b2-7c00-7000-8000-00000000000${n}`;
    const make = (n: number, files: Record<string, string>): void => {
      mkdirSync(join(spool, id(n)), { recursive: true });
      for (const [name, content] of Object.entries(files)) writeFileSync(join(spool, id(n), name), content);
    };
    const open = readFileSync(join(crashed, 'open.dsse.json'), 'utf8');
    make(0, {});
    make(1, { 'open.dsse.json': '' });
    make(2, { 'open.dsse.json': open });
    make(3, { 'open.dsse.json': open, 'log.ndjson': 'garbage\n' });
    make(4, { 'open.dsse.json': open.replace(/"sig":"../, '"sig":"AA') });
    make(5, { 'log.ndjson': 'R{}\n' });
    make(6, { 'open.dsse.json': open, 'close.dsse.json': 'anything' });
    make(7, { 'open.dsse.json': open });
    mkdirSync(join(spool, id(7), 'log.ndjson'));
    make(8, { 'open.dsse.json': open });
    mkdirSync(join(spool, 'not-a-session'));
    const results = await recoverSpool(spool, { ...options, live: new Set([parseSessionId(id(8))]) });
    expect(results.map((r) => r.result.state)).toEqual(['no_open', 'bad_open', 'recovered', 'recovered', 'bad_open', 'no_open', 'closed', 'failed']);
    expect((await verify(join(spool, id(2)))).verdict).toBe('RECOVERED');
    const other = await recoverSession(copyOf(), { ...options, device: testSigner('other-device') });
    expect(other.state).toBe('other_device');
  });
});

describe('chunks', () => {
  it('are cut at checkpoints and come out the same after a restart', async () => {
    const dir = copyOf();
    expect(await nextChunk(dir, 0)).toBeUndefined();
    const first = (await nextChunk(dir, 0, { minBytes: 100 }))!;
    expect(first).toMatchObject({ index: 0, fromByte: 0 });
    expect(first.note).toContain('\n15\n');
    const again = (await nextChunk(dir, 0, { minBytes: 10_000_000, flush: true }))!;
    expect([again.sha256, again.toByte, Buffer.from(again.gzip)]).toEqual([first.sha256, first.toByte, Buffer.from(first.gzip)]);
    const second = (await nextChunk(dir, first.toByte, { flush: true }))!;
    expect(second.index).toBe(1);
    expect(await nextChunk(dir, second.toByte, { flush: true })).toBeUndefined();
    await recoverSession(dir, options);
    const tail = (await nextChunk(dir, second.toByte))!;
    expect([tail.note, tail.toByte]).toEqual([undefined, whole]);
    expect(await nextChunk(dir, whole)).toBeUndefined();
  });

  it('refuse to go on from elsewhere or over a changed log', async () => {
    const dir = copyOf();
    await nextChunk(dir, 0, { minBytes: 100 });
    await expect(nextChunk(dir, 5, { flush: true })).rejects.toThrow(/continue at byte/);
    copyFileSync(join(dir, 'open.dsse.json'), join(dir, 'log.ndjson'));
    await expect(nextChunk(dir, 0)).rejects.toThrow(/no longer what was cut/);
  });
});
