/** The verifier's report in words: what was checked, what it proves to somebody who trusts nobody, and how it went. */
import { messageOf } from '../base/errors.ts';
import type { VerifyReport as Shown } from '../contract/ipc/sessions.ts';
import type { Verdict, VerifyReport, VerifyStep } from '../evidence/verify.ts';

interface Words {
  readonly title: string;
  readonly means: string;
}

const WORDS: Readonly<Record<VerifyStep['name'], Words>> = {
  container: { title: 'The files are complete', means: 'Every file that belongs to the recording is there, and each is the one that was listed.' },
  open: { title: 'Opened by an enrolled device', means: 'The first statement of the session is signed by a device in your trust file. It names the person, the target and the policy.' },
  log: { title: 'Every record is there, in order, unchanged', means: 'Each record is chained to the one before it and covered by a signature of a key that existed only during this session.' },
  end: { title: 'Ended properly', means: 'The session says itself where it ends. Nothing was cut off, and nothing was added after it.' },
  witness: { title: 'Seen by the store and its witness', means: 'Somebody other than the laptop saw these very records at the time. Whoever holds the laptop cannot rewrite them later.' },
  transparency: { title: 'In the store’s public record', means: 'The beginning and the end of this recording, and each redaction, are entries of a log that only grows. The store cannot take them out or put others in their place without being seen.' },
  timestamp: { title: 'Dated by an independent authority', means: 'Somebody outside the organisation has dated the log that holds this recording.' },
  device: { title: 'The device was trusted at that time', means: 'The device was enrolled when the session began, and was not known to be stolen or broken into.' },
  content: { title: 'Nothing was removed without a signed redaction', means: 'All content is there, or the people who may redact it have signed that it was taken out.' },
  approvals: { title: 'Approvals are signed by the right people', means: 'Each approval is for exactly the statement that ran, by somebody who may give it, and not by the person who asked.' },
};
const ALL = Object.keys(WORDS) as readonly VerifyStep['name'][];

const VERDICTS: Readonly<Record<Verdict, Shown['verdict']>> = { PASS: 'PASS', 'PASS with redactions': 'PASS_REDACTED', RECOVERED: 'RECOVERED', FAIL: 'FAIL' };

/** @param live the session is still being written: that it has no end yet is then no failure */
export function shownReport(report: VerifyReport, live: boolean, checkedMs: number): Shown {
  const stillOpen = live && report.firstBad?.code === 'unclosed';
  const steps = ALL.map((name): Shown['steps'][number] => {
    const step = report.steps.find((s) => s.name === name);
    if (step === undefined) return { ...WORDS[name], status: 'skipped', detail: 'Not reached: an earlier step failed.' };
    const nothing = name === 'witness' && report.witnessedThrough === 0;
    const status = step.ok ? (nothing ? 'warning' : 'ok') : stillOpen && name === 'end' ? 'warning' : 'failed';
    return { ...WORDS[name], status, detail: stillOpen && name === 'end' ? 'The session is still open.' : step.detail };
  });
  const bad = stillOpen ? undefined : report.firstBad;
  return {
    verdict: stillOpen ? 'OPEN' : VERDICTS[report.verdict],
    ...{ steps, records: report.size, signedThrough: report.signedThrough, checkedMs, redactions: report.redactions.map((r) => ({ ...r })) },
    ...(report.witnessedThrough > 0 ? { witnessedThrough: report.witnessedThrough } : {}),
    ...(bad === undefined ? {} : { firstBad: { n: bad.n, message: `${bad.code}: ${bad.reason}` } }),
  };
}

/** What to show when the recording cannot even be read. */
export const unreadable = (error: unknown, checkedMs: number): Shown => ({
  verdict: 'FAIL',
  steps: [{ ...WORDS.container, status: 'failed', detail: messageOf(error) }],
  ...{ records: 0, signedThrough: 0, checkedMs, redactions: [], firstBad: { n: 0, message: messageOf(error) } },
});
