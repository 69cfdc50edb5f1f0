/** Matches of a linear-time pattern (re2js: no backtracking, whatever the text). */
import type { RE2JS } from 're2js';

/** Calls `found` with the span of `group` of every match that does not overlap an earlier one. */
export function each(pattern: RE2JS, text: string, found: (start: number, end: number) => void, group = 0): void {
  const matcher = pattern.matcher(text);
  while (matcher.find()) {
    const start = matcher.start(group);
    const end = matcher.end(group);
    if (end > start) found(start, end);
  }
}
