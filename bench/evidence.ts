import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock, systemRandom } from '../src/base/clock.ts';
import { nodeCrypto } from '../src/evidence/node-crypto.ts';
import { openRecordingDir } from '../src/evidence/read-files.ts';
import { verifyRecording } from '../src/evidence/verify.ts';
import type { SessionRecorder } from '../src/evidence/write.ts';
import { receiveAll, testTrust } from '../src/testing/evidence-recording.ts';
import { openTestRecorder } from '../src/testing/evidence-session.ts';
import type { WorkDir } from './servers.ts';

export interface EvidenceSpeed {
  readonly records: number;
  readonly logBytes: number;
  /** With a commit for each statement and an fdatasync every 50 ms, as a session does. */
  readonly recordsPerSecond: number;
  /** Processor time of one record, microseconds. */
  readonly recordCpuUs: number;
  readonly verifySeconds: number;
  readonly verifyCpuSeconds: number;
}

/** The two records of a prepared point query, as the proxy writes them. */
function statement(recorder: SessionRecorder, i: number): void {
  const { n } = recorder.append({ kind: 'sql.bind', clear: { q: 4, dec: 'allow', pol: ['access-engineering'], bytes: 61 }, fields: [{ name: 'params', value: [String(i)] }] });
  recorder.commit();
  recorder.append({
    kind: 'sql.result',
    clear: { q: n, i: 0, tag: 'SELECT 1', us: 140, rows: 1, bytes: 17, kept: 1 },
    fields: [{ name: 'columns', value: ['abalance'] }, { name: 'rows', value: [[String(i * 7)]] }],
  });
}

async function timed(work: () => Promise<void>): Promise<{ seconds: number; cpuSeconds: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const used = process.cpuUsage(cpu);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (used.user + used.system) / 1e6 };
}

/** Writes one recording of `records` records, plays the store for it, and verifies it. @throws Error when it does not pass */
export async function measureEvidence(work: WorkDir, records: number): Promise<EvidenceSpeed> {
  const dir = work.folder('evidence');
  const recorder = await openTestRecorder({ dir, clock: systemClock, random: systemRandom });
  const written = await timed(async () => {
    for (let i = 0; i < records / 2; i++) {
      statement(recorder, i);
      // Timers of the group fsync run between statements, as in a session.
      if (i % 64 === 63) await turn();
    }
    await recorder.sync();
  });
  await recorder.close({ reason: 'measured' });
  await receiveAll(recorder.dir, { nowMs: systemClock.nowMs(), minBytes: 64 * 1024 * 1024 });
  const checked = await timed(async () => {
    const report = await verifyRecording(openRecordingDir(recorder.dir), testTrust(), { crypto: nodeCrypto });
    if (report.verdict !== 'PASS') throw new Error(`the measured recording does not pass: ${report.firstBad?.reason ?? report.verdict}`);
  });
  return {
    records,
    logBytes: statSync(join(recorder.dir, 'log.ndjson')).size,
    recordsPerSecond: records / written.seconds,
    recordCpuUs: (written.cpuSeconds * 1e6) / records,
    verifySeconds: checked.seconds,
    verifyCpuSeconds: checked.cpuSeconds,
  };
}
