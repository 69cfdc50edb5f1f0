/** What was decided about a request, and who approved it. */
import { Group, Text } from '@mantine/core';
import { IconSignature } from '@tabler/icons-react';
import { approvalWords } from './event-text.ts';
import { asSentence, formatTime, shortDigest } from './format.ts';
import { EffectPill, Pill } from './pill.tsx';
import type { RequestStep, StatementStep } from './timeline.ts';

export function Decision({ step }: { step: StatementStep | RequestStep }) {
  if (step.decision === undefined) return null;
  return (
    <Group gap={8} wrap="nowrap" align={step.decision.reason === '' ? 'center' : 'flex-start'}>
      <EffectPill effect={step.decision.effect} tense="past" />
      <div>
        {step.decision.reason !== '' && <Text size="sm">{asSentence(step.decision.reason)}</Text>}
        {step.decision.policyIds.length > 0 && (
          <Text size="xs" c="dimmed" ff="monospace">
            {step.decision.policyIds.join(', ')}
          </Text>
        )}
      </div>
    </Group>
  );
}

export function Approvals({ step }: { step: StatementStep | RequestStep }) {
  return step.approvals.map((a) => (
    <Group key={a.n} gap={8} wrap="nowrap" align={a.by === undefined ? 'center' : 'flex-start'}>
      <Pill tone={a.phase === 'approved' ? 'allow' : a.phase === 'requested' ? 'hold' : 'deny'} icon={<IconSignature size={13} aria-hidden />}>
        {approvalWords[a.phase]}
      </Pill>
      <div>
        {a.by !== undefined && <Text size="sm">{[a.by, a.reason === undefined ? undefined : `“${a.reason}”`].filter((x) => x !== undefined).join(' · ')}</Text>}
        <Text size="xs" c="dimmed" title={a.approvalId} style={{ fontVariantNumeric: 'tabular-nums' }}>
          {formatTime(a.tMs).slice(11)} · {shortDigest(a.approvalId)}
        </Text>
      </div>
    </Group>
  ));
}
