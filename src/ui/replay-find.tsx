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
  /** Not everything has been looked at yet. */
  readonly busy?: boolean;
  readonly onMove: (direction: 1 | -1) => void;
}

export function ReplayFind({ field, text, onText, found, at, busy = false, onMove }: Props) {
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
        rightSectionWidth={asked ? 58 : 34}
        rightSection={
          asked ? (
            <span className={classes.findCount} role="status">
              {found === 0 ? (busy ? '…' : 'none') : `${at < 0 ? '–' : formatCount(at + 1)} / ${formatCount(found)}`}
            </span>
          ) : (
            <kbd>F</kbd>
          )
        }
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
      {asked && found > 0 && <Moves onMove={onMove} />}
    </div>
  );
}

function Moves({ onMove }: { onMove: (direction: 1 | -1) => void }) {
  return (
    <>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Previous match" onClick={() => onMove(-1)}>
        <IconChevronUp size={15} />
      </ActionIcon>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Next match" onClick={() => onMove(1)}>
        <IconChevronDown size={15} />
      </ActionIcon>
    </>
  );
}
