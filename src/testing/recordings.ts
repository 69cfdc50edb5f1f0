/** Looks at all recordings of a gateway: do they verify, and what is in them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadTrust } from '../cli/recordings-place.ts';
import { nodeCrypto } from '../evidence/node-crypto.ts';
import { openRecordingDir } from '../evidence/read-files.ts';
import { readRecords, type ReadRecord } from '../evidence/read.ts';
import { verifyRecording, type VerifyReport } from '../evidence/verify.ts';
import type { TestGateway } from './gateway.ts';

export const recordingDirs = (gateway: TestGateway): string[] =>
  readdirSync(gateway.recordings, { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => path.join(gateway.recordings, e.name))
    .sort();

/** Verifies every recording with the trust of the gateway's organisation. */
export async function verifyAll(gateway: TestGateway): Promise<(VerifyReport & { readonly dir: string })[]> {
  const trust = await loadTrust({ config: gateway.configFile });
  const reports: (VerifyReport & { readonly dir: string })[] = [];
  for (const dir of recordingDirs(gateway)) reports.push({ ...(await verifyRecording(openRecordingDir(dir), trust, { crypto: nodeCrypto, proofs: 'if present' })), dir });
  return reports;
}

export async function recordsOf(dir: string): Promise<ReadRecord[]> {
  const log = openRecordingDir(dir).log();
  const records: ReadRecord[] = [];
  if (log) for await (const record of readRecords(log)) records.push(record);
  return records;
}

/** Progress lines of a recording's upload. */
export const uploadedParts = (dir: string): (string | number)[] =>
  readFileSync(path.join(dir, 'upload.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { part: string | number }).part);
