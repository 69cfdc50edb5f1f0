/** Groups of digits with separators between them, as people write phone numbers and Aadhaar numbers. */
import { verhoeff } from './checksums.ts';
import type { Hit } from './ids.ts';

/** A maximal run of ASCII digits; `end` is exclusive. */
export interface Group {
  readonly start: number;
  readonly end: number;
  readonly digits: string;
}

const WORD = /[A-Za-z0-9_]/;
const CONTEXT = /phone|mobile|cell|\btel\b|\bfax\b|\bcall\b|\bsms\b|\bring\b|whatsapp|contact|telefon|t[ée]l[ée]phone|handy|m[óo]vil/i;

/** Of a number such as `3.4e+38`. */
const EXPONENT = /[0-9][eE]\+$/;

/** Nothing but a few blanks is between two groups. */
const blankBetween = (text: string, a: Group | undefined, b: Group | undefined): boolean => a !== undefined && b !== undefined && /^ {1,3}$/.test(text.slice(a.end, b.start));

/** So many other figures beside a number that is written with blanks, with nothing but blanks between, make a row of a table. */
const TABLE_NEIGHBOURS = 3;

/**
 * Are the groups from `i` to `j` figures of a row that a tool printed, `1842 368 83 6685 20 4`, or the status of a request and what follows it? A number that is written with
 * hyphens or points is none, and neither is one with fewer figures beside it: `17 368 83 6685 2024`.
 */
export function isTableRow(text: string, part: readonly Group[], i: number, j: number): boolean {
  const isBlank = (k: number): boolean => blankBetween(text, part[k], part[k + 1]);
  for (let k = i; k < j; k++) if (!isBlank(k)) return false;
  let from = i;
  while (from > 0 && isBlank(from - 1)) from--;
  const start = part[from]?.start ?? 0;
  if (/HTTP\/[\d.]+"? $/.test(text.slice(Math.max(0, start - 12), start))) return true;
  let neighbours = i - from;
  for (let k = j; isBlank(k); k++) neighbours++;
  return neighbours >= TABLE_NEIGHBOURS;
}

/** Is there a figure of five digits or more beside the groups from `i` to `j`, with nothing but blanks between? Sizes of disks stand so. */
export function hasLongNeighbour(text: string, part: readonly Group[], i: number, j: number): boolean {
  const [before, after] = [part[i - 1], part[j + 1]];
  return ((before?.digits.length ?? 0) >= 5 && blankBetween(text, before, part[i])) || ((after?.digits.length ?? 0) >= 5 && blankBetween(text, part[j], after));
}

/** Twelve digits in fours, the first from 2 to 9. Sixteen in fours is a card, so a neighbour of four ends the match. */
export function aadhaarGroups(text: string, part: readonly Group[], i: number, hits: Hit[]): void {
  const four = part.slice(i, i + 3);
  const [a, b, c] = four;
  if (a === undefined || b === undefined || c === undefined || four.some((g) => g.digits.length !== 4) || a.digits < '2') return;
  if (part[i + 3]?.digits.length === 4 || part[i - 1]?.digits.length === 4 || isTableRow(text, part, i, i + 2)) return;
  const gap = text.slice(a.end, b.start);
  if (!/^[ -]$/.test(gap) || gap !== text.slice(b.end, c.start) || !verhoeff(four.map((g) => g.digits).join(''))) return;
  hits.push({ start: a.start, end: c.end, detector: 'aadhaar' });
}

/**
 * Phone numbers: international with `+`, or `00`; national in the groupings of North America (3-3-4) and of
 * countries with a trunk zero; and any 7 to 15 digits after a word such as "phone" or in a column named so.
 */
export function phoneGroups(text: string, part: readonly Group[], named: boolean, hits: Hit[]): void {
  const first = part[0];
  if (first === undefined) return;
  if (EXPONENT.test(text.slice(Math.max(0, first.start - 3), first.start))) return;
  const glued = first.start > 0 && WORD.test(text.charAt(first.start - 1));
  const plus = text[first.start - 1] === '+' || (text[first.start - 2] === '+' && /[ (]/.test(text.charAt(first.start - 1)));
  const total = part.reduce((n, g) => n + g.digits.length, 0);
  const whole = take(part, 15);
  const open = text[first.start - 1] === '(' ? first.start - 1 : first.start;
  const add = (start: number, end: number): void => {
    hits.push({ start, end, detector: 'phone' });
  };
  if (plus && total >= 8) {
    add(text.lastIndexOf('+', first.start), whole.end);
    return;
  }
  if (glued) return;
  if (total < 7) return;
  const context = named || CONTEXT.test(text.slice(Math.max(0, first.start - 24), first.start));
  if (context && total >= 7 && first.digits.length <= 15) {
    add(open, whole.end);
    return;
  }
  if (/^00[1-9]/.test(first.digits) && whole.digits >= 10) {
    add(open, whole.end);
    return;
  }
  northAmerican(text, part, add);
  if (first.digits.startsWith('0') && first.digits.length <= 5 && part.length >= (first.digits.length === 1 ? 4 : 2) && whole.digits >= 9 && whole.digits <= 12 && total === whole.digits && part.slice(1).every((g) => g.digits.length > 1) && dialable(text, part)) add(open, whole.end);
}

/** Leading groups of at most `max` digits together. */
function take(part: readonly Group[], max: number): { end: number; digits: number } {
  let digits = 0;
  let end = 0;
  for (const g of part) {
    if (digits > 0 && digits + g.digits.length > max) break;
    digits += g.digits.length;
    end = g.end;
  }
  return { end, digits };
}

/** Separators that people type between the groups of a phone number: a decimal point between two groups only is none. */
function dialable(text: string, part: readonly Group[]): boolean {
  const gaps = part.slice(1).map((g, i) => text.slice(part[i]?.end, g.start));
  return gaps.every((gap) => /^[ -]$|^\) ?$|^ \($|^\/$/.test(gap)) || (part.length >= 3 && gaps.every((gap) => gap === '.'));
}

function northAmerican(text: string, part: readonly Group[], add: (start: number, end: number) => void): void {
  for (let i = 0; i + 2 < part.length; i++) {
    const [a, b, c] = [part[i], part[i + 1], part[i + 2]];
    if (a?.digits.length !== 3 || b?.digits.length !== 3 || c?.digits.length !== 4 || !/^[2-9]/.test(a.digits)) continue;
    const [one, two] = [text.slice(a.end, b.start), text.slice(b.end, c.start)];
    if (!/^(?:[-. ]|\) ?|\)-)$/.test(one) || !/^[-. ]$/.test(two)) continue;
    const lead = part[i - 1];
    const country = lead?.digits === '1' ? lead.start : undefined;
    if (isTableRow(text, part, i, i + 2)) continue;
    add(country ?? (text[a.start - 1] === '(' ? a.start - 1 : a.start), c.end);
    i += 2;
  }
}
