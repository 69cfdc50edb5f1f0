/** Files on their way, with how far they are, and how they ended. */
import { ActionIcon, Progress, Tooltip } from '@mantine/core';
import { IconAlertCircle, IconArrowDown, IconArrowUp, IconCircleCheck, IconCircleX, IconX } from '@tabler/icons-react';
import type { Transfer } from '../../contract/ipc/terminal.ts';
import { formatBytes } from '../../ui/format.ts';
import { useStore } from '../../ui/store.ts';
import classes from './terminal.module.css';
import { cancelTransfer, forgetTransfer, transfers } from './transfers-store.ts';

function textOf({ state, doneBytes, totalBytes, message, direction }: Transfer): string {
  switch (state) {
    case 'running':
      return `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
    case 'done':
      return `${direction === 'up' ? 'Uploaded' : 'Downloaded'}, ${formatBytes(doneBytes)}. SHA-256 ${message}`;
    case 'failed':
      return message;
    case 'cancelled':
      return `Cancelled. ${message}`;
  }
}

function Row({ transfer }: { transfer: Transfer }) {
  const { transferId, direction, name, doneBytes, totalBytes, state } = transfer;
  const Icon = state === 'done' ? IconCircleCheck : state === 'failed' ? IconAlertCircle : state === 'cancelled' ? IconCircleX : direction === 'up' ? IconArrowUp : IconArrowDown;
  const running = state === 'running';
  return (
    <li className={classes.transfer}>
      <div className={classes.transferTop}>
        <Icon size={15} aria-hidden />
        <span className={classes.transferName} title={name}>
          {name}
        </span>
        <Tooltip label={running ? 'Cancel' : 'Remove from this list'}>
          <ActionIcon size={22} variant="subtle" color="gray" aria-label={running ? `Cancel ${name}` : `Remove ${name} from the list`} onClick={() => (running ? cancelTransfer(transferId) : forgetTransfer(transferId))}>
            <IconX size={14} />
          </ActionIcon>
        </Tooltip>
      </div>
      {running && <Progress size="sm" value={totalBytes === 0 ? 0 : (doneBytes / totalBytes) * 100} aria-label={`${direction === 'up' ? 'Upload' : 'Download'} of ${name}`} />}
      <p className={classes.transferText} data-state={state} role={running ? undefined : 'status'}>
        {textOf(transfer)}
      </p>
    </li>
  );
}

export function TransferList({ tabId }: { tabId: string }) {
  const mine = useStore(transfers).filter((t) => t.tabId === tabId);
  if (mine.length === 0) return null;
  return (
    <ul className={classes.transfers} aria-label="Transfers">
      {mine.map((transfer) => (
        <Row key={transfer.transferId} transfer={transfer} />
      ))}
    </ul>
  );
}
