import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { pbkdf2 } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memorySource, testTrust } from '../testing/evidence-recording.ts';
import { FakeClock, openTestRecorder, recordSession, recordStatement, seededRandom } from '../testing/evidence-session.ts';
import { EnvironmentError } from '../base/errors.ts';
import { nodeCrypto, nodeSha256Hex } from './node-crypto.ts';
import { openRecording } from './read-files.ts';
import { readItems, type ReadItem } from './read.ts';
import { SpoolMeter } from './spool-budget.ts';
import { verifyRecording } from './verify.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'srb-write-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const verify = (path: string): ReturnType<typeof verifyRecording> => verifyRecording(openRecording(path), testTrust(), { crypto: nodeCrypto });
const log = (path: string): string => readFileSync(join(path, 'log.ndjson'), 'utf8');

async function itemsOf(path: string): Promise<ReadItem[]> {
  const out: ReadItem[] = [];
  for await (const item of readItems(openRecording(path).log()!)) out.push(item);
  return out;
}

describe('recording', () => {
  it('hands nothing to the kernel before commit and everything on commit', async () => {
    const r = await openTestRecorder({ dir });
    const { n, leaf } = r.append({ kind: 'auth', clear: { method: 'scram' } });
    expect([n, leaf.length, log(r.dir)]).toEqual([0, 32, '']);
    r.commit();
    expect(log(r.dir)).toMatch(/^R\{"n":0,.*\}\n$/);
    await r.close({ reason: 'x' });
  });

  it('closes its file only after a sync that began while it was closing', async () => {
    const failures: EnvironmentError[] = [];
    const r = await openTestRecorder({ dir, onFailure: (e) => failures.push(e) });
    recordStatement(r, 1);
    const closing = r.close({ reason: 'x' });
    // The next sync waits behind these for a thread, long after the file would have been closed.
    const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('p', 's', 100_000, 32, 'sha512'));
    const late = r.sync();
    await Promise.all([closing, late, ...busy]);
    expect(failures).toEqual([]);
    expect((await verify(r.dir)).verdict).toBe('PASS');
  });

  it('reads back what was written, odd values included', async () => {
    const value = { text: 'a\u0000b\n\u2028\u{1f600}"\\', list: [1.5, null, true, []], nested: { b: 1, a: 2 } };
    const r = await openTestRecorder({ dir });
    r.append({ kind: 'sql.query', clear: { ids: ['x', 'y'], none: null, big: Number.MAX_SAFE_INTEGER }, fields: [{ name: 'sql', value }], channel: 3 });
    await r.close({ reason: 'x' });
    const items = await itemsOf(r.dir);
    expect(items.map((i) => i.type)).toEqual(['record', 'checkpoint']);
    expect(items[0]).toMatchObject({ record: { n: 0, kind: 'sql.query', channel: 3, clear: { ids: ['x', 'y'], none: null, big: Number.MAX_SAFE_INTEGER }, fields: { sql: value }, removed: [] } });
    expect((await verify(r.dir)).verdict).toBe('PASS');
  });

  it('refuses records that the format cannot hold and goes on unharmed', async () => {
    const r = await openTestRecorder({ dir });
    expect(() => r.append({ kind: 'auth', clear: { n: 1 } })).toThrow(/clear member/);
    expect(() => r.append({ kind: 'auth', clear: { x: 0.5 } })).toThrow(/cannot hold/);
    expect(() => r.append({ kind: 'auth', fields: [{ name: 'Bad', value: 1 }] })).toThrow(/field name/);
    expect(() => r.append({ kind: 'auth', fields: [{ name: 'a', value: 1 }, { name: 'a', value: 2 }] })).toThrow(/each once/);
    expect(() => r.append({ kind: 'auth', fields: [{ name: 'a', value: 'x'.repeat(33 * 1024 * 1024) }] })).toThrow(/larger than a line/);
    recordStatement(r, 1);
    await r.close({ reason: 'x' });
    expect(await verify(r.dir)).toMatchObject({ verdict: 'PASS', size: 3 });
  });

  it('checkpoints at once after a denial, a hold and an approval, and tells the listener', async () => {
    const r = await openTestRecorder({ dir });
    const seen: number[][] = [];
    r.on('checkpoint', (size, bytes) => seen.push([size, bytes - statSync(join(r.dir, 'log.ndjson')).size]));
    r.append({ kind: 'policy.decision', clear: { dec: 'allow' } });
    r.commit();
    expect(seen).toEqual([]);
    r.append({ kind: 'policy.decision', clear: { dec: 'deny' } });
    r.commit();
    r.append({ kind: 'approval.request', clear: { id: 'x' } });
    r.commit();
    expect(seen).toEqual([[2, 0], [3, 0]]);
    await r.close({ reason: 'x' });
  });

  it('closes an empty session', async () => {
    const r = await openTestRecorder({ dir });
    const { closeSha256 } = await r.close({ reason: 'nothing happened' });
    expect(closeSha256).toBe(nodeSha256Hex(readFileSync(join(r.dir, 'close.dsse.json'))));
    expect(await verify(r.dir)).toMatchObject({ verdict: 'PASS', size: 0 });
    expect(() => r.append({ kind: 'auth' })).toThrow(/closed/);
  });

  it('shares fdatasync among callers, all of them durable', async () => {
    const r = await openTestRecorder({ dir });
    await Promise.all(Array.from({ length: 200 }, async (_, i) => {
      recordStatement(r, i);
      await r.sync();
    }));
    await r.close({ reason: 'x' });
    expect(await verify(r.dir)).toMatchObject({ verdict: 'PASS', size: 600 });
  });
});

