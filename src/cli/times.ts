/** Times as people write them on a command line. */
import { ConfigError } from '../base/errors.ts';

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30d`, `12h`, `15m` before now, or a date (ISO 8601, UTC where it names no zone). @throws ConfigError naming the option */
export function parseTime(text: string, option: string, nowMs: number): number {
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  if (ago !== null) return Math.max(0, nowMs - Number(ago[1]) * UNITS[ago[2] as keyof typeof UNITS]);
  // A date without a time is UTC by the standard; a time without a zone would be the machine's own.
  const zoned = /T\d/.test(text) && !/(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? `${text}Z` : text;
  const ms = /^\d{4}-/.test(text) ? Date.parse(zoned) : NaN;
  if (Number.isNaN(ms) || ms < 0) throw new ConfigError('is neither like 30d, 12h or 15m nor a date like 2026-11-01', { field: option });
  return ms;
}
