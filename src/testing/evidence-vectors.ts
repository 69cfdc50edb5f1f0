/**
 * Makes the published test vectors of docs/formats/recording.md section 9. Everything is seeded, so the same code gives
 * the same bytes; `writeVectors` replaces the files under testdata/recordings when the format itself changes.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recoverSession } from '../evidence/recover.ts';
import { signRedaction } from '../evidence/sign.ts';
import { parseRecord } from '../evidence/record.ts';
import { parseSessionId } from '../base/ids.ts';
import { closedRecording, receiveAll, trustJson } from './evidence-recording.ts';
import { FakeClock, openTestRecorder, recordSession, testSigner } from './evidence-session.ts';

export interface Vector {
  readonly name: string;
  readonly expected: { readonly verdict: string; readonly size?: number; readonly signedThrough?: number; readonly witnessedThrough?: number; readonly code?: string; readonly n?: number };
}

export const vectors: readonly Vector[] = [
  { name: 'pass', expected: { verdict: 'PASS', size: 18, signedThrough: 18, witnessedThrough: 18 } },
  { name: 'redacted', expected: { verdict: 'PASS with redactions', size: 18, signedThrough: 18 } },
  { name: 'recovered', expected: { verdict: 'RECOVERED', size: 16, signedThrough: 12 } },
  { name: 'fail-altered', expected: { verdict: 'FAIL', code: 'altered', n: 4 } },
  { name: 'fail-dropped', expected: { verdict: 'FAIL', code: 'dropped', n: 4 } },
  { name: 'fail-swapped', expected: { verdict: 'FAIL', code: 'swapped', n: 4 } },
  { name: 'fail-duplicated', expected: { verdict: 'FAIL', code: 'duplicated', n: 4 } },
  { name: 'fail-cut-tail', expected: { verdict: 'FAIL', code: 'cut_tail', n: 9 } },
  { name: 'fail-other-session', expected: { verdict: 'FAIL', code: 'other_session', n: 9 } },
  { name: 'fail-missing-content', expected: { verdict: 'FAIL', code: 'disclosure_missing', n: 2 } },
  { name: 'fail-unclosed', expected: { verdict: 'FAIL', code: 'unclosed', n: 18 } },
  { name: 'fail-wrong-device', expected: { verdict: 'FAIL', code: 'wrong_device', n: 0 } },
  { name: 'fail-revoked-device', expected: { verdict: 'FAIL', code: 'revoked_device', n: 0 } },
];

const redactors = { threshold: 2, keys: [testSigner('privacy'), testSigner('security')] };
/** Session of `fail-revoked-device`: its device was compromised before anyone witnessed it. */
const revokedDevice = testSigner('revoked-device');

/** The one trust.json beside all vectors. */
export function vectorTrust(): Record<string, unknown> {
  const trust = trustJson({ redactors });
  const revoked = (trustJson({ device: revokedDevice, compromisedSinceMs: 1_780_000_030_000 })['devices'] as unknown[])[0];
  return { ...trust, devices: [...(trust['devices'] as unknown[]), revoked] };
}

