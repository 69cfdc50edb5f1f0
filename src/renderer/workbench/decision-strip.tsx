/** What would happen, said before it happens: one line for each statement of the text. */
import { Loader } from '@mantine/core';
import { IconAlertTriangle, IconEyeOff, IconPencil, IconShieldCheck } from '@tabler/icons-react';
import type { DryRunStatement } from '../../contract/ipc/workbench.ts';
import type { DryRunState } from '../../ui/dry-run.ts';
import { maskSentence } from '../../ui/masked-cell.tsx';
import { EffectPill, Pill } from '../../ui/pill.tsx';
import classes from './workbench.module.css';

function why(s: DryRunStatement): string {
  const who = s.approvers.length === 0 ? '' : ` Needs ${s.quorum} of ${s.approvers.join(', ')}.`;
  const ids = s.policyIds.length === 0 ? '' : ` (${s.policyIds.join(', ')})`;
  return `${s.reason}${who}${ids}`;
}

function Line({ statement, stale }: { statement: DryRunStatement; stale: boolean }) {
  return (
    <div className={classes.decision} data-stale={stale ? '' : undefined}>
      <span>
        <EffectPill effect={statement.effect} />
      </span>
      <span className={classes.verb}>{statement.statement}</span>
      <span className={classes.why} title={why(statement)}>
        {why(statement)}
      </span>
      <span className={classes.masks}>
        {statement.masked.slice(0, 4).map((m) => (
          <Pill key={m.column} tone="mask" size="xs" icon={<IconEyeOff size={11} aria-hidden />} title={maskSentence(m.mask)}>
            {m.column}
          </Pill>
        ))}
        {statement.masked.length > 4 && (
          <Pill tone="mask" size="xs">
            +{statement.masked.length - 4}
          </Pill>
        )}
      </span>
    </div>
  );
}

export function DecisionStrip({ dryRun }: { dryRun: DryRunState }) {
  const lines = dryRun.phase === 'decided' ? dryRun.statements : dryRun.phase === 'asking' ? dryRun.last : [];
  return (
    <div className={classes.decisions} role="status" aria-label="Decision before running">
      {lines.map((s, i) => (
        <Line key={i} statement={s} stale={dryRun.phase === 'asking'} />
      ))}
      {lines.length === 0 && (
        <div className={classes.quiet}>
          {dryRun.phase === 'asking' && (
            <>
              <Loader size={14} /> Asking policy…
            </>
          )}
          {dryRun.phase === 'empty' && (
            <>
              <IconShieldCheck size={16} aria-hidden /> Policy decides as you type: allow, hold or deny, and what will be masked.
            </>
          )}
          {dryRun.phase === 'unparsed' && (
            <>
              <IconPencil size={16} aria-hidden /> Not a whole statement yet: {dryRun.message}
            </>
          )}
          {dryRun.phase === 'failed' && (
            <>
              <IconAlertTriangle size={16} aria-hidden /> No forecast: {dryRun.message} Running still asks policy.
            </>
          )}
        </div>
      )}
    </div>
  );
}
