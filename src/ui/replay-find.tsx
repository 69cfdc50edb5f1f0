/** Find in a session: a field, how many steps hold the text, and the way to the next one. */
import { ActionIcon, TextInput } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconSearch } from '@tabler/icons-react';
import type { RefObject } from 'react';
import { formatCount } from './format.ts';
import classes from './replay-player.module.css';

interface Props {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** How many steps hold the text, and which of them is on screen; -1 for none. */
  readonly found: number;
  readonly at: number;
  readonly onMove: (direction: 1 | -1) => void;
}

export function ReplayFind({ field, text, onText, found, at, onMove }: Props) {
  const asked = text.trim() !== '';
  return (
    <div className={classes.find} role="search">
      <TextInput
        ref={field}
        size="xs"
        className={classes.findField}
        leftSection={<IconSearch size={13} aria-hidden />}
        placeholder="Find in session"
        aria-label="Find in session"
        value={text}
        onChange={(e) => onText(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter') onMove(e.shiftKey ? -1 : 1);
          if (e.key === 'Escape') {
            onText('');
            e.currentTarget.blur();
          }
        }}
      />
      <span className={classes.findCount} role="status">
        {asked ? (found === 0 ? 'none' : `${at < 0 ? '–' : formatCount(at + 1)} / ${formatCount(found)}`) : ''}
      </span>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Previous match" disabled={found === 0} onClick={() => onMove(-1)}>
        <IconChevronUp size={15} />
      </ActionIcon>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Next match" disabled={found === 0} onClick={() => onMove(1)}>
        <IconChevronDown size={15} />
      </ActionIcon>
    </div>
  );
}
