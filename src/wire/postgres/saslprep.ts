/**
 * SASLprep (RFC 4013, the stringprep profile of RFC 3454): how a password is normalised before SCRAM hashes it.
 * Code points that Unicode 3.2 did not know are refused, as RFC 4013 section 2.5 asks for stored strings.
 */
import * as tables from './saslprep-tables.ts';

const ASCII_PRINTABLE = /^[\x20-\x7e]+$/;
/** RFC 3454 table C.1.2: mapped to a space. */
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
/** RFC 3454 table B.1: mapped to nothing. One alternative each, since several of them combine with their neighbour. */
const MAPPED_TO_NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g;

/**
 * The prepared text, or undefined when SASLprep prohibits it: empty, control or unassigned characters, or text that
 * mixes directions. PostgreSQL then uses the password as it is; see `scramPassword`.
 */
export function saslPrep(text: string): string | undefined {
  if (ASCII_PRINTABLE.test(text)) return text;
  if (!isWellFormed(text)) return undefined;
  const prepared = text.replace(OTHER_SPACES, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
  if (prepared === '') return undefined;
  const points = Array.from(prepared, (c) => c.codePointAt(0) ?? 0);
  if (points.some((p) => isIn('prohibited', p) || isIn('unassigned', p))) return undefined;
  if (!isDirectionSound(points)) return undefined;
  return prepared;
}

/** What SCRAM hashes for a password: prepared where SASLprep can, else the text itself, as PostgreSQL does on both sides. */
export const scramPassword = (password: string): string => saslPrep(password) ?? password;

/** RFC 3454 section 6: text with a right-to-left character has no left-to-right one, and begins and ends with right-to-left. */
function isDirectionSound(points: readonly number[]): boolean {
  if (!points.some((p) => isIn('rightToLeft', p))) return true;
  if (points.some((p) => isIn('leftToRight', p))) return false;
  return isIn('rightToLeft', points[0] ?? 0) && isIn('rightToLeft', points.at(-1) ?? 0);
}

const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

type TableName = keyof typeof tables;
const decoded = new Map<TableName, readonly (readonly [first: number, last: number])[]>();

function isIn(name: TableName, point: number): boolean {
  let ranges = decoded.get(name);
  if (!ranges) {
    ranges = decodeTable(tables[name]);
    decoded.set(name, ranges);
  }
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] ?? [0, -1];
    if (point < first) high = middle - 1;
    else if (point > last) low = middle + 1;
    else return true;
  }
  return false;
}

function decodeTable(text: string): (readonly [number, number])[] {
  let at = 0;
  return text.split(' ').map((word) => {
    const [gap = '0', extra = '0'] = word.split('.');
    const first = at + parseInt(gap, 36);
    const last = first + parseInt(extra, 36);
    at = last + 1;
    return [first, last] as const;
  });
}
