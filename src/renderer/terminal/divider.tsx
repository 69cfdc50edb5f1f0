/** The border between two panes: drag it, or use the arrow keys. */
import type { CSSProperties, KeyboardEvent, PointerEvent } from 'react';
import type { Divider as Place } from './layout.ts';
import { MIN_RATIO } from './layout.ts';
import classes from './terminal.module.css';

const STEP = 0.04;
const percent = (share: number): string => `${share * 100}%`;

function placeOf({ direction, ratio, rect }: Place): CSSProperties {
  const { x, y, w, h } = rect;
  return direction === 'row' ? { left: percent(x + w * ratio), top: percent(y), height: percent(h) } : { left: percent(x), top: percent(y + h * ratio), width: percent(w) };
}

export function Divider({ divider, onRatio }: { divider: Place; onRatio: (ratio: number) => void }) {
  const { direction, ratio, rect } = divider;
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const handle = event.currentTarget;
    const whole = handle.parentElement?.getBoundingClientRect();
    if (whole === undefined) return;
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (move) =>
      onRatio(direction === 'row' ? ((move.clientX - whole.left) / whole.width - rect.x) / rect.w : ((move.clientY - whole.top) / whole.height - rect.y) / rect.h);
    handle.onpointerup = () => {
      handle.onpointermove = null;
    };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onRatio(ratio + by);
  };
  return (
    <div
      className={classes.divider}
      data-direction={direction}
      style={placeOf(divider)}
      role="separator"
      tabIndex={0}
      aria-orientation={direction === 'row' ? 'vertical' : 'horizontal'}
      aria-label={direction === 'row' ? 'Width of the terminals' : 'Height of the terminals'}
      aria-valuenow={Math.round(ratio * 100)}
      aria-valuemin={MIN_RATIO * 100}
      aria-valuemax={(1 - MIN_RATIO) * 100}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  );
}
