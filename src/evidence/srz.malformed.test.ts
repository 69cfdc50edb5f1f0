import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, utf8 } from '../base/encoding.ts';
import { closedRecording, testTrust } from '../testing/evidence-recording.ts';
import { testSigner } from '../testing/evidence-session.ts';
import { castLines } from './cast.ts';
import { nodeCrypto } from './node-crypto.ts';
import { openRecording } from './read-files.ts';
import { readRecords } from './read.ts';
import { writeSrz } from './srz.ts';
import { readSrz } from './srz-read.ts';
import { verifySrz } from './verify-srz.ts';
import { centralHeader, crc32, endRecord, localHeader, srzMimetype } from './zip-form.ts';

let root: string;
let dir: string;
let srz: Uint8Array;
const exporter = testSigner('exporter');
const trust = testTrust({ exporters: [exporter] });
const verify = (bytes: Uint8Array): ReturnType<typeof verifySrz> => verifySrz(bytes, trust, { crypto: nodeCrypto });

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'srb-srz-'));
  const recorder = await closedRecording({ dir: root, statements: 4, witnessedMs: 1_780_000_060_000 });
  dir = recorder.dir;
  const by = { signer: exporter, exporter: { iss: 'i', sub: 's', name: 'auditor' }, purpose: 'ticket 1', sessionId: recorder.sessionId, nowMs: 1_780_000_070_000 };
  await writeSrz(openRecording(dir), join(root, 'x.srz'), by);
  srz = new Uint8Array(readFileSync(join(root, 'x.srz')));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A ZIP by hand, so that it can be wrong in one place. */
function zip(entries: readonly (readonly [name: string, content: Uint8Array])[], change: (part: 'local' | 'central' | 'end', bytes: Uint8Array, name: string) => Uint8Array = (_p, b) => b): Uint8Array {
  const body: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [name, content] of entries) {
    const e = { name, crc32: crc32(content), sizeBytes: content.length, offset };
    body.push(change('local', localHeader(e), name), content);
    central.push(change('central', centralHeader(e), name));
    offset += localHeader(e).length + content.length;
  }
  const directory = concatBytes(central);
  return concatBytes([...body, directory, change('end', endRecord(entries.length, directory.length, offset), '')]);
}
const mimetype = ['mimetype', utf8(srzMimetype)] as const;
const poke = (bytes: Uint8Array, at: number, value: number): Uint8Array => Uint8Array.from(bytes, (b, i) => (i === at ? value : b));

