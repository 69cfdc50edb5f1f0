/** Replay of an SSH session: what its terminals showed, moment by moment, beside the steps of what was asked. */
import { ActionIcon, NativeSelect, Tooltip } from '@mantine/core';
import { IconArrowsMaximize, IconArrowsMinimize } from '@tabler/icons-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Redactions } from '../missing-text.ts';
import { ReplayControls } from '../replay-controls.tsx';
import { ReplayFind } from '../replay-find.tsx';
import { ReplayList } from '../replay-list.tsx';
import player from '../replay-player.module.css';
import { ReplayStep } from '../replay-step.tsx';
import { jumpNotable, stepAt, type Step, stepOfRecord, type Timeline } from '../timeline.ts';
import { usePlayer } from '../use-player.ts';
import { useReplayKeys } from '../use-replay-keys.ts';
import { channelAt, channelNames, firstOfInterest, momentOf } from './channels.ts';
import { MatchList } from './match-list.tsx';
import { playClock } from './play-clock.ts';
import { timeOfRecord } from './playback.ts';
import type { TapeAccess, TapeInfo } from './tape.ts';
import classes from './terminal-player.module.css';
import { TerminalView } from './terminal-view.tsx';
import { usePlayback } from './use-playback.ts';
import { type Match, useShownFind } from './use-shown-find.ts';

export interface TerminalPlayerProps {
  readonly steps: readonly Step[];
  /** Must keep its identity. */
  readonly access: TapeAccess;
  /** What is known of the tape; grows while it is read. */
  readonly info: TapeInfo;
  readonly isReading: boolean;
  /** Record to stand at: a step, or anything that was shown. */
  readonly at?: number | undefined;
  /** The record that is on screen, whenever it is not moving by itself. Must keep its identity. */
  readonly onPlace?: (n: number) => void;
  readonly redactions?: Redactions;
}

const nowhere: ReadonlySet<number> = new Set();

function timelineOf(steps: readonly Step[], clock: ReturnType<typeof playClock>): Timeline {
  let last = 0;
  const startsMs = steps.map((s) => (last = Math.max(last, clock.toPlay(s.tMs))));
  return { steps, startsMs, durationMs: clock.durationMs };
}

