/** Everything that can be done to a recording afterwards, and the name that the verifier gives it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedRecording, memorySource, testTrust } from '../testing/evidence-recording.ts';
import { FakeClock, testSigner } from '../testing/evidence-session.ts';
import { nodeCrypto } from './node-crypto.ts';
import { openRecording } from './read-files.ts';
import { signStatement } from './sign.ts';
import { verifyRecording, type VerifyReport } from './verify.ts';

const openMs = 1_780_000_000_000;
const witnessedMs = openMs + 60_000;
let root: string;
let good: Record<string, string>;
let foreign: Record<string, string>;

function load(dir: string): Record<string, string> {
  const names = ['open.dsse.json', 'close.dsse.json', 'log.ndjson', 'final.note', 'receipts/000000.dsse.json', 'receipts/close.dsse.json'];
  return Object.fromEntries(names.map((n) => [n, readFileSync(join(dir, n), 'utf8')]));
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'srb-verify-'));
  good = load((await closedRecording({ dir: join(root, 'a'), witnessedMs })).dir);
  foreign = load((await closedRecording({ dir: join(root, 'b'), seed: 'another', witnessedMs })).dir);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const check = (files: Record<string, string | Uint8Array>, trust = testTrust()): Promise<VerifyReport> => verifyRecording(memorySource(files), trust, { crypto: nodeCrypto });
const without = (...names: string[]): Record<string, string> => Object.fromEntries(Object.entries(good).filter(([n]) => !names.includes(n)));
/** Without what the store has seen, so that only the recording itself speaks. */
const alone = (log: string): Record<string, string> => ({ 'open.dsse.json': good['open.dsse.json']!, 'close.dsse.json': good['close.dsse.json']!, 'log.ndjson': log });

/** Lines of the log, grouped by record: content lines, then the record line. Checkpoints stand alone. */
function groups(): string[][] {
  const out: string[][] = [];
  const open: string[] = [];
  for (const line of good['log.ndjson']!.split('\n').slice(0, -1)) {
    open.push(line);
    if (!line.startsWith('D')) out.push(open.splice(0));
  }
  return out;
}
const joined = (g: string[][]): string => g.flat().map((l) => `${l}\n`).join('');
const recordAt = (g: string[][], n: number): number => g.findIndex((lines) => lines.at(-1)!.startsWith(`R{"n":${n},`));

describe('a good recording', () => {
  it('passes, signed and witnessed to its end, with both crypto ports', async () => {
    const report = await check(good);
    expect(report.steps.filter((s) => !s.ok)).toEqual([]);
    expect(report).toMatchObject({ verdict: 'PASS', size: 30, signedThrough: 30, witnessedThrough: 30, witnessedMs, redacted: 0 });
    expect((await verifyRecording(memorySource(good), testTrust())).verdict).toBe('PASS');
  });
  it('passes from its directory', async () => {
    const dir = (await closedRecording({ dir: join(root, 'c'), witnessedMs })).dir;
    expect((await verifyRecording(openRecording(dir), testTrust(), { crypto: nodeCrypto })).verdict).toBe('PASS');
  });
  it('passes without witness and says so', async () => {
    expect(await check(alone(good['log.ndjson']!))).toMatchObject({ verdict: 'PASS', witnessedThrough: 0 });
  });
});

