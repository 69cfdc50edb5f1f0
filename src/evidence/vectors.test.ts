import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, vectors, writeVectors } from '../testing/evidence-vectors.ts';
import { nodeCrypto } from './node-crypto.ts';
import { openRecordingDir } from './read-files.ts';
import { parseTrust } from './trust.ts';
import { verifyRecording } from './verify.ts';
import { webCrypto } from './verify-crypto.ts';

const dir = new URL('../../testdata/recordings/', import.meta.url).pathname;
const trust = parseTrust(JSON.parse(readFileSync(join(dir, 'trust.json'), 'utf8')));

describe('published vectors', () => {
  it('are all there', () => {
    expect(readdirSync(dir, { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name).sort()).toEqual(vectors.map((v) => v.name).sort());
  });

  it.each(vectors.map((v) => v.name))('%s is judged as published, by both crypto ports', async (name) => {
    const { code, n, ...expected } = JSON.parse(readFileSync(join(dir, name, 'expected.json'), 'utf8')) as Record<string, unknown>;
    for (const crypto of [nodeCrypto, webCrypto]) {
      const report = await verifyRecording(openRecordingDir(join(dir, name)), trust, { crypto });
      expect(report).toMatchObject(expected);
      expect(report.firstBad).toEqual(code === undefined ? undefined : expect.objectContaining({ code, n }));
    }
  });

  it('are what this code writes today', async () => {
    const fresh = mkdtempSync(join(tmpdir(), 'srb-fresh-'));
    await writeVectors(fresh);
    expect(filesUnder(fresh)).toEqual(filesUnder(dir));
    rmSync(fresh, { recursive: true });
  });
});
