/** Play position of a replay: advances with animation frames, never past the end. */
import { useEffect, useState } from 'react';

export const speeds = ['0.5', '1', '2', '4', '8'] as const;
export type Speed = (typeof speeds)[number];

export interface Player {
  readonly positionMs: number;
  readonly playing: boolean;
  readonly speed: Speed;
  readonly toggle: () => void;
  readonly pause: () => void;
  readonly seek: (positionMs: number) => void;
  readonly setSpeed: (speed: Speed) => void;
}

/** @param startMs where it stands at first */
export function usePlayer(durationMs: number, startMs = 0): Player {
  const [positionMs, setPosition] = useState(startMs);
  const [wantsPlay, setWantsPlay] = useState(false);
  const [speed, setSpeed] = useState<Speed>('1');
  const playing = wantsPlay && positionMs < durationMs;
  useEffect(() => {
    if (!playing) return undefined;
    let previous: number | undefined;
    let frame = requestAnimationFrame(function tick(now) {
      const passed = previous === undefined ? 0 : now - previous;
      previous = now;
      setPosition((p) => Math.min(durationMs, p + passed * Number(speed)));
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, durationMs, speed]);
  return {
    positionMs,
    playing,
    speed,
    toggle: () => {
      if (!playing && positionMs >= durationMs) setPosition(0);
      setWantsPlay(!playing);
    },
    pause: () => setWantsPlay(false),
    seek: (to) => setPosition(Math.max(0, Math.min(durationMs, to))),
    setSpeed,
  };
}