export function TerminalPlayer({ steps, access, info, isReading, at, onPlace, redactions }: TerminalPlayerProps) {
  const [skipIdle, setSkipIdle] = useState(true);
  const spans = useMemo(() => steps.map((s) => [s.tMs, Math.max(s.tMs, s.lastMs)] as const), [steps]);
  const clock = useMemo(() => playClock([info.activity, spans.map(([from]) => [from, from] as const)], skipIdle), [info, spans, skipIdle]);
  const timeline = useMemo(() => timelineOf(steps, clock), [steps, clock]);
  const first = at === undefined ? firstOfInterest(steps) : stepOfRecord(steps, at);
  const placeOfStep = (i: number): number => {
    const step = steps[i];
    return step === undefined ? 0 : clock.toPlay(momentOf(step, info.channels));
  };
  const play = usePlayer(timeline.durationMs, placeOfStep(first));
  /** The step that was gone to, while nothing has moved since. */
  const [picked, setPicked] = useState<{ readonly index: number; readonly positionMs: number } | undefined>({ index: first, positionMs: placeOfStep(first) });
  const [chosen, setChosen] = useState<number>();
  const index = picked?.positionMs === play.positionMs && !play.playing ? picked.index : stepAt(timeline, play.positionMs);
  const step = steps[index];
  const channel = info.channels.find((c) => c.channel === chosen) ?? channelAt(steps, index, info.channels);
  const tMs = clock.toReal(play.positionMs);
  const shows = usePlayback(access, channel, tMs);
  const search = useShownFind(steps, access);
  const [match, setMatch] = useState(-1);
  const [isLarge, setLarge] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const names = useMemo(() => channelNames(steps, info.channels), [steps, info]);

  const goTo = (i: number | undefined): void => {
    if (i === undefined || steps.length === 0) return;
    const to = Math.max(0, Math.min(i, steps.length - 1));
    const positionMs = Math.max(0, Math.min(timeline.durationMs, placeOfStep(to)));
    setChosen(undefined);
    setPicked({ index: to, positionMs });
    play.seek(positionMs);
  };
  const goToMoment = (toChannel: number | undefined, toMs: number): void => {
    setChosen(toChannel);
    setPicked(undefined);
    play.seek(clock.toPlay(toMs));
  };
  const goToMatch = (i: number): void => {
    const found: Match | undefined = search.matches[i];
    if (found === undefined) return;
    setMatch(i);
    if (found.channel === undefined) goTo(stepOfRecord(steps, found.n));
    else goToMoment(found.channel, found.tMs);
  };
  const setText = (text: string): void => {
    search.setText(text);
    setMatch(-1);
  };
  const toggleIdle = (skip: boolean): void => {
    setSkipIdle(skip);
    play.seek(playClock([info.activity, spans.map(([from]) => [from, from] as const)], skip).toPlay(tMs));
  };

  // A link may lead to anything that was shown, not only to a step.
  const reported = useRef<number>(undefined);
  const goToRecord = (n: number): void => {
    if (steps.some((s) => s.numbers.includes(n))) return goTo(stepOfRecord(steps, n));
    void timeOfRecord(info.channels, n, (c, i) => access.block(c, i)).then((found) => (found === undefined ? goTo(stepOfRecord(steps, n)) : goToMoment(found.channel, found.tMs)), () => undefined);
  };
  const led = useRef<number>(undefined);
  useEffect(() => {
    if (at === undefined || isReading || led.current === at || reported.current === at) return;
    led.current = at;
    goToRecord(at);
  });
  const placeN = play.playing ? undefined : picked?.positionMs === play.positionMs ? step?.first : (shows.shownN ?? step?.first);
  useEffect(() => {
    if (placeN === undefined || isReading || (at !== undefined && led.current !== at && reported.current !== at)) return;
    reported.current = placeN;
    onPlace?.(placeN);
  }, [placeN, isReading, at, onPlace]);

  useReplayKeys({
    toggle: play.toggle,
    next: () => goTo(index + 1),
    previous: () => goTo(index - 1),
    first: () => goTo(0),
    last: () => goTo(steps.length - 1),
    'next-notable': () => goTo(jumpNotable(timeline, index, 1)),
    'previous-notable': () => goTo(jumpNotable(timeline, index, -1)),
    find: () => field.current?.focus(),
    'skip-idle': () => toggleIdle(!skipIdle),
  });

  return (
    <div className={player.root} data-large={isLarge ? '' : undefined}>
      <div className={player.side}>
        <ReplayFind field={field} text={search.text} onText={setText} found={search.matches.length} at={match} busy={search.busy} onMove={(d) => goToMatch(((match < 0 && d < 0 ? 0 : match) + d + search.matches.length) % Math.max(1, search.matches.length))} />
        {search.needle === '' ? (
          <ReplayList steps={steps} index={index} found={nowhere} onPick={goTo} />
        ) : (
          <MatchList matches={search.matches} needle={search.needle} at={match} busy={search.busy} cut={search.cut} onPick={goToMatch} />
        )}
      </div>
      <div className={player.stage}>
        <div className={classes.stage}>
          {info.channels.length > 1 && (
            <NativeSelect size="xs" className={classes.channels} aria-label="Channel" value={String(channel?.channel ?? '')} onChange={(e) => setChosen(Number(e.currentTarget.value))} data={info.channels.map((c) => ({ value: String(c.channel), label: `${c.channel} · ${names.get(c.channel) ?? ''}` }))} />
          )}
          {channel === undefined ? <p className={classes.none}>{isReading ? 'Reading what was shown…' : 'No terminal was shown, or the recording’s level keeps none of it.'}</p> : <TerminalView screen={shows.screen} version={shows.version} needle={search.needle} />}
          {!isLarge && (
            <div className={classes.step} data-alone={channel === undefined ? '' : undefined} tabIndex={0} role="region" aria-label="Step on screen">
              {step !== undefined && <ReplayStep step={step} redactions={redactions} />}
            </div>
          )}
        </div>
        <ReplayControls timeline={timeline} player={play} index={index} skipIdle={skipIdle} onSkipIdle={toggleIdle} onJump={goTo}>
          <Tooltip label={isLarge ? 'Smaller terminal, with the steps' : 'Larger terminal'}>
            <ActionIcon variant="subtle" color="gray" aria-label="Larger terminal" aria-pressed={isLarge} onClick={() => setLarge(!isLarge)}>
              {isLarge ? <IconArrowsMinimize size={16} /> : <IconArrowsMaximize size={16} />}
            </ActionIcon>
          </Tooltip>
        </ReplayControls>
      </div>
    </div>
  );
}