describe('tampering with the log is named', () => {
  // Records 9, 18 and 27 start after a checkpoint; 30 ends the log.
  const numbers = [0, 1, 4, 8, 9, 17, 25, 29];

  it.each(numbers)('altered header of record %i', async (n) => {
    const g = groups();
    const at = recordAt(g, n);
    g[at]![g[at]!.length - 1] = g[at]!.at(-1)!.replace(/"ch":0/, '"ch":1');
    expect((await check(alone(joined(g)))).firstBad).toMatchObject({ code: 'altered', n });
  });

  it.each([0, 2, 6, 8, 9, 29])('altered content of record %i', async (n) => {
    const g = groups();
    const at = recordAt(g, n);
    expect(g[at]![0]).toMatch(/^D/);
    g[at]![0] = g[at]![0]!.replace(/(SELECT|id)/, 'x$1');
    expect((await check(alone(joined(g)))).firstBad).toMatchObject({ code: 'altered', n });
  });

  it.each(numbers)('dropped record %i', async (n) => {
    const g = groups();
    g.splice(recordAt(g, n), 1);
    expect((await check(alone(joined(g)))).firstBad).toMatchObject({ code: 'dropped', n });
  });

  it.each([0, 3, 7, 9, 27])('swapped records %i and the next', async (n) => {
    const g = groups();
    const [a, b] = [recordAt(g, n), recordAt(g, n + 1)];
    [g[a], g[b]] = [g[b]!, g[a]!];
    expect((await check(alone(joined(g)))).firstBad).toMatchObject({ code: 'swapped', n });
  });

  it.each(numbers)('duplicated record %i', async (n) => {
    const g = groups();
    const at = recordAt(g, n);
    g.splice(at, 0, [...g[at]!]);
    expect((await check(alone(joined(g)))).firstBad).toMatchObject({ code: 'duplicated', n });
  });

  it('a chunk of another session in the place of one of its own', async () => {
    const mine = good['log.ndjson']!.split(/(?<=^C.*\n)/m);
    const theirs = foreign['log.ndjson']!.split(/(?<=^C.*\n)/m);
    for (let i = 0; i < mine.length; i++) {
      const log = mine.map((c, j) => (i === j ? theirs[j]! : c)).join('');
      expect((await check(alone(log))).firstBad).toMatchObject({ code: 'other_session', n: i * 9 });
    }
  });

  it.each([
    [4, 0],
    [8, 0],
    [13, 9],
    [20, 18],
    [29, 27],
  ])('record %i rewritten and all links after it made anew: the checkpoint over %i.. is the first witness', async (from, checkpoint) => {
    const g = groups();
    let previous = '';
    for (let n = from; n < 30; n++) {
      const lines = g[recordAt(g, n)]!;
      const body = lines.at(-1)!.slice(1);
      const changed = n === from ? body.replace('"ch":0', '"ch":1') : body.replace(/"p":"[0-9a-f]{64}"/, `"p":"${previous}"`);
      lines[lines.length - 1] = `R${changed}`;
      previous = Buffer.from(nodeCrypto.sha256(Buffer.concat([Buffer.of(0), Buffer.from(changed)]))).toString('hex');
    }
    const { firstBad } = await check(alone(joined(g)));
    expect(firstBad?.code).toBe('altered');
    expect(firstBad?.n).toBeGreaterThanOrEqual(checkpoint);
    expect(firstBad?.n).toBeLessThanOrEqual(from);
  });

  it('cut tail at a record, at a checkpoint, in the middle of a line', async () => {
    const g = groups();
    const atRecord = joined(g.slice(0, recordAt(g, 20)));
    const atCheckpoint = joined(g.slice(0, g.findLastIndex((l, i) => l[0]!.startsWith('C') && i < g.length - 1) + 1));
    expect((await check(alone(atRecord))).firstBad).toMatchObject({ code: 'cut_tail', n: 20 });
    expect((await check(alone(atCheckpoint))).firstBad).toMatchObject({ code: 'cut_tail', n: 27 });
    expect((await check(alone(atRecord.slice(0, -3)))).firstBad).toMatchObject({ code: 'cut_tail' });
    expect((await check(alone(joined(g.slice(0, -1))))).firstBad).toMatchObject({ code: 'cut_tail', n: 30 });
    expect((await check(alone(''))).firstBad).toMatchObject({ code: 'cut_tail', n: 0 });
  });

  it('a checkpoint by another key', async () => {
    const { signCheckpoint } = await import('./sign.ts');
    const { parseCheckpoint, parseNote } = await import('./note.ts');
    const g = groups();
    const at = g.findIndex((l) => l[0]!.startsWith('C'));
    const forged = signCheckpoint(parseCheckpoint(parseNote(JSON.parse(g[at]![0]!.slice(1)) as string).text), testSigner('device'));
    g[at] = [`C${JSON.stringify(forged)}`];
    expect((await check(alone(joined(g)))).firstBad).toMatchObject({ code: 'checkpoint_key', n: 0 });
  });

  it('a repeated or removed checkpoint', async () => {
    const g = groups();
    const at = g.findIndex((l) => l[0]!.startsWith('C'));
    const twice = [...g.slice(0, at), g[at]!, ...g.slice(at)];
    expect((await check(alone(joined(twice)))).firstBad).toMatchObject({ code: 'checkpoint_order', n: 9 });
    const removed = [...g.slice(0, at), ...g.slice(at + 1)];
    expect((await check(alone(joined(removed)))).firstBad).toMatchObject({ code: 'close_mismatch' });
  });

  it('missing content that no redaction covers', async () => {
    const g = groups();
    g[recordAt(g, 2)]!.splice(0, 1);
    expect((await check(alone(joined(g)))).firstBad).toMatchObject({ code: 'disclosure_missing', n: 2 });
  });

  it('any flipped bit in any file', async () => {
    let state = 7;
    const next = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % below;
    };
    const survivors: string[] = [];
    for (const [name, text] of Object.entries(good)) {
      const bytes = Buffer.from(text);
      const flips = name === 'log.ndjson' ? 300 : 60;
      for (let i = 0; i < flips; i++) {
        const changed = new Uint8Array(bytes);
        const at = next(bytes.length);
        changed[at]! ^= 1 << next(8);
        const report = await check({ ...good, [name]: changed });
        if (report.verdict !== 'FAIL' || report.firstBad === undefined) survivors.push(`${name} byte ${at}`);
      }
    }
    // A cosignature line under another name is an unknown witness's, which C2SP says to ignore.
    expect(survivors.filter((s) => !s.startsWith('final.note'))).toEqual([]);
    const cosignatureAt = Buffer.byteLength(good['final.note']!.slice(0, good['final.note']!.lastIndexOf('\u2014')));
    for (const s of survivors) expect(Number(s.split(' ').at(-1))).toBeGreaterThanOrEqual(cosignatureAt);
  }, 240_000);
});

