/** The border between editor and results: drag it, or use the arrow keys. */
import type { KeyboardEvent, PointerEvent } from 'react';
import classes from './workbench.module.css';

const MIN_PX = 90;
const MAX_PX = 800;
const clamp = (px: number): number => Math.max(MIN_PX, Math.min(MAX_PX, px));

export function Splitter({ heightPx, onChange }: { heightPx: number; onChange: (heightPx: number) => void }) {
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const handle = event.currentTarget;
    const startY = event.clientY;
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (move) => onChange(clamp(heightPx + move.clientY - startY));
    handle.onpointerup = () => {
      handle.onpointermove = null;
    };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowUp: -16, ArrowDown: 16 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onChange(clamp(heightPx + by));
  };
  return (
    <div
      className={classes.splitter}
      role="separator"
      tabIndex={0}
      aria-orientation="horizontal"
      aria-label="Height of the editor"
      aria-valuenow={heightPx}
      aria-valuemin={MIN_PX}
      aria-valuemax={MAX_PX}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  );
}