describe('.srz', () => {
  it('verifies, with the exporter known', async () => {
    const report = await verify(srz);
    expect(report.steps[0]?.detail).toContain('trusted exporter');
    expect(report).toMatchObject({ verdict: 'PASS', size: 12, witnessedThrough: 12 });
    expect(readSrz(srz).names[0]).toBe('mimetype');
  });

  it('names a finding for every flipped bit that is tried, wherever it lies', async () => {
    const survivors: number[] = [];
    for (let at = 0; at < srz.length; at += 13) {
      const report = await verify(poke(srz, at, (srz[at] ?? 0) ^ (1 << (at % 8))));
      if (report.verdict !== 'FAIL' || report.firstBad === undefined) survivors.push(at);
    }
    expect(survivors).toEqual([]);
  }, 240_000);

  it('names a finding for every truncation that is tried', async () => {
    for (let length = 0; length < srz.length; length += 97) expect((await verify(srz.subarray(0, length))).firstBad).toMatchObject({ code: 'container' });
  });

  it.each([
    ['duplicate entry', zip([mimetype, ['open.dsse.json', utf8('a')], ['open.dsse.json', utf8('b')]]), /twice/],
    ['unlisted entry', zip([mimetype, ['evil.txt', utf8('a')]]), /unexpected entry/],
    ['path upwards', zip([mimetype, ['chunks/../open.dsse.json', utf8('a')]]), /unexpected entry/],
    ['wrong order', zip([mimetype, ['final.note', utf8('a')], ['open.dsse.json', utf8('a')]]), /out of order/],
    ['no mimetype', zip([['open.dsse.json', utf8('a')]]), /mimetype/],
    ['other mimetype', zip([['mimetype', utf8('application/zip')]]), /mimetype/],
    ['compressed entry', zip([mimetype, ['open.dsse.json', utf8('a')]], (p, b, n) => (n === 'mimetype' || p === 'end' ? b : poke(b, p === 'local' ? 8 : 10, 8))), /one form/],
    ['local header differs', zip([mimetype, ['open.dsse.json', utf8('a')]], (p, b, n) => (p === 'local' && n !== 'mimetype' ? poke(b, 32, 0x58) : b)), /local header/],
    ['size beyond the file', zip([mimetype], (p, b) => (p === 'central' ? poke(poke(b, 26, 0xff), 22, 0xff) : b)), /does not fit|one form/],
    ['zip64 sizes', zip([mimetype], (p, b) => (p === 'central' ? b.map((x, i) => (i >= 20 && i < 28 ? 0xff : x)) : b)), /does not fit|one form/],
    ['bytes before the end', concatBytes([utf8('x'), zip([mimetype])]), /./],
    ['a comment', concatBytes([zip([mimetype]), utf8('x')]), /./],
    ['missing chunk', zip([mimetype, ['chunks/000001.ndjson.gz', utf8('a')]]), /chunk 0 is missing/],
    ['empty file', new Uint8Array(0), /directory/],
  ])('refuses %s', (_name, bytes, message) => {
    expect(() => readSrz(bytes)).toThrow(message);
  });

  it('refuses a chunk that is no chunk', async () => {
    const files = readSrz(srz);
    const entries = files.names.map((n) => [n, n.startsWith('chunks/') ? utf8('not gzip, but long enough to be read') : files.file(n)!] as const).filter(([n]) => n !== 'export.dsse.json');
    expect((await verify(zip(entries))).firstBad).toMatchObject({ code: 'malformed' });
  });

  it('finds a file that the export does not list', async () => {
    const files = readSrz(srz);
    const entries = files.names.filter((n) => n !== 'final.note').map((n) => [n, files.file(n)!] as const);
    expect((await verify(zip(entries))).firstBad).toMatchObject({ code: 'container' });
  });
});

describe('asciicast', () => {
  it('shows statement, table and source, and no control character of the target', async () => {
    const source = openRecording(dir);
    const { open, size, root: hash } = await verify(srz);
    const lines: string[] = [];
    for await (const line of castLines(readRecords(source.log()!), { open: open!, size, root: hash })) lines.push(line);
    expect(JSON.parse(lines[0]!)).toMatchObject({ version: 3, term: { cols: 120, rows: 40 } });
    expect(lines[1]).toBe(`# srb: origin=${open!.origin} size=12 root=${hash}\n`);
    const events = lines.slice(2).map((l) => JSON.parse(l) as [number, string, string]);
    expect(events.every(([t]) => t >= 0)).toBe(true);
    expect(events.find(([, c]) => c === 'i')?.[2]).toBe('SELECT * FROM customers WHERE id = 0\n');
    expect(events.some(([, c, d]) => c === 'o' && d.includes(' id | email'))).toBe(true);
    async function* hostile(): ReturnType<typeof readRecords> {
      yield { n: 0, kind: 'sql.result', t: 0, m: 0, channel: 0, clear: { tag: 'SELECT 1' }, fields: { columns: ['c'], rows: [['\u001b[2Jx\u009b']] }, removed: [], line: 1 };
    }
    const shown: string[] = [];
    for await (const line of castLines(hostile(), { open: open!, size, root: hash })) shown.push(line);
    expect((JSON.parse(shown[2]!) as string[])[2]).not.toMatch(/(?!\r|\n)\p{Cc}/u);
  });
});
