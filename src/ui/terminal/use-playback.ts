/** A screen that follows a moment of a tape. */
import { useEffect, useMemo, useState } from 'react';
import type { ChannelInfo } from './channel-tape.ts';
import { Playback } from './playback.ts';
import { ReplayScreen } from './screen.ts';
import { plainScreen } from './shown.ts';
import type { TapeAccess } from './tape.ts';

export interface Shows {
  readonly screen: ReplayScreen;
  /** Changes with what is on the screen. */
  readonly version: number;
  /** The record that was shown last; undefined while nothing was. */
  readonly shownN: number | undefined;
}

/** @param access keeps its identity @param channel undefined while there is none */
export function usePlayback(access: TapeAccess, channel: ChannelInfo | undefined, tMs: number): Shows {
  const made = useMemo(() => {
    const screen = new ReplayScreen(plainScreen.cols, plainScreen.rows);
    return { screen, playback: new Playback(screen, (c, i) => access.block(c, i)) };
  }, [access]);
  const [shows, setShows] = useState<{ readonly version: number; readonly shownN: number | undefined }>({ version: 0, shownN: undefined });
  useEffect(() => {
    if (channel === undefined) return;
    const { playback } = made;
    playback.show({ channel, tMs }).then(
      (changed) => {
        if (changed) setShows((s) => ({ version: s.version + 1, shownN: playback.shownN }));
      },
      // A worker that is gone has said so where the recording is loaded.
      () => undefined,
    );
  }, [made, channel, tMs]);
  return { screen: made.screen, ...shows };
}
