/** Play, scrub and jump on the time line of a session. */
import { ActionIcon, NativeSelect, Switch, Tooltip } from '@mantine/core';
import { IconPlayerPauseFilled, IconPlayerPlayFilled, IconPlayerSkipBackFilled, IconPlayerSkipForwardFilled } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatClock } from './format.ts';
import classes from './replay-player.module.css';
import type { Timeline } from './timeline.ts';
import { isNotable, jumpNotable } from './timeline.ts';
import type { Player } from './use-player.ts';
import { speeds } from './use-player.ts';

/** More ticks than pixels tell nothing. */
const MAX_TICKS = 400;

function IconButton(props: { label: string; disabled?: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={props.label} disabled={props.disabled === true} onClick={props.onClick}>
        {props.children}
      </ActionIcon>
    </Tooltip>
  );
}

function Ticks({ timeline }: { timeline: Timeline }) {
  const notable = timeline.steps.flatMap((step, i) => (isNotable(step) && step.kind !== 'event' ? [{ first: step.first, outcome: step.outcome, atMs: timeline.startsMs[i] ?? 0 }] : []));
  return (
    <div className={classes.ticks} aria-hidden>
      {notable.slice(0, MAX_TICKS).map((t) => (
        <span key={t.first} className={classes.tick} data-outcome={t.outcome} style={{ left: `${(t.atMs / Math.max(1, timeline.durationMs)) * 100}%` }} />
      ))}
    </div>
  );
}

export function ReplayControls(props: { timeline: Timeline; player: Player; index: number; skipIdle: boolean; onSkipIdle: (skip: boolean) => void; onJump: (index: number) => void; children?: ReactNode }) {
  const { timeline, player, index, onJump } = props;
  const back = jumpNotable(timeline, index, -1);
  const forward = jumpNotable(timeline, index, 1);
  return (
    <div className={classes.controls} role="group" aria-label="Replay controls">
      <IconButton label="Previous denied, held or failed (P)" disabled={back === undefined} onClick={() => onJump(back ?? index)}>
        <IconPlayerSkipBackFilled size={15} />
      </IconButton>
      <Tooltip label={player.playing ? 'Pause (space)' : 'Play (space)'}>
        <ActionIcon variant="filled" size="lg" radius="xl" aria-label={player.playing ? 'Pause' : 'Play'} onClick={player.toggle}>
          {player.playing ? <IconPlayerPauseFilled size={16} /> : <IconPlayerPlayFilled size={16} />}
        </ActionIcon>
      </Tooltip>
      <IconButton label="Next denied, held or failed (N)" disabled={forward === undefined} onClick={() => onJump(forward ?? index)}>
        <IconPlayerSkipForwardFilled size={15} />
      </IconButton>
      <span className={classes.clock}>
        {formatClock(player.positionMs)} / {formatClock(timeline.durationMs)}
      </span>
      <div className={classes.track}>
        <Ticks timeline={timeline} />
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
      <Switch size="xs" label="Skip idle" checked={props.skipIdle} onChange={(e) => props.onSkipIdle(e.currentTarget.checked)} />
      <NativeSelect
        size="xs"
        w={68}
        aria-label="Speed"
        data={speeds.map((s) => ({ value: s, label: `${s}×` }))}
        value={player.speed}
        onChange={(e) => player.setSpeed(speeds.find((s) => s === e.currentTarget.value) ?? '1')}
      />
      {props.children}
    </div>
  );
}
