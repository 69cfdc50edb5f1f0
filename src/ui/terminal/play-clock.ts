/** From the time of a session to the time of its replay: gaps in which nothing happened are shortened. Pure. */

/** A gap longer than this is idle time, and is played as this. */
export const IDLE_MS = 2_000;
/** The last picture stays for so long. */
const LINGER_MS = 1_500;

export type Span = readonly [fromMs: number, toMs: number];

/** Spans in which something happened; made from times in any order of sources, each nearly in order itself. */
export class Activity {
  readonly spans: (readonly [number, number])[] = [];

  add(tMs: number): void {
    const last = this.spans.at(-1);
    if (last === undefined || tMs - last[1] > IDLE_MS) this.spans.push([tMs, tMs]);
    // A clock that was set back does not turn the replay back.
    else if (tMs > last[1]) this.spans[this.spans.length - 1] = [last[0], tMs];
  }
}

export interface PlayClock {
  readonly durationMs: number;
  readonly toPlay: (tMs: number) => number;
  readonly toReal: (playMs: number) => number;
}

/** @param skipIdle shorten gaps; else every second is played */
export function playClock(sources: readonly (readonly Span[])[], skipIdle: boolean): PlayClock {
  const spans = union(sources);
  const first = spans[0]?.[0] ?? 0;
  const last = spans.at(-1)?.[1] ?? 0;
  if (!skipIdle || spans.length === 0) return { durationMs: last - first + LINGER_MS, toPlay: (t) => within(t - first, last - first), toReal: (p) => first + within(p, last - first) };
  const starts: number[] = [];
  let at = 0;
  for (const [i, [from]] of spans.entries()) {
    const before = spans[i - 1];
    if (before !== undefined) at += before[1] - before[0] + Math.min(IDLE_MS, from - before[1]);
    starts.push(at);
  }
  const length = at + (last - (spans.at(-1)?.[0] ?? last));
  return {
    durationMs: length + LINGER_MS,
    toPlay: (t) => {
      const i = lastBelow(spans.length, (k) => (spans[k]?.[0] ?? 0) <= t);
      const span = spans[i];
      if (span === undefined) return 0;
      const next = starts[i + 1];
      const position = (starts[i] ?? 0) + (t - span[0]);
      return next === undefined ? Math.min(position, length) : Math.min(position, next);
    },
    toReal: (p) => {
      const i = Math.max(0, lastBelow(spans.length, (k) => (starts[k] ?? 0) <= p));
      const span = spans[i] ?? [0, 0];
      return Math.min(span[0] + Math.max(0, p - (starts[i] ?? 0)), spans[i + 1]?.[0] ?? last);
    },
  };
}

const within = (ms: number, max: number): number => Math.max(0, Math.min(ms, max));

function union(sources: readonly (readonly Span[])[]): Span[] {
  const all = sources.flat().sort((a, b) => a[0] - b[0]);
  const out: Span[] = [];
  for (const span of all) {
    const last = out.at(-1);
    if (last !== undefined && span[0] - last[1] <= IDLE_MS) out[out.length - 1] = [last[0], Math.max(last[1], span[1])];
    else out.push(span);
  }
  return out;
}

/** The last index for which it holds, of a list that holds up to some index; -1 for none. */
export function lastBelow(length: number, holds: (i: number) => boolean): number {
  let [low, high] = [-1, length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
