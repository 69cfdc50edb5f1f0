/** The end of a device, and since when it was perhaps not its owner's any more. */
import { Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Device } from '../../contract/store/devices.ts';
import { ConfirmDialog } from '../confirm.tsx';
import { personText } from '../ui.tsx';
import { fromLocalField, localField } from './device-words.ts';

export function RevokeDialog({ device: d, onClose, onRevoke }: { device: Device; onClose: () => void; onRevoke: (reason: string, sinceMs: number) => Promise<void> }) {
  const [nowMs] = useState(() => Date.now());
  const [how, setHow] = useState<'now' | 'since'>('now');
  const [since, setSince] = useState(localField(nowMs));
  const sinceMs = how === 'now' ? nowMs : fromLocalField(since, nowMs);
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      destructive
      title="Revoke this device"
      text={
        <>
          <p>
            <b>{d.name}</b> of <b>{personText(d.owner)}</b> ends at once and for good, with its sign-ins. Its key is never taken again; that it was revoked is written into the log.
          </p>
          <p>What the store had witnessed of its recordings before the time below stays good. What it had not does not verify any more.</p>
        </>
      }
      action="Revoke"
      reason="Reason, for everybody who asks later"
      incomplete={sinceMs === undefined}
      onConfirm={(reason) => onRevoke(reason, sinceMs ?? nowMs)}
    >
      <Radio.Group label="Compromised since" value={how} onChange={(v) => setHow(v === 'since' ? 'since' : 'now')}>
        <Stack gap={6} mt={6}>
          <Radio value="now" label="It was not: it is lost now, replaced or given back" />
          <Radio value="since" label="A time at which it may have been in other hands" />
        </Stack>
      </Radio.Group>
      {how === 'since' && (
        <TextInput type="datetime-local" label="Since" required max={localField(nowMs)} value={since} onChange={(e) => setSince(e.currentTarget.value)} error={sinceMs === undefined ? 'Give a time that is not in the future.' : undefined} />
      )}
    </ConfirmDialog>
  );
}
