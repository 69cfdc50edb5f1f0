/** The verifier's answer, step by step, as an outsider would get it. */
import { IconAlertTriangle, IconCircleCheck, IconCircleMinus, IconCircleX } from '@tabler/icons-react';
import type { VerifyReport } from '../contract/ipc/sessions.ts';
import { plural } from './format.ts';
import classes from './verify-report.module.css';

const icons = { ok: IconCircleCheck, warning: IconAlertTriangle, failed: IconCircleX, skipped: IconCircleMinus } as const;
const words = { ok: 'passed', warning: 'with a warning', failed: 'failed', skipped: 'skipped' } as const;

export function verifySummary(report: VerifyReport): string {
  const signed = `${plural(report.records, 'record')}, signed through record ${report.signedThrough}`;
  if (report.firstBad !== undefined) return `Record ${report.firstBad.n} does not hold: ${report.firstBad.message}`;
  return report.witnessedThrough === undefined ? `${signed}.` : `${signed}, witnessed through record ${report.witnessedThrough}.`;
}

export function VerifySteps({ report }: { report: VerifyReport }) {
  return (
    <ol className={classes.list}>
      {report.steps.map((step) => {
        const Icon = icons[step.status];
        return (
          <li key={step.title} className={classes.step} data-status={step.status}>
            <Icon className={classes.icon} data-status={step.status} size={18} stroke={1.9} aria-label={words[step.status]} />
            <span className={classes.title}>{step.title}</span>
            <span className={classes.means}>{step.means}</span>
            <span className={classes.detail}>{step.detail}</span>
          </li>
        );
      })}
    </ol>
  );
}
