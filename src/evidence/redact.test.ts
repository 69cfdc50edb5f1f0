import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedRecording } from '../testing/evidence-recording.ts';
import { nodeSha256 } from './node-crypto.ts';
import { locateContents, withoutContents } from './redact.ts';

let dir: string;
let log: Buffer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'srb-redact-'));
  log = readFileSync(join((await closedRecording({ dir, statements: 3 })).dir, 'log.ndjson'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('content of a chunk', () => {
  it('is found by record and name', () => {
    expect(locateContents(log, [{ n: 2 }]).map((i) => `${i.n} ${i.field}`)).toEqual(['2 columns', '2 rows']);
    expect(locateContents(log, [{ n: 2, field: 'rows' }, { n: 3, field: 'sql' }])).toHaveLength(2);
    expect(locateContents(log, [{ n: 1 }, { n: 99 }, { n: 2, field: 'nothing' }])).toEqual([]);
  });
  it('goes, and nothing else does; a second time there is nothing to do', () => {
    const items = locateContents(log, [{ n: 2, field: 'rows' }]);
    const left = Buffer.from(withoutContents(log, items, nodeSha256)!);
    const lines = log.toString().split('\n');
    expect(left.toString().split('\n')).toEqual(lines.filter((l) => !/^D\["[^"]+",2,"rows"/.test(l)));
    expect(withoutContents(left, items, nodeSha256)).toBeUndefined();
    expect(withoutContents(log, items.map((i) => ({ ...i, digest: '0'.repeat(64) })), nodeSha256)).toBeUndefined();
  });
});
