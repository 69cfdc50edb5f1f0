/** Periods as people name them. Pure. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const periods = [
  { name: 'Last hour', lengthMs: HOUR },
  { name: 'Last 24 hours', lengthMs: DAY },
  { name: 'Last 7 days', lengthMs: 7 * DAY },
  { name: 'Last 30 days', lengthMs: 30 * DAY },
  { name: 'Last 90 days', lengthMs: 90 * DAY },
] as const;

const pad = (n: number): string => String(n).padStart(2, '0');

/** Local time as a `datetime-local` field holds it. */
export function toField(ms: number | undefined): string {
  if (ms === undefined) return '';
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}`;
}

/** Undefined for an empty or unfinished field. */
export function fromField(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** `21 Nov 18:00 – now`, for a chip. */
export function periodText(fromMs: number | undefined, toMs: number | undefined): string {
  const side = (ms: number): string => toField(ms).replace('T', ' ');
  if (fromMs === undefined) return toMs === undefined ? 'Any time' : `until ${side(toMs)}`;
  return toMs === undefined ? `since ${side(fromMs)}` : `${side(fromMs)} – ${side(toMs)}`;
}
