/** A dialog before something that cannot be taken back, or that the trail is to say the reason of. */
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useState } from 'react';
import classes from './confirm.module.css';
import { attempt } from './notify.ts';

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly text: ReactNode;
  /** What the button says and what is done. */
  readonly action: string;
  /** Destroys something: the button is red, and Cancel has the focus. */
  readonly destructive?: boolean;
  /** Label of the reason; absent: none is asked. */
  readonly reason?: string;
  /** More fields. */
  readonly children?: ReactNode;
  /** Further fields are not filled in yet. */
  readonly incomplete?: boolean;
  readonly onConfirm: (reason: string) => Promise<void>;
}

export function ConfirmDialog({ opened, onClose, destructive = false, ...p }: Props) {
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const lacks = (p.reason !== undefined && reason.trim() === '') || p.incomplete === true;
  const confirm = (): void => {
    setBusy(true);
    attempt(`${p.action}: it was not done`, async () => {
      try {
        await p.onConfirm(reason.trim());
        setReason('');
        onClose();
      } finally {
        setBusy(false);
      }
    });
  };
  return (
    <Modal opened={opened} onClose={onClose} title={p.title} size="md" classNames={{ title: classes.title ?? '' }}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (!lacks) confirm();
        }}
      >
        <Stack gap="sm">
          <div className={classes.text}>{p.text}</div>
          {p.children}
          {p.reason !== undefined && <TextInput label={p.reason} required maxLength={500} data-autofocus={p.children === undefined ? true : undefined} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} data-autofocus={destructive && p.reason === undefined ? true : undefined}>
              Cancel
            </Button>
            <Button type="submit" color={destructive ? 'red' : undefined} loading={busy} disabled={lacks}>
              {p.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
