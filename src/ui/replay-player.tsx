/** Replay of a recorded session: list of steps, the step on screen, and a time line to play, scrub, jump and search. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { ReplayControls } from './replay-controls.tsx';
import { ReplayFind } from './replay-find.tsx';
import type { Redactions } from './missing-text.ts';
import { ReplayList } from './replay-list.tsx';
import classes from './replay-player.module.css';
import { ReplayStep } from './replay-step.tsx';
import { jumpNotable, layOut, stepAt, stepHas, stepOfRecord } from './timeline.ts';
import type { Step } from './timeline.ts';
import { usePlayer } from './use-player.ts';
import { useReplayKeys } from './use-replay-keys.ts';

export interface ReplayPlayerProps {
  readonly steps: readonly Step[];
  /** Where steps come without the rows of their results: the whole of one. Must keep its identity. */
  readonly whole?: (step: Step) => Promise<Step>;
  /** Numbers of the first records of the steps that hold a text. Must keep its identity. */
  readonly find?: (text: string) => Promise<readonly number[]>;
  /** Record to stand at. */
  readonly at?: number | undefined;
  /** The step on screen, whenever it is not moving by itself. Must keep its identity. */
  readonly onStep?: (step: Step) => void;
  /** What verification has found to be redacted; absent before it has run. */
  readonly redactions?: Redactions;
}

/** The step with its rows; undefined while they are on their way. */
function useWhole(step: Step | undefined, whole: ReplayPlayerProps['whole']): Step | undefined {
  const [loaded, setLoaded] = useState<Step>();
  useEffect(() => {
    if (step === undefined || whole === undefined) return undefined;
    let current = true;
    whole(step).then(
      (s) => {
        if (current) setLoaded(s);
      },
      // What the list knows of the step is then all there is to see.
      () => {
        if (current) setLoaded(step);
      },
    );
    return () => {
      current = false;
    };
  }, [step, whole]);
  if (whole === undefined) return step;
  return loaded?.first === step?.first ? loaded : undefined;
}

const noneFound: ReadonlySet<number> = new Set();

function useFind(steps: readonly Step[], find: ReplayPlayerProps['find']) {
  const [text, setText] = useState('');
  const [answer, setAnswer] = useState<{ readonly to: string; readonly found: readonly number[] }>({ to: '', found: [] });
  const needle = text.trim().toLowerCase();
  useEffect(() => {
    if (needle === '') return undefined;
    let current = true;
    const local = (): Promise<readonly number[]> => Promise.resolve(steps.filter((s) => stepHas(s, needle)).map((s) => s.first));
    const timer = setTimeout(() => {
      (find === undefined ? local() : find(needle)).then(
        (found) => {
          if (current) setAnswer({ to: needle, found });
        },
        () => {
          if (current) setAnswer({ to: needle, found: [] });
        },
      );
    }, 120);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [needle, steps, find]);
  const found = needle === '' || answer.to === '' ? [] : answer.found;
  const asSet = useMemo(() => (needle === '' ? noneFound : new Set(answer.found)), [needle, answer]);
  return { text, setText, found, asSet };
}

export function ReplayPlayer({ steps, whole, find, at, onStep, redactions }: ReplayPlayerProps) {
  const [skipIdle, setSkipIdle] = useState(true);
  const timeline = useMemo(() => layOut(steps, skipIdle), [steps, skipIdle]);
  // Without a record to stand at, the first statement says more than the opening of the session.
  const startOf = (record: number | undefined): number => timeline.startsMs[record === undefined ? steps.findIndex((s) => s.kind === 'statement') : stepOfRecord(steps, record)] ?? 0;
  const player = usePlayer(timeline.durationMs, startOf(at));
  const index = stepAt(timeline, player.positionMs);
  const step = steps[index];
  const shown = useWhole(step, whole);
  const search = useFind(steps, find);
  const field = useRef<HTMLInputElement>(null);

  const [asked, setAsked] = useState(at);
  if (asked !== at) {
    setAsked(at);
    if (at !== undefined && stepOfRecord(steps, at) !== index) player.seek(startOf(at));
  }
  const goTo = (i: number | undefined): void => {
    if (i === undefined || steps.length === 0) return;
    player.seek(timeline.startsMs[Math.max(0, Math.min(i, steps.length - 1))] ?? 0);
  };
  const toggleIdle = (skip: boolean): void => {
    setSkipIdle(skip);
    player.seek(layOut(steps, skip).startsMs[index] ?? 0);
  };
  const here = step === undefined ? -1 : search.found.indexOf(step.first);
  const moveFind = (direction: 1 | -1): void => {
    const { found } = search;
    if (found.length === 0) return;
    const after = step === undefined ? 0 : direction > 0 ? found.findIndex((f) => f > step.first) : found.findLastIndex((f) => f < step.first);
    const next = found[after < 0 ? (direction > 0 ? 0 : found.length - 1) : after];
    if (next !== undefined) goTo(stepOfRecord(steps, next));
  };

  const resting = player.playing ? undefined : step;
  useEffect(() => {
    if (resting !== undefined) onStep?.(resting);
  }, [resting, onStep]);

  useReplayKeys({
    toggle: player.toggle,
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
    <div className={classes.root}>
      <div className={classes.side}>
        <ReplayFind field={field} text={search.text} onText={search.setText} found={search.found.length} at={here} onMove={moveFind} />
        <ReplayList steps={steps} index={index} found={search.asSet} onPick={goTo} />
      </div>
      <div className={classes.stage}>
        <div className={classes.screen} tabIndex={0} role="region" aria-label="Step on screen">
          {shown !== undefined && <ReplayStep step={shown} redactions={redactions} />}
        </div>
        <ReplayControls timeline={timeline} player={player} index={index} skipIdle={skipIdle} onSkipIdle={toggleIdle} onJump={goTo} />
      </div>
    </div>
  );
}
