/** Replay of a recorded session: list of steps, the step on screen, and a time line to play, scrub and jump. */
import { ActionIcon, SegmentedControl, Tooltip } from '@mantine/core';
import { IconPlayerPauseFilled, IconPlayerPlayFilled, IconPlayerSkipBackFilled, IconPlayerSkipForwardFilled } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useEffect, useMemo, useRef } from 'react';
import type { TimelineRecord } from '../contract/ipc/sessions.ts';
import { formatClock, formatTime } from './format.ts';
import classes from './replay-player.module.css';
import { eventText, ReplayStep } from './replay-step.tsx';
import { SqlLine } from './sql-text.tsx';
import type { Step, Timeline } from './timeline.ts';
import { buildTimeline, isNotable, jumpNotable, stepAt } from './timeline.ts';
import type { Player } from './use-player.ts';
import { speeds, usePlayer } from './use-player.ts';

const outcomeWords = { allow: 'allowed', hold: 'held', deny: 'denied', error: 'failed' } as const;

function StepButton({ step, current, onPick }: { step: Step; current: boolean; onPick: () => void }) {
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (current) ref.current?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  return (
    <li>
      <button ref={ref} type="button" className={classes.step} data-current={current ? '' : undefined} aria-current={current ? 'step' : undefined} onClick={onPick}>
        <span className={classes.dot} data-outcome={step.kind === 'statement' ? step.outcome : undefined} aria-hidden />
        {step.kind === 'statement' ? <SqlLine sql={step.sql} max={90} /> : <span className={classes.event}>{eventText(step.record)}</span>}
        <span className={classes.meta}>
          {formatTime(step.tMs).slice(11)}
          {step.kind === 'statement' && ` · ${outcomeWords[step.outcome]}`}
        </span>
      </button>
    </li>
  );
}

function IconButton(props: { label: string; disabled?: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={props.label} disabled={props.disabled === true} onClick={props.onClick}>
        {props.children}
      </ActionIcon>
    </Tooltip>
  );
}

function Controls({ timeline, player, index }: { timeline: Timeline; player: Player; index: number }) {
  const back = jumpNotable(timeline, index, -1);
  const forward = jumpNotable(timeline, index, 1);
  const goTo = (i: number | undefined) => player.seek(i === undefined ? player.positionMs : (timeline.steps[i]?.atMs ?? 0));
  return (
    <div className={classes.controls} role="group" aria-label="Replay controls">
      <IconButton label="Previous denied, held or failed" disabled={back === undefined} onClick={() => goTo(back)}>
        <IconPlayerSkipBackFilled size={15} />
      </IconButton>
      <ActionIcon variant="filled" size="lg" radius="xl" aria-label={player.playing ? 'Pause' : 'Play'} onClick={player.toggle}>
        {player.playing ? <IconPlayerPauseFilled size={16} /> : <IconPlayerPlayFilled size={16} />}
      </ActionIcon>
      <IconButton label="Next denied, held or failed" disabled={forward === undefined} onClick={() => goTo(forward)}>
        <IconPlayerSkipForwardFilled size={15} />
      </IconButton>
      <span className={classes.clock}>
        {formatClock(player.positionMs)} / {formatClock(timeline.durationMs)}
      </span>
      <div className={classes.track}>
        <div className={classes.ticks} aria-hidden>
          {timeline.steps.filter(isNotable).map((s) => (
            <span key={s.first} className={classes.tick} data-outcome={s.kind === 'statement' ? s.outcome : undefined} style={{ left: `${(s.atMs / Math.max(1, timeline.durationMs)) * 100}%` }} />
          ))}
        </div>
        <input
          type="range"
          className={classes.range}
          min={0}
          max={Math.max(1, timeline.durationMs)}
          step={50}
          value={player.positionMs}
          onChange={(e) => player.seek(Number(e.currentTarget.value))}
          aria-label="Position in the recording"
          aria-valuetext={`Step ${index + 1} of ${timeline.steps.length}`}
        />
      </div>
      <span className={classes.spacer} />
      <SegmentedControl size="xs" aria-label="Speed" data={speeds.map((s) => ({ value: s, label: `${s}×` }))} value={player.speed} onChange={player.setSpeed} />
    </div>
  );
}

export function ReplayPlayer({ records }: { records: readonly TimelineRecord[] }) {
  const timeline = useMemo(() => buildTimeline(records), [records]);
  const player = usePlayer(timeline.durationMs);
  const index = stepAt(timeline, player.positionMs);
  const step = timeline.steps[index];
  return (
    <div className={classes.root}>
      <ol className={classes.steps} aria-label="Steps of the session">
        {timeline.steps.map((s, i) => (
          <StepButton key={s.first} step={s} current={i === index} onPick={() => player.seek(s.atMs)} />
        ))}
      </ol>
      <div className={classes.stage}>
        <div className={classes.screen} tabIndex={0} role="region" aria-label="Step on screen">
          {step !== undefined && <ReplayStep step={step} />}
        </div>
        <Controls timeline={timeline} player={player} index={index} />
      </div>
    </div>
  );
}
