/** One step of a replay: what was asked, what was decided, what came back. */
import { Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconEraser, IconEyeOff, IconMessage } from '@tabler/icons-react';
import { Approvals, Decision } from './decision-parts.tsx';
import { eventText } from './event-text.ts';
import { formatCount, formatDuration, formatTime } from './format.ts';
import { isRedacted, missingText, type Redactions } from './missing-text.ts';
import { Pill } from './pill.tsx';
import classes from './replay-step.module.css';
import { Request } from './request-step.tsx';
import { ResultTable } from './result-table.tsx';
import { SqlBlock } from './sql-text.tsx';
import type { StatementStep, Step } from './timeline.ts';

function Statement({ step }: { step: StatementStep }) {
  return (
    <Stack gap="sm">
      <SqlBlock sql={step.sql} label="Recorded statement" />
      {step.parameters.length > 0 && (
        <Group gap={6}>
          {step.parameters.map((p, i) => (
            <Pill key={i} size="xs" mono tone="outline">{`$${i + 1} = ${p ?? 'NULL'}`}</Pill>
          ))}
        </Group>
      )}
      <Decision step={step} />
      <Approvals step={step} />
      {step.errors.map((e) => (
        <Group key={e.n} gap={8} wrap="nowrap" align="flex-start">
          <Pill tone="deny" mono>
            {e.sqlstate}
          </Pill>
          <Text size="sm">{e.message}</Text>
        </Group>
      ))}
      {step.notices.map((n) => (
        <Group key={n.n} gap={8}>
          <Pill tone="outline" icon={<IconMessage size={13} aria-hidden />}>
            {n.severity}
          </Pill>
          <Text size="sm">{n.message}</Text>
        </Group>
      ))}
      {step.results.map((r) => (
        <Stack key={r.n} gap={6}>
          <Group gap={8}>
            <Pill tone="neutral" mono>
              {r.tag}
            </Pill>
            {r.elapsedMs !== undefined && <Pill tone="outline">{formatDuration(r.elapsedMs)}</Pill>}
            {step.masks
              .flatMap((m) => m.classes)
              .map((c) => (
                <Pill key={c.classId} tone="mask" icon={<IconEyeOff size={12} aria-hidden />}>
                  {c.classId} · {formatCount(c.cells)}
                </Pill>
              ))}
          </Group>
          {r.columns.length > 0 && <ResultTable columns={r.columns} rows={r.rows} rowCount={r.rowCount} label="Recorded result, masked" />}
        </Stack>
      ))}
    </Stack>
  );
}

/** What the record's header names and the recording does not hold. Only the verifier can call it redacted. */
function Missing({ step, redactions }: { step: Step; redactions: Redactions }) {
  if (step.missing.length === 0) return null;
  return (
    <ul className={classes.missing} aria-label="Missing content">
      {step.missing.map((m) => {
        const covered = isRedacted(m, redactions);
        const Icon = covered ? IconEraser : IconAlertTriangle;
        return (
          <li key={`${m.n} ${m.field}`} data-redacted={covered ? '' : undefined}>
            <Icon size={15} stroke={1.8} aria-hidden />
            {missingText(m, redactions)}
          </li>
        );
      })}
    </ul>
  );
}

/** @param redactions what verification has found to be redacted; undefined before it has run */
export function ReplayStep({ step, redactions }: { step: Step; redactions: Redactions }) {
  return (
    <Stack gap="sm">
      <Text size="xs" c="dimmed" style={{ fontVariantNumeric: 'tabular-nums' }}>
        Record {step.first} · {formatTime(step.tMs)}
      </Text>
      <Missing step={step} redactions={redactions} />
      {step.kind === 'statement' && <Statement step={step} />}
      {step.kind === 'request' && <Request step={step} />}
      {step.kind === 'event' && <Text size="sm">{eventText(step.record)}</Text>}
    </Stack>
  );
}