describe('statements', () => {
  it('a device that is not enrolled, or another enrolled one', async () => {
    expect((await check(good, testTrust({ device: testSigner('new-device') }))).firstBad).toMatchObject({ code: 'wrong_device' });
    const open = JSON.parse(Buffer.from((JSON.parse(good['open.dsse.json']!) as { payload: string }).payload, 'base64').toString()) as Record<string, string>;
    expect((await check({ ...good, 'open.dsse.json': signStatement('open', open, testSigner('other-device')) })).firstBad).toMatchObject({ code: 'wrong_device' });
  });

  it('a revoked device: only what was witnessed before counts', async () => {
    const revoked = (ms: number): ReturnType<typeof testTrust> => testTrust({ compromisedSinceMs: ms });
    expect((await check(good, revoked(witnessedMs + 1))).verdict).toBe('PASS');
    expect((await check(good, revoked(witnessedMs))).firstBad).toMatchObject({ code: 'revoked_device' });
    expect((await check(alone(good['log.ndjson']!), revoked(witnessedMs + 1))).firstBad).toMatchObject({ code: 'revoked_device' });
  });

  it('an open older than the enrolment', async () => {
    const early = await closedRecording({ dir: join(root, 'early'), clock: new FakeClock(1_760_000_000_000), witnessedMs });
    expect((await check(load(early.dir))).firstBad).toMatchObject({ code: 'wrong_device' });
  });

  it('missing open, log, close', async () => {
    expect((await check(without('open.dsse.json'))).firstBad).toMatchObject({ code: 'missing_open' });
    expect((await check(without('log.ndjson'))).firstBad).toMatchObject({ code: 'missing_log' });
    expect((await check(without('close.dsse.json', 'receipts/close.dsse.json'))).firstBad).toMatchObject({ code: 'unclosed', n: 30 });
  });

  it('open, close, note or receipt of another session', async () => {
    const swap = (name: string): Promise<VerifyReport> => check({ ...good, [name]: foreign[name]! });
    expect((await swap('open.dsse.json')).firstBad).toMatchObject({ code: 'other_session', n: 0 });
    expect((await swap('close.dsse.json')).firstBad).toMatchObject({ code: 'close_signature' });
    expect((await swap('final.note')).firstBad).toMatchObject({ code: 'other_session' });
    expect((await swap('receipts/close.dsse.json')).firstBad).toMatchObject({ code: 'receipt_mismatch' });
  });

  it('a shorter recording with the device\u2019s own recovered statement is given away by witness and receipts', async () => {
    const g = groups();
    const log = joined(g.slice(0, g.findIndex((l) => l[0]!.startsWith('C')) + 1));
    const { LogVerifier } = await import('./verify-log.ts');
    const { verifyOpen } = await import('./verify-chunk.ts');
    const { deviceIdOf } = await import('./verify-crypto.ts');
    const device = testSigner('device');
    const { open, binding } = await verifyOpen(good['open.dsse.json']!, { ...device, deviceId: deviceIdOf(device.publicKey) }, nodeCrypto);
    const walk = new LogVerifier({ binding, crypto: nodeCrypto });
    await walk.push(Buffer.from(log));
    const empty = Buffer.from(nodeCrypto.sha256(new Uint8Array(0))).toString('hex');
    const recovered = { v: 1, session_id: open.session_id, size: 9, root: walk.rootHex(), bytes: log.length, last_checkpoint_size: 9, torn_sha256: empty, torn_bytes: 0, boot_id: 'b', end: 'recovered', t: openMs };
    const files = { ...without('close.dsse.json', 'receipts/close.dsse.json'), 'log.ndjson': Buffer.from(log), 'recovered.dsse.json': signStatement('recovered', recovered, device) };
    expect(walk.bytes).toBe(Buffer.byteLength(log));
    const report = await check({ ...files, 'recovered.dsse.json': signStatement('recovered', { ...recovered, bytes: walk.bytes }, device) });
    expect(report).toMatchObject({ verdict: 'FAIL', firstBad: { code: 'cut_tail', n: 9 } });
  });
});
