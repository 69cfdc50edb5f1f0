/** Days of a report, by the clock of the person who makes it. Pure. */

const pad = (n: number): string => String(n).padStart(2, '0');

/** The local day of a moment, as a `date` field holds it. */
export function dayField(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
}

/** Midnight at which a day begins, `later` days after it; undefined for a field that holds no day. */
export function fromDay(text: string, later = 0): number | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (parts === null) return undefined;
  const ms = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + later).getTime();
  return Number.isNaN(ms) || ms < 0 ? undefined : ms;
}

/** The same day some months earlier; the last day of that month where it has no such day. */
export function monthsBack(ms: number, months: number): number {
  const d = new Date(ms);
  const first = new Date(d.getFullYear(), d.getMonth() - months, 1);
  const days = new Date(first.getFullYear(), first.getMonth() + 1, 0).getDate();
  return new Date(first.getFullYear(), first.getMonth(), Math.min(d.getDate(), days)).getTime();
}
