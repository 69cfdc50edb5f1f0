/** The verifier's report in the window's words. */
import { messageOf } from '../../base/errors.ts';
import type { VerifyReport as Shown } from '../../contract/ipc/sessions.ts';
import type { RecordingSource } from '../../evidence/source.ts';
import { nodeCrypto } from '../../evidence/node-crypto.ts';
import type { Trust } from '../../evidence/trust.ts';
import { verifyRecording, type Verdict, type VerifyStep } from '../../evidence/verify.ts';

const TITLES: Readonly<Record<VerifyStep['name'], string>> = {
  container: 'The files are complete',
  open: 'Opened by an enrolled device',
  log: 'Every record is there, in order, unchanged',
  end: 'Ended properly',
  witness: 'Seen by the store and its witness',
  device: 'The device was trusted at that time',
  content: 'Nothing was removed without a signed redaction',
  approvals: 'Approvals are signed by the right people',
};
const ALL = Object.keys(TITLES) as readonly VerifyStep['name'][];

const VERDICTS: Readonly<Record<Verdict, Shown['verdict']>> = { PASS: 'PASS', 'PASS with redactions': 'PASS_REDACTED', RECOVERED: 'RECOVERED', FAIL: 'FAIL' };

/** @param live the session is still being written: that it has no end yet is then no failure */
export async function verifyForWindow(source: RecordingSource, trust: Trust, live: boolean): Promise<Shown> {
  const report = await verifyRecording(source, trust, { crypto: nodeCrypto });
  const stillOpen = live && report.firstBad?.code === 'unclosed';
  const steps = ALL.map((name): Shown['steps'][number] => {
    const step = report.steps.find((s) => s.name === name);
    if (step === undefined) return { title: TITLES[name], status: 'skipped', detail: 'Not reached: an earlier step failed.' };
    const nothing = name === 'witness' && report.witnessedThrough === 0;
    const status = step.ok ? (nothing ? 'warning' : 'ok') : stillOpen && name === 'end' ? 'warning' : 'failed';
    return { title: TITLES[name], status, detail: stillOpen && name === 'end' ? 'The session is still open.' : step.detail };
  });
  const bad = stillOpen ? undefined : report.firstBad;
  return {
    verdict: stillOpen ? 'OPEN' : VERDICTS[report.verdict],
    ...{ steps, records: report.size, signedThrough: report.signedThrough, checkedMs: Date.now() },
    ...(report.witnessedThrough > 0 ? { witnessedThrough: report.witnessedThrough } : {}),
    ...(bad === undefined ? {} : { firstBad: { n: bad.n, message: `${bad.code}: ${bad.reason}` } }),
  };
}

/** What to show when the recording cannot even be read. */
export const unreadable = (error: unknown): Shown => ({
  verdict: 'FAIL',
  steps: [{ title: TITLES.container, status: 'failed', detail: messageOf(error) }],
  ...{ records: 0, signedThrough: 0, checkedMs: Date.now(), firstBad: { n: 0, message: messageOf(error) } },
});
