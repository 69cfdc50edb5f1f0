/** Text in casts: what a player may be given, and how a line of ours looks. Pure. */
import type { ReadRecord } from './read.ts';

export type CastEvent = readonly [code: 'i' | 'o' | 'm' | 'r' | 'x', data: string];

/** Line feeds stay, tabs become spaces; all other control characters become pictures (U+2400 block). */
export const visible = (s: string): string =>
  s.replace(/\p{Cc}/gu, (c) => {
    const code = c.codePointAt(0) ?? 0;
    if (c === '\n') return c;
    if (c === '\t') return ' ';
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : '\u2421';
  });

/** A field of a record, visible. */
export function fieldText(r: ReadRecord, field: string): string {
  if (r.removed.includes(field)) return '[removed]';
  const value = r.fields[field];
  return value === undefined ? '' : visible(typeof value === 'string' ? value : JSON.stringify(value));
}

export const clearText = (r: ReadRecord, name: string): string => {
  const value = r.clear[name];
  return value === undefined || value === null ? '' : visible(String(value));
};

export const reasonText = (r: ReadRecord): string => (r.fields['reason'] === undefined ? '' : `: ${fieldText(r, 'reason')}`);

/** @param colour SGR number */
export const line = (s: string, colour?: number): string => {
  const body = s.replaceAll('\n', '\r\n');
  return colour === undefined ? `${body}\r\n` : `\u001b[${colour}m${body}\u001b[0m\r\n`;
};

export const dim = (s: string): string => line(s, 2);

/** A marker on the timeline and a yellow line on the screen. */
export const note = (message: string): CastEvent[] => [
  ['m', message],
  ['o', line(message, 33)],
];