describe('device sequence', () => {
  it('numbers opens without gaps, each naming the one before, also while sessions overlap', async () => {
    const recorders = [];
    for (let i = 0; i < 4; i++) recorders.push(await openTestRecorder({ dir, seed: `s${i}` }));
    const opens = recorders.map((r) => JSON.parse(Buffer.from((JSON.parse(r.openEnvelope) as { payload: string }).payload, 'base64').toString()) as { device_seq: number; prev_open_sha256: string });
    expect(opens.map((o) => o.device_seq)).toEqual([1, 2, 3, 4]);
    expect(opens.map((o) => o.prev_open_sha256)).toEqual(['0'.repeat(64), ...recorders.slice(0, 3).map((r) => nodeSha256Hex(r.openEnvelope))]);
    for (const r of recorders) await r.close({ reason: 'x' });
  });

  it('refuses a damaged ledger instead of starting again', async () => {
    await (await openTestRecorder({ dir })).close({ reason: 'x' });
    const path = join(dir, 'device-ledger.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('device_seq\\":1', 'device_seq\\":7'));
    await expect(openTestRecorder({ dir, seed: 'next' })).rejects.toThrow(/checksum/);
    writeFileSync(path, '');
    await expect(openTestRecorder({ dir, seed: 'next' })).rejects.toThrow(/device-ledger.json/);
  });
});

/** A file system of 320 KiB, where this machine lets us mount one. */
function tinyDisk(at: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=320k', 'tmpfs', at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a full disk', () => {
  it('ends the recording with a clear error, a gap record and a close that verifies', async () => {
    const mounted = tinyDisk(dir);
    try {
      const failures: EnvironmentError[] = [];
      // Without the right to mount, the spool's budget plays the full disk: the same way out.
      const spool = mounted ? undefined : new SpoolMeter(200_000);
      const r = await openTestRecorder({ dir, random: seededRandom('full'), onFailure: (e) => failures.push(e), ...(spool === undefined ? {} : { spool }) });
      let error: unknown;
      let committed = 0;
      try {
        for (let i = 0; i < 100_000; i++) {
          recordStatement(r, i);
          committed = r.size;
        }
      } catch (e) {
        error = e;
      }
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(error).toMatchObject({ code: mounted ? 'env.disk_full' : 'env.spool_limit' });
      expect(failures).toHaveLength(1);
      expect(() => r.append({ kind: 'auth' })).toThrow(EnvironmentError);
      expect(() => r.commit()).toThrow(EnvironmentError);
      await r.close({ reason: 'the disk is full' });
      const report = await verify(r.dir);
      expect(report.steps.filter((s) => !s.ok)).toEqual([]);
      expect(report.verdict).toBe('PASS');
      expect(report.size).toBeGreaterThan(committed);
      const items = await itemsOf(r.dir);
      expect(items.at(-2)).toMatchObject({ record: { kind: 'gap' } });
    } finally {
      if (mounted) execFileSync('umount', ['-l', dir]);
    }
  });
});

describe('the published form', () => {
  it('is the same bytes for the same clock, random bytes and records', async () => {
    const texts: string[] = [];
    for (const sub of ['a', 'b']) {
      const r = await openTestRecorder({ dir: join(dir, sub), clock: new FakeClock() });
      await recordSession(r, 5);
      await r.close({ reason: 'x' });
      texts.push(log(r.dir));
      expect((await verifyRecording(memorySource({ 'open.dsse.json': r.openEnvelope, 'close.dsse.json': readFileSync(join(r.dir, 'close.dsse.json')), 'log.ndjson': log(r.dir) }), testTrust())).verdict).toBe('PASS');
    }
    expect(texts[0]).toBe(texts[1]);
  });
});