/** Writes all vectors, expected results and trust.json under `dir`. */
export async function writeVectors(dir: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'srb-vectors-'));
  const witnessedMs = 1_780_000_060_000;
  const base = (await closedRecording({ dir: join(scratch, 'pass'), seed: 'pass', statements: 6, witnessedMs })).dir;
  const foreign = (await closedRecording({ dir: join(scratch, 'foreign'), seed: 'foreign', statements: 6 })).dir;
  for (const { name, expected } of vectors) {
    const at = join(dir, name);
    rmSync(at, { recursive: true, force: true });
    mkdirSync(at, { recursive: true });
    const from = await sourceOf(name, scratch, base, witnessedMs);
    cpSync(from, at, { recursive: true, filter: (path) => !path.endsWith('cuts.ndjson') });
    if (name.startsWith('fail-') || name === 'redacted') change(name, at, foreign);
    writeFileSync(join(at, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
  }
  writeFileSync(join(dir, 'trust.json'), `${JSON.stringify(vectorTrust(), null, 2)}\n`);
  rmSync(scratch, { recursive: true });
}

async function sourceOf(name: string, scratch: string, base: string, witnessedMs: number): Promise<string> {
  const dir = join(scratch, name);
  if (name === 'recovered') {
    const recorder = await openTestRecorder({ dir, seed: name });
    await recordSession(recorder, 4);
    recorder.checkpoint();
    const crashed = join(scratch, 'crashed');
    // Copied before anything is awaited: a slow disk must not let the timed checkpoint in.
    const synced = recordSession(recorder, 2, 100);
    cpSync(recorder.dir, crashed, { recursive: true });
    await synced;
    await recorder.close({ reason: 'x' });
    const log = join(crashed, 'log.ndjson');
    truncateSync(log, cutInside(readFileSync(log, 'utf8'), 16));
    await recoverSession(crashed, { device: testSigner('device'), clock: new FakeClock(1_780_000_020_000), bootId: 'boot-2' });
    return crashed;
  }
  if (name === 'fail-wrong-device') return (await closedRecording({ dir, seed: name, device: testSigner('unknown-device'), statements: 2 })).dir;
  if (name === 'fail-revoked-device') {
    const recorder = await closedRecording({ dir, seed: name, device: revokedDevice, statements: 2 });
    await receiveAll(recorder.dir, { nowMs: witnessedMs });
    return recorder.dir;
  }
  return base;
}

/** Byte in the middle of record n's line. */
const cutInside = (log: string, n: number): number => Buffer.byteLength(log.slice(0, log.indexOf(`R{"n":${n},`))) + 40;

/** Lines by record: content, then header; checkpoints alone. */
function groups(log: string): string[][] {
  const out: string[][] = [];
  const open: string[] = [];
  for (const line of log.split('\n').slice(0, -1)) {
    open.push(line);
    if (!line.startsWith('D')) out.push(open.splice(0));
  }
  return out;
}

function change(name: string, at: string, foreign: string): void {
  const path = join(at, 'log.ndjson');
  const g = groups(readFileSync(path, 'utf8'));
  const index = (n: number): number => g.findIndex((lines) => lines.at(-1)?.startsWith(`R{"n":${n},`) === true);
  const group = (n: number): string[] => g[index(n)] ?? [];
  switch (name) {
    case 'fail-altered':
      g[index(4)] = group(4).map((l) => l.replace('"ch":0', '"ch":1'));
      break;
    case 'fail-dropped':
      g.splice(index(4), 1);
      break;
    case 'fail-swapped':
      g.splice(index(4), 2, group(5), group(4));
      break;
    case 'fail-duplicated':
      g.splice(index(4), 0, group(4));
      break;
    case 'fail-cut-tail':
      g.splice(index(9));
      break;
    case 'fail-other-session': {
      const theirs = groups(readFileSync(join(foreign, 'log.ndjson'), 'utf8'));
      const start = index(9);
      g.splice(start, g.length, ...theirs.slice(start));
      break;
    }
    case 'fail-missing-content':
      g[index(2)] = group(2).slice(1);
      break;
    case 'redacted':
      redact(at, group(2));
      g[index(2)] = group(2).slice(1);
      break;
    case 'fail-unclosed':
      rmSync(join(at, 'close.dsse.json'));
      rmSync(join(at, 'receipts', 'close.dsse.json'));
      break;
    default:
      return;
  }
  writeFileSync(path, g.flat().map((l) => `${l}\n`).join(''));
}

function redact(at: string, lines: readonly string[]): void {
  const header = parseRecord((lines.at(-1) ?? '').slice(1));
  const [first] = header.d;
  if (first === undefined) throw new Error('the record to redact has no content');
  const [field, digest, len] = first;
  const open = JSON.parse(readFileSync(join(at, 'open.dsse.json'), 'utf8')) as { payload: string };
  const { session_id } = JSON.parse(Buffer.from(open.payload, 'base64').toString()) as { session_id: string };
  const statement = { v: 1, session_id: parseSessionId(session_id), items: [{ n: header.n, field, digest, len }], legal_basis: 'GDPR Art. 17', ticket: 'T-1', t: 1_780_000_080_000 } as const;
  mkdirSync(join(at, 'redactions'));
  writeFileSync(join(at, 'redactions', 't-1.dsse.json'), signRedaction(statement, redactors.keys));
}

/** Every file under a directory with its content, for comparing two sets of vectors. */
export function filesUnder(dir: string, prefix = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) for (const [k, v] of filesUnder(path, `${prefix}${name}/`)) out.set(k, v);
    else out.set(prefix + name, readFileSync(path, 'utf8'));
  }
  return out;
}
