/** The player's keys, wherever the focus is on its page. */
import { useEffect } from 'react';
import { placeOf, replayCommand, type ReplayCommand } from './replay-keys.ts';

export function useReplayKeys(act: Readonly<Record<ReplayCommand, () => void>>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const command = replayCommand(event, placeOf(event.target));
      if (command === undefined) return;
      event.preventDefault();
      act[command]();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
}
