/** Finding in what has scrolled by. */
import { ActionIcon, TextInput, Tooltip } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconSearch, IconX } from '@tabler/icons-react';
import type { KeyboardEvent } from 'react';
import classes from './terminal.module.css';
import type { Tab } from './terminal-store.ts';
import { closeFind, find } from './terminal-store.ts';

export function FindBar({ tabId, state }: { tabId: string; state: NonNullable<Tab['find']> }) {
  const { text, found } = state;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') closeFind(tabId);
    else if (event.key === 'Enter') find(tabId, text, !event.shiftKey, false);
    else return;
    event.preventDefault();
  };
  const count = text === '' ? '' : found.count === 0 ? 'Not found' : found.index < 0 ? `${found.count} found` : `${found.index + 1} of ${found.count}`;
  return (
    <div className={classes.find} role="search">
      <TextInput
        size="xs"
        w={240}
        data-autofocus
        autoFocus
        leftSection={<IconSearch size={14} />}
        placeholder="Find in this terminal"
        aria-label="Find in this terminal"
        value={text}
        onChange={(e) => find(tabId, e.currentTarget.value, false, true)}
        onKeyDown={onKeyDown}
      />
      <span className={classes.count} role="status">
        {count}
      </span>
      <Tooltip label="Earlier (Shift+Enter)">
        <ActionIcon size={28} variant="subtle" color="gray" aria-label="Earlier match" onClick={() => find(tabId, text, false, false)}>
          <IconChevronUp size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Later (Enter)">
        <ActionIcon size={28} variant="subtle" color="gray" aria-label="Later match" onClick={() => find(tabId, text, true, false)}>
          <IconChevronDown size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Close (Escape)">
        <ActionIcon size={28} variant="subtle" color="gray" aria-label="Close find" onClick={() => closeFind(tabId)}>
          <IconX size={16} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
